"""Sound files to read, and ways to damage them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 24_000
SECONDS = 4.0
LOSSLESS = ("wav", "flac", "aiff", "au")
LOSSY = ("mp3", "ogg", "opus")


def tone(seconds: float = SECONDS, rate: int = RATE) -> np.ndarray:
    """Stereo, (samples, 2): a tone in a little noise, the right channel half as loud."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(0).normal(0, 0.01, time.size)
    left = 0.4 * np.sin(2 * np.pi * 440 * time) + noise
    return np.stack([left, left / 2], axis=1).astype(np.float32)


def write(folder: Path, suffix: str, samples: np.ndarray | None = None, rate: int = RATE) -> Path:
    path = folder / f"tone.{suffix}"
    kinds = {"opus": ("OGG", "OPUS"), "rf64": ("RF64", None)}
    container, subtype = kinds.get(suffix, (suffix.upper(), None))
    samples = tone() if samples is None else samples
    soundfile.write(path, samples, rate, format=container, subtype=subtype)
    return path


def write_m4a(folder: Path) -> Path:
    av = pytest.importorskip("av", reason="m4a needs PyAV: pip install 'mulap-bench[av]'")
    path = folder / "tone.m4a"
    frame = av.AudioFrame.from_ndarray(tone().T.copy(), format="fltp", layout="stereo")
    frame.sample_rate = RATE
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=RATE, layout="stereo")
        fifo = av.AudioFifo()
        fifo.write(frame)
        while part := fifo.read(1024, partial=True):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


def spoil(path: Path, change: Callable[[bytearray], object]) -> Path:
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)
    return path


def cut_at(share: float) -> Callable[[bytearray], object]:
    def change(data: bytearray) -> None:
        del data[int(len(data) * share) :]

    return change


def zero(at: float, count: int) -> Callable[[bytearray], object]:
    def change(data: bytearray) -> None:
        first = int(len(data) * at)
        data[first : first + count] = bytes(count)

    return change
