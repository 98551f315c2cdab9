"""A backbone that writes down what it encodes, clips to give it, and a process that runs it."""

import hashlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

from backbones import Audio, Backbone, Encoder, Family, Features, Layer
from bench import audio, digests, extraction, registry, shards
from bench.extraction import Settings
from bench.registry import Entry
from bench.store import Store
from tasks import Clip, Split

RATE = 8_000
SHARD_CLIPS = 8
BATCH_SECONDS = 4.0
LOG, DELAY = "TOY_LOG", "TOY_DELAY"
CPU = Settings("cpu", batch_seconds=BATCH_SECONDS)


class Toy(Encoder):
    """Level over time and spectrum of a window, in NumPy.

    Each call appends a line to the file named by `TOY_LOG`: a digest of each row.
    """

    def encode(self, audio: Audio) -> Features:
        """(batch, samples) → level: (batch, 10 a second, 2), bands: (batch, 1, 8)."""
        names = " ".join(row_digest(row) for row in audio)
        with Path(os.environ[LOG]).open("a", encoding="utf-8") as file:
            file.write(f"{names}\n")
        time.sleep(float(os.environ.get(DELAY, "0")))
        parts = np.array_split(audio, max(1, round(10 * audio.shape[1] / RATE)), axis=1)
        level = np.stack([np.stack([np.abs(p).mean(1), p.std(1)], -1) for p in parts], 1)
        bands = np.array_split(np.abs(np.fft.rfft(audio)), 8, axis=1)
        spectrum = np.stack([band.mean(1) for band in bands], -1)[:, None]
        return {"level": level.astype(np.float32), "bands": spectrum.astype(np.float32)}


toy = Backbone(
    name="toy",
    family=Family.HANDCRAFTED,
    summary="level and spectrum",
    sample_rate=RATE,
    window=1.0,
    layers=(Layer("level", 2, 10.0), Layer("bands", 8)),
    default="bands",
    build=Toy,
    paper="none",
    licence="Apache-2.0",
)


def row_digest(row: Audio) -> str:
    """Names a window by its samples."""
    return hashlib.sha256(row.tobytes()).hexdigest()[:16]


def calls(log: Path) -> list[list[str]]:
    """The windows of each call of the encoder."""
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def encoded(log: Path) -> Counter[str]:
    """How often each window was encoded."""
    return Counter(name for call in calls(log) for name in call)


def write_clips(folder: Path, lengths: Iterable[float], seed: int = 0) -> list[Path]:
    """WAV files of noise, of as many seconds each."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, seconds in enumerate(lengths):
        paths.append(folder / f"{number:03}.wav")
        soundfile.write(paths[-1], rng.uniform(-0.5, 0.5, round(seconds * RATE)), RATE)
    return paths


def listed(paths: Iterable[Path]) -> dict[str, Clip]:
    """Key → clip, by content."""
    clips = [Clip(path.name, Split.TRAIN, path, 0, path.name) for path in paths]
    return {extraction.clip_key(clip, digests.of_file(clip.path)): clip for clip in clips}


def entry(card: Backbone = toy) -> Entry[Backbone]:
    """The card as if it were found in this file."""
    return Entry(card, Path(__file__))


def extract(
    card: Backbone,
    clips: dict[str, Clip],
    store: Path,
    settings: Settings = CPU,
    layer: Layer | None = None,
) -> list[audio.BadAudioError]:
    """Extract in this process, in silence."""
    return extraction.extract(
        entry(card), clips, Store(store), settings, lambda _done, _total: None, layer
    )


def windows_of(card: Backbone, path: Path) -> list[Audio]:
    """What the encoder is to be given of a file."""
    samples = audio.read(path, card.sample_rate)
    return audio.cut(samples, card.sample_rate, card.window, card.hop, card.shortest)


def arrays(store: Path) -> dict[str, bytes]:
    """The shards of a store: name → bytes."""
    return {path.name: path.read_bytes() for path in store.glob("*.npy")}


def start(
    audio_folder: Path, store: Path, log: Path, *, delay: float = 0.0, layer: str = ""
) -> subprocess.Popen[str]:
    """Extract a folder of WAV files in another process; frames, where a layer is named."""
    return subprocess.Popen(
        [sys.executable, __file__, str(audio_folder), str(store), layer],
        env={**os.environ, LOG: str(log), DELAY: str(delay)},
        stdout=subprocess.PIPE,
        text=True,
    )


def main(audio_folder: Path, store: Path, layer: str) -> None:
    """Extract in small shards; tell when it begins, and what could not be used."""
    shards.SHARD_CLIPS = SHARD_CLIPS
    found = registry.find([Path(__file__)]).backbones["toy"]
    clips = listed(sorted(audio_folder.glob("*.wav")))
    sys.stdout.write("begins\n")
    sys.stdout.flush()
    kept = next((each for each in toy.layers if each.name == layer), None)
    bad = extraction.extract(found, clips, Store(store), CPU, lambda _done, _total: None, kept)
    sys.stdout.writelines(f"{error}\n" for error in bad)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
