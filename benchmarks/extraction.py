"""Speed of extraction, from files to store, against the bare encoder on batches in memory.

Run `python benchmarks/extraction.py [threads]`. Each round times the engine on an empty store and
the encoder alone on the same windows in the same batches; rounds alternate and the best of each
kind counts. At 0.85 or more of the encoder's speed, decoding, cutting and storing are hidden. The
last column is the share of the engine's processor time that the encoder takes: the ratio to expect
where no core is idle. Compare with one thread; more spin while they wait, which counts as work.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import torch

from backbones import Audio, Backbone, Encoder
from bench import audio, encoders, extraction, registry
from bench.extraction import Settings
from bench.registry import Entry
from bench.store import Store
from tasks import Clip, Split

CLIPS = 400
SECONDS = 5.0
RATE = 24_000
ROUNDS = 3
SETTINGS = Settings(device="cpu")


def render(folder: Path) -> dict[str, Clip]:
    """Write WAV files of a tone in noise: key → clip."""
    rng = np.random.default_rng(0)
    time_axis = np.arange(round(SECONDS * RATE)) / RATE
    clips = {}
    for number in range(CLIPS):
        tone = np.sin(2 * np.pi * rng.uniform(100, 2000) * time_axis)
        path = folder / f"{number}.wav"
        soundfile.write(path, 0.3 * tone + rng.normal(0, 0.02, time_axis.size), RATE)
        clips[path.name] = Clip(path.name, Split.TRAIN, path, 0, path.name)
    return clips


def batches(card: Backbone, clips: dict[str, Clip]) -> list[Audio]:
    """The windows of all clips, in batches as large as the engine's."""
    windows = [
        window
        for clip in clips.values()
        for window in audio.cut(
            audio.read(clip.path, card.sample_rate),
            card.sample_rate,
            card.window,
            card.hop,
            card.shortest,
        )
    ]
    size = int(SETTINGS.batch_seconds * card.sample_rate) // len(windows[0])
    return [np.stack(windows[i : i + size]) for i in range(0, len(windows), size)]


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - clock, time.process_time() - processor


def encode(encoder: Encoder, prepared: list[Audio]) -> None:
    """Everything from memory."""
    for batch in prepared:
        encoder.summarise(batch)


def extract(entry: Entry[Backbone], clips: dict[str, Clip]) -> None:
    """From files to a store that was empty, loading the encoder included."""
    with tempfile.TemporaryDirectory() as folder:
        extraction.extract(entry, clips, Store(Path(folder)), SETTINGS, lambda _done, _total: None)


def measure(entry: Entry[Backbone], clips: dict[str, Clip]) -> tuple[float, float, float]:
    """Clips a second, bare and engine, and the encoder's share: the best of several rounds."""
    encoder = encoders.load(entry.card, SETTINGS.device)
    prepared = batches(entry.card, clips)
    bare, engine = [], []
    for _ in range(ROUNDS):
        bare.append(timed(lambda: encode(encoder, prepared)))
        engine.append(timed(lambda: extract(entry, clips)))
    clocks, processors = np.min([bare, engine], axis=1).T
    return CLIPS / clocks[0], CLIPS / clocks[1], processors[0] / processors[1]


def main() -> None:
    """Print clips a second of both, their ratio, and the encoder's share."""
    if sys.argv[1:]:
        torch.set_num_threads(int(sys.argv[1]))
    cards = registry.find().backbones
    print(f"{CLIPS} clips of {SECONDS:g} s, {torch.get_num_threads()} threads")
    print(f"{'backbone':<14}{'bare':>12}{'engine':>12}{'ratio':>8}{'share':>8}")
    with tempfile.TemporaryDirectory() as folder:
        clips = render(Path(folder))
        for name in ("musicnn-msd", "melstats", "chroma"):
            bare, engine, share = measure(cards[name], clips)
            ratio = engine / bare
            print(f"{name:<14}{bare:>10.1f}/s{engine:>10.1f}/s{ratio:>8.2f}{share:>8.2f}")


if __name__ == "__main__":
    main()
