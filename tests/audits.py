"""Melodies to audit, and a task with planted leaks."""

import functools

import numpy as np
import soxr

from bench.audio import Samples
from bench.audit.landmarks import RATE

SECONDS = 4.0


@functools.cache
def melody(seed: int, seconds: float = SECONDS, rate: int = RATE) -> Samples:
    """Plucked notes of five partials, drawn at random: pitch, onset, loudness, decay."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    audio = np.zeros(len(time))
    for onset in np.arange(0, seconds, 0.2):
        pitch = 220 * 2 ** (rng.integers(0, 25) / 12)
        since = np.maximum(time - onset - rng.uniform(0, 0.1), 0)
        decay = np.exp(-since * rng.uniform(3, 12)) * (since > 0)
        for partial in range(1, 6):
            phase = rng.uniform(0, 2 * np.pi)
            loud = rng.uniform(0.2, 1) / partial
            audio += loud * decay * np.sin(2 * np.pi * partial * pitch * since + phase)
    melodic: Samples = (0.3 * audio / np.abs(audio).max()).astype(np.float32)
    melodic.flags.writeable = False
    return melodic


def later(audio: Samples, samples: float) -> Samples:
    """Delayed by any part of a sample, in a circle."""
    spectrum = np.fft.rfft(audio)
    turns = np.arange(len(spectrum)) * samples / len(audio)
    delayed: Samples = np.fft.irfft(spectrum * np.exp(-2j * np.pi * turns), len(audio)).astype("f4")
    return delayed


def at(rate: int, audio: Samples) -> Samples:
    """Resampled from `RATE`."""
    resampled: Samples = soxr.resample(audio, RATE, rate)
    return resampled


LEAKY = """
from dataclasses import replace
import numpy as np
import soundfile
from pathlib import Path
from backbones import Backbone, Encoder, Family, Layer
from tasks import Clip, DataSet, Kind, Split, Task
from tasks._metrics import ACCURACY
from tests.audits import at, melody

TRAIN, VALIDATION, TEST = Split


class Level(Encoder):
    def encode(self, audio):
        return {"level": np.abs(audio).mean(1)[:, None, None].astype(np.float32)}


level = Backbone(
    name="level", family=Family.HANDCRAFTED, summary="s", sample_rate=8000, window=0.5,
    layers=(Layer("level", 1),), default="level", build=Level, paper="p", licence="l",
    trained_on=("leaky", "other"),
)


def make(folder, sources, progress):
    for number in range(24):
        soundfile.write(folder / f"{number:02}.wav", melody(number), 8000)
    soundfile.write(folder / "copy.flac", soundfile.read(folder / "00.wav")[0], 8000)
    soundfile.write(folder / "coded.mp3", at(44100, melody(1)), 44100, compression_level=0.88)
    soundfile.write(folder / "cut.wav", 0.2 * melody(2)[4000:], 8000)
    soundfile.write(folder / "inside.wav", 0.5 * melody(3), 8000)
    both = np.concatenate([melody(90), melody(4), melody(91)])
    soundfile.write(folder / "part.wav", both, 8000)
    tone = 0.1 * np.sin(np.arange(32000) / 4)
    soundfile.write(folder / "tone.wav", tone, 8000)
    (folder / "bad.wav").write_bytes(b"")


def clips(folder):
    listed = [(f"{n:02}.wav", (TRAIN, VALIDATION, TEST)[n // 8]) for n in range(24)]
    listed += [("copy.flac", TEST), ("coded.mp3", TEST), ("cut.wav", TEST)]
    listed += [("inside.wav", TRAIN), ("tone.wav", TRAIN), ("bad.wav", TEST)]
    found = [
        Clip(name.partition(".")[0], split, folder / name, i % 2, GROUPS.get(name, name))
        for i, (name, split) in enumerate(listed)
    ]
    return [*found, Clip("part", TEST, folder / "part.wav", 0, "part", start=4.0, seconds=4.0)]


def clean_clips(folder):
    return [replace(each, group=each.id) for each in clips(folder) if each.id.isdigit()]


def folded_clips(folder):
    folds = {TRAIN: 1, VALIDATION: 2, TEST: 3}
    return [replace(each, split=TEST, fold=folds[each.split]) for each in clips(folder)]


GROUPS = {"05.wav": "song", "20.wav": "song"}
leaky_data = DataSet(
    name="leaky", licence="l", paper="p", how_to_get="Made.", recorded=False, make=make
)


def task(name, clips, counts, corpora, folds=0):
    return Task(
        name=name, summary="s", data=leaky_data, kind=Kind.MULTICLASS, labels=("a", "b"),
        metrics=(ACCURACY,), clips=clips, corpora=corpora, folds=folds,
        counts=dict(zip(Split, counts)),
    )


leaky = task("leaky/all", clips, (10, 8, 13), ("leaky",))
clean = task("leaky/clean", clean_clips, (8, 8, 8), ())
folded = task("leaky/folded", folded_clips, (0, 0, 31), (), 3)
"""
"""A file of cards: `leaky/all` has a leak of every kind, `leaky/clean` has none."""
