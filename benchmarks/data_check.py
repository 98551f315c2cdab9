"""Speed of `bench data check` against `soundfile.read`.

Run `python benchmarks/data_check.py`. The check also reads every file once more for its digest,
which is remembered unless a file changes: it is told without and with.

- One by one: processor time of each file, of the three by turns; the least of each file counts, so
  that it hardly depends on what else the machine does.
- In threads, as it is used, against a bare pool of as many: the best of some rounds, on the clock.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import soundfile

from bench import check_data, digests
from bench.digests import Digests
from tasks import Clip, Split

Seconds: TypeAlias = npt.NDArray[np.float64]
"""(3,): of soundfile, of the check, and of digests that nobody remembers."""

CLIPS = 120
SECONDS = 30.0
RATE = 22_050
ROUNDS = 4
ALONE = 12
"""Files that are timed one by one, and how often."""


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


def decode(clip: Clip) -> None:
    """Decode and throw away."""
    soundfile.read(clip.path, dtype="float32")


def bare(clips: list[Clip]) -> None:
    """The same of all, in threads."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(decode, clips))


def silent(_done: int, _total: int) -> None:
    """No progress."""


def timed(clock: Callable[[], float], works: Sequence[Callable[[], object]]) -> Seconds:
    """Of each in turn."""
    found = []
    for work in works:
        begun = clock()
        work()
        found.append(clock() - begun)
    return np.array(found)


def alone(clip: Clip) -> Seconds:
    """Processor time of one file."""
    works = (
        lambda: decode(clip),
        lambda: check_data.checked([clip]),
        lambda: digests.of_file(clip.path),
    )
    rounds: Seconds = np.array([timed(time.thread_time, works) for _ in range(ALONE)])
    return np.asarray(rounds.min(axis=0))


def together(clips: list[Clip], memo: Path) -> Seconds:
    """Of all files, on the clock."""
    paths = [clip.path for clip in clips]
    known = {path: str(path) for path in paths}
    works = (
        lambda: bare(clips),
        lambda: check_data.look(clips, known, silent),
        lambda: Digests(memo).of(paths),
    )
    return timed(time.perf_counter, works)


def main(suffixes: list[str]) -> None:
    """Print the ratios for each format."""
    for suffix in suffixes:
        with tempfile.TemporaryDirectory() as name:
            clips = render(Path(name), suffix)
            one = np.sum([alone(clip) for clip in clips[:ALONE]], axis=0)
            rounds = [together(clips, Path(name) / f"{turn}.sqlite") for turn in range(ROUNDS)]
        best = np.min(rounds, axis=0)
        print(f"{suffix}: {CLIPS * SECONDS / best[1]:,.0f} × real time; of soundfile's own rate")
        for said, (bare_, check, digest) in (("one by one", one), ("in threads", best)):
            print(f"  {said}: {bare_ / check:.0%}, with digests {bare_ / (check + digest):.0%}")


if __name__ == "__main__":
    main(sys.argv[1:] or ["mp3", "flac", "wav"])
