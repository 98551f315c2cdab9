"""What the peers' interpreters are given and give back: two kinds of .npz. Needs NumPy alone."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tasks import Split

Matrix = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

RUNS = 5


@dataclass(frozen=True, slots=True)
class Embeddings:
    """One vector a clip, and its class.

    Attributes:
        x: (clips, dim) of each split.
        y: (clips,) of each split.
        classes: how many there are.
    """

    x: Mapping[Split, Matrix]
    y: Mapping[Split, Labels]
    classes: int

    def save(self, path: Path) -> None:
        """Write an .npz without pickles."""
        x, y = (np.concatenate([part[split] for split in Split]) for part in (self.x, self.y))
        splits = np.repeat(list(Split), [len(self.y[split]) for split in Split])
        np.savez(path, x=x, y=y, splits=splits, classes=self.classes)

    @classmethod
    def load(cls, path: Path) -> "Embeddings":
        """Read what `save` wrote."""
        with np.load(path) as arrays:
            x, y, splits = (arrays[name] for name in ("x", "y", "splits"))
            clips = {split: splits == split for split in Split}
            return cls(
                {split: x[clips[split]] for split in Split},
                {split: y[clips[split]] for split in Split},
                int(arrays["classes"]),
            )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a method made of the embeddings.

    Attributes:
        scores: (runs, clips, classes) of the test clips; one-hot where it predicts classes.
        own: accuracy by the method's own code, mean over runs; NaN where it computes none.
        fits: how many models were trained, for the choice and for the test.
        cpu_seconds: of choice, fits and prediction, in user and system mode [s].
    """

    scores: Matrix
    own: float
    fits: int
    cpu_seconds: float

    def save(self, path: Path) -> None:
        """Write an .npz without pickles."""
        np.savez(
            path, scores=self.scores, own=self.own, fits=self.fits, cpu_seconds=self.cpu_seconds
        )

    @classmethod
    def load(cls, path: Path) -> "Answer":
        """Read what `save` wrote."""
        with np.load(path) as arrays:
            numbers = float(arrays["own"]), int(arrays["fits"]), float(arrays["cpu_seconds"])
            return cls(arrays["scores"], *numbers)


def one_hot(predicted: Labels, classes: int) -> Matrix:
    """(..., clips) class indices → (..., clips, classes)."""
    return np.eye(classes, dtype=np.float32)[predicted]


def repeated(method: Callable[[Embeddings, int], Answer], given: Embeddings) -> Answer:
    """Run a method that starts at random with five seeds; fits and time are those of one run."""
    runs = [method(given, seed) for seed in range(RUNS)]
    return Answer(
        np.concatenate([run.scores for run in runs]),
        float(np.mean([run.own for run in runs])),
        runs[0].fits,
        float(np.mean([run.cpu_seconds for run in runs])),
    )


def serve(methods: Mapping[str, Callable[[Embeddings], Answer]]) -> None:
    """Answer with every method; the command line names the embeddings and a folder.

    Each method meets a small problem first, so that what it imports on its first call is no part
    of its time.
    """
    source, folder = map(Path, sys.argv[1:])
    embeddings = Embeddings.load(source)
    for name, method in methods.items():
        method(small())
        method(embeddings).save(folder / f"{name}.npz")


def small() -> Embeddings:
    """Two classes far apart, twenty clips a split."""
    y = np.arange(20) % 2
    noise = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)
    x = noise + 10 * y[:, None].astype(np.float32)
    return Embeddings(dict.fromkeys(Split, x), dict.fromkeys(Split, y), 2)
