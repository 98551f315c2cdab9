"""Speed of `bench data check` against a bare pool of threads over `soundfile.read`.

Run `python benchmarks/data_check.py`. Each round decodes the same files both ways, in turn; the
best of each counts. The check also reads every file once more for its digest, which is remembered
unless a file changes: the second figure has it, the first does not.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import soundfile

from bench import check_data
from bench.digests import Digests
from tasks import Clip, Split

CLIPS = 120
SECONDS = 30.0
RATE = 22_050
ROUNDS = 4


def render(folder: Path, suffix: str) -> list[Clip]:
    """Files of tones in noise."""
    rng = np.random.default_rng(0)
    axis = np.arange(round(SECONDS * RATE)) / RATE
    clips = []
    for number in range(CLIPS):
        tone = np.sin(2 * np.pi * rng.uniform(100, 2000) * axis)
        path = folder / f"{number}.{suffix}"
        soundfile.write(path, 0.3 * tone + rng.normal(0, 0.02, axis.size), RATE)
        clips.append(Clip(path.name, Split.TRAIN, path, 0, path.name))
    return clips


def bare(clips: list[Clip]) -> None:
    """Decode and throw away."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(lambda clip: soundfile.read(clip.path, dtype="float32")[1], clips):
            pass


def silent(_done: int, _total: int) -> None:
    """No progress."""


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def measured(clips: list[Clip], memo: Path) -> tuple[float, float, float]:
    """Seconds of the bare pool, of the check, and of digests that nobody remembers."""
    paths = [clip.path for clip in clips]
    known = {path: str(path) for path in paths}
    return (
        timed(lambda: bare(clips)),
        timed(lambda: check_data.look(clips, known, silent)),
        timed(lambda: Digests(memo).of(paths)),
    )


def main(suffixes: list[str]) -> None:
    """Print the ratio for each format."""
    for suffix in suffixes:
        with tempfile.TemporaryDirectory() as name:
            clips = render(Path(name), suffix)
            rounds = [measured(clips, Path(name) / f"{turn}.sqlite") for turn in range(ROUNDS)]
        pool, check, digest = (min(column) for column in zip(*rounds, strict=True))
        print(
            f"{suffix}: {CLIPS * SECONDS / check:,.0f} × real time, "
            f"{pool / check:.0%} of soundfile's own {CLIPS * SECONDS / pool:,.0f} ×; "
            f"{pool / (check + digest):.0%} with digests the first time"
        )


if __name__ == "__main__":
    main(sys.argv[1:] or ["mp3", "flac", "wav"])
