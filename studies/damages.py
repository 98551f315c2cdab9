"""What may become of a clip before it turns up elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from scipy import signal

from bench.audio import Samples
from tasks import Clip

SEED = 0
"""Of the noise."""

Change = Callable[[Samples, int], Samples]
"""(samples, rate) → samples."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What becomes of a clip.

    Attributes:
        name: in the table.
        change: (samples, rate) → samples.
        suffix: of the file that it is written to.
        level: of compression, for libsndfile; None for lossless formats.
        rate: that it is resampled to first [Hz]; None for its own.
    """

    name: str
    change: Change
    suffix: str = "wav"
    level: float | None = None
    rate: int | None = None


def same(audio: Samples, _rate: int) -> Samples:
    """As it is."""
    return audio


def louder(decibels: float) -> Change:
    """With a gain; what is too loud is clipped."""
    return lambda audio, _rate: np.clip(audio * np.float32(10 ** (decibels / 20)), -1, 1)


def later(seconds: float) -> Change:
    """Without its beginning."""
    return lambda audio, rate: audio[round(seconds * rate) :]


def earlier(seconds: float) -> Change:
    """After a pause, and without its end."""
    return lambda audio, rate: np.pad(audio, (round(seconds * rate), 0))[: len(audio)]


def half(audio: Samples, _rate: int) -> Samples:
    """Its second half."""
    return audio[len(audio) // 2 :]


def all_of(*changes: Change) -> Change:
    """One change after the other."""

    def change(audio: Samples, rate: int) -> Samples:
        for each in changes:
            audio = each(audio, rate)
        return audio

    return change


def noisy(decibels: float) -> Change:
    """With white noise so far below."""

    def change(audio: Samples, _rate: int) -> Samples:
        level = np.sqrt(np.mean(audio**2)) * 10 ** (-decibels / 20)
        noise = np.random.default_rng(SEED).normal(0, level, len(audio))
        return (audio + noise).astype(np.float32)

    return change


def thinner(audio: Samples, rate: int) -> Samples:
    """With what is below 1 kHz taken back by up to 10 dB."""
    high = signal.lfilter(*signal.butter(1, 1000, "high", fs=rate), audio)
    mixed: Samples = (high + 0.3 * audio).astype(np.float32)
    return mixed


def faster(share: float) -> Change:
    """At another speed and pitch."""
    return lambda audio, rate: soxr.resample(audio, rate * (1 + share), rate)


DAMAGES = (
    Damage("copy, FLAC", same, "flac"),
    Damage("gain -12 dB", louder(-12)),
    Damage("gain -30 dB", louder(-30)),
    Damage("gain +12 dB, clipped", louder(12)),
    *(
        Damage("MP3, 44.1 kHz", same, "mp3", level, 44_100)
        for level in (0.1, 0.4, 0.5, 0.7, 0.8, 0.88)
    ),
    Damage("MP3, 24 kHz", same, "mp3", 0.6),
    Damage("Ogg Vorbis", same, "ogg", 0.9),
    Damage("begins 0.5 s later", later(0.5)),
    Damage("begins 0.5037 s later", later(0.5037)),
    Damage("begins 0.5 s earlier", earlier(0.5)),
    Damage("0.5 s later, -9 dB, MP3", all_of(later(0.5), louder(-9)), "mp3", 0.88, 44_100),
    Damage("second half", half),
    Damage("resampled to 16 kHz", same, rate=16_000),
    Damage("noise 20 dB below", noisy(20)),
    Damage("noise 10 dB below", noisy(10)),
    Damage("bass cut", thinner),
    Damage("0.1 % faster", faster(0.001)),
    Damage("1 % faster", faster(0.01)),
)


def write(damage: Damage, clip: Clip, folder: Path) -> tuple[Path, float]:
    """Damage a clip into a file; the file, and its kb/s."""
    audio, rate = soundfile.read(clip.path, dtype="float32")
    audio = damage.change(audio, rate)
    if damage.rate is not None:
        audio, rate = soxr.resample(audio, rate, damage.rate), damage.rate
    path = folder / f"{clip.id}.{damage.suffix}"
    mode = "CONSTANT" if damage.suffix == "mp3" else None
    soundfile.write(path, audio, rate, compression_level=damage.level, bitrate_mode=mode)
    return path, path.stat().st_size * 8 / (len(audio) / rate) / 1000
