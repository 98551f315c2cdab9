"""Simulated test sets whose true score is known in closed form.

Clips of one song are alike: half of what decides whether a clip is easy is its song's. The true
score is what a metric gives on an endless test set of the same kind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.integrate import quad
from scipy.stats import norm

from tasks import Metric, Scores, Truth
from tasks import _metrics as metrics

Owners: TypeAlias = npt.NDArray[np.int64]
"""(clips,): the song, from 0, of each clip; in order."""

Draw: TypeAlias = Callable[[np.random.Generator, Owners], tuple[Truth, Scores]]

SONGS_SHARE = 0.5
"""Intraclass correlation of clips of one song."""

PREVALENCES = (0.5, 0.3, 0.1)
"""Share of songs that have each tag."""

CLASSES = (0.3, 0.25, 0.2, 0.15, 0.1)
"""Share of songs that are of each class."""

HARDER = (0.15, 0.1, 0.0, -0.1, -0.15)
"""By how much more than the mean of the classes each is recalled."""

CREDITS = (1.0, 0.5, 0.3, 0.2, 0.0)
"""For the key, a fifth above it, its relative, its parallel, and any other."""


@dataclass(frozen=True, slots=True)
class Design:
    """How many songs there are, and how many clips each has.

    Attributes:
        songs: number of groups.
        most: clips a song; from 1 to so many.
        skew: 1 where all numbers are as frequent; at 3 few songs have most of the clips.
    """

    songs: int
    most: int = 3
    skew: int = 1

    def owners(self, rng: np.random.Generator) -> Owners:
        """The song of each clip."""
        sizes = 1 + np.floor(self.most * rng.uniform(size=self.songs) ** self.skew).astype(int)
        return np.repeat(np.arange(self.songs), sizes)


DESIGNS: Mapping[str, Design] = {
    "30 songs × 1–3 clips": Design(30),
    "100 songs × 1–3 clips": Design(100),
    "300 songs × 1–3 clips": Design(300),
    "60 artists × 1–20 clips, few with many": Design(60, 20, 3),
}


@dataclass(frozen=True, slots=True)
class World:
    """A kind of test set.

    Attributes:
        metric: that is estimated.
        value: its true value.
        draw: (random numbers, owners) → truth and scores of the clips.
    """

    metric: Metric
    value: float
    draw: Draw


def accuracy(level: float) -> World:
    """Clips are right with a probability that is their song's, beta around `level`."""

    def draw(rng: np.random.Generator, owners: Owners) -> tuple[Truth, Scores]:
        ease = _ease(rng, np.full(owners[-1] + 1, level))
        wrong = rng.uniform(size=len(owners)) >= ease[owners]
        return np.zeros(len(owners), dtype=np.int64), np.eye(2)[wrong.astype(int)]

    return World(metrics.ACCURACY, level, draw)


def balanced_accuracy(level: float) -> World:
    """Songs are of one of five classes, frequent ones easier, whose mean recall is `level`."""
    recalls = level + np.array(HARDER)

    def draw(rng: np.random.Generator, owners: Owners) -> tuple[Truth, Scores]:
        classes = rng.choice(len(CLASSES), owners[-1] + 1, p=CLASSES)
        wrong = rng.uniform(size=len(owners)) >= _ease(rng, recalls[classes])[owners]
        truth = classes[owners]
        return truth, np.eye(len(CLASSES))[(truth + wrong) % len(CLASSES)]

    return World(metrics.BALANCED_ACCURACY, level, draw)


def roc_auc(level: float) -> World:
    """Tags of songs; scores are normal, apart so far that the area is `level` for each tag."""
    return World(metrics.ROC_AUC, level, _tags(_separation(level)))


def pr_auc(level: float) -> World:
    """As `roc_auc`; `level` is the area under the ROC curve."""
    apart = _separation(level)
    value = float(np.mean([_average_precision(apart, share) for share in PREVALENCES]))
    return World(metrics.PR_AUC, value, _tags(apart))


def r2(level: float) -> World:
    """Two targets of which predictions explain the share `level`; songs share both parts."""

    def draw(rng: np.random.Generator, owners: Owners) -> tuple[Truth, Scores]:
        found = np.sqrt(level) * _normal(rng, owners, 2)
        return found + np.sqrt(1 - level) * _normal(rng, owners, 2), found

    return World(metrics.R2, level, draw)


def key_weighted(level: float) -> World:
    """Songs are in one of 24 keys, of which a related one is heard in 18 of 100 clips."""
    partial = [0.06] * 3
    right = level - np.dot(partial, CREDITS[1:-1])
    shares = np.array([right, *partial, 1 - right - sum(partial)])

    def draw(rng: np.random.Generator, owners: Owners) -> tuple[Truth, Scores]:
        keys = rng.integers(0, 24, owners[-1] + 1)[owners]
        leaning = rng.dirichlet(shares * _concentration(), owners[-1] + 1).cumsum(1)[owners]
        outcome = (rng.uniform(size=(len(owners), 1)) > leaning[:, :-1]).sum(1)
        return keys, np.eye(24)[_answered(keys, outcome)]

    return World(metrics.KEY_WEIGHTED, level, draw)


WORLDS: Mapping[str, Callable[[float], World]] = {
    "accuracy": accuracy,
    "balanced accuracy": balanced_accuracy,
    "ROC-AUC": roc_auc,
    "PR-AUC": pr_auc,
    "R²": r2,
    "weighted key score": key_weighted,
}

LEVELS: Mapping[str, tuple[float, ...]] = {
    "accuracy": (0.3, 0.6, 0.9),
    "balanced accuracy": (0.4, 0.6, 0.8),
    "ROC-AUC": (0.6, 0.75, 0.9),
    "PR-AUC": (0.6, 0.75, 0.9),
    "R²": (0.1, 0.4, 0.8),
    "weighted key score": (0.2, 0.5, 0.8),
}


def _concentration() -> float:
    return 1 / SONGS_SHARE - 1


def _ease(rng: np.random.Generator, levels: Scores) -> Scores:
    return rng.beta(levels * _concentration(), (1 - levels) * _concentration())


def _normal(rng: np.random.Generator, owners: Owners, columns: int) -> Scores:
    """(clips, columns): standard normal, correlated within songs."""
    songs = rng.normal(0, np.sqrt(SONGS_SHARE), (owners[-1] + 1, columns))[owners]
    return np.asarray(songs + rng.normal(0, np.sqrt(1 - SONGS_SHARE), songs.shape))


def _tags(apart: float) -> Draw:
    def draw(rng: np.random.Generator, owners: Owners) -> tuple[Truth, Scores]:
        songs = rng.uniform(size=(owners[-1] + 1, len(PREVALENCES))) < PREVALENCES
        truth = songs[owners].astype(np.float64)
        return truth, apart * truth + _normal(rng, owners, len(PREVALENCES))

    return draw


def _separation(area: float) -> float:
    """Means of two normal distributions lie so far apart (Green & Swets, 1966)."""
    return float(np.sqrt(2) * norm.ppf(area))


def _average_precision(apart: float, share: float) -> float:
    """Mean precision at the scores of positive clips."""

    def precision(score: float) -> float:
        hits, misses = share * norm.sf(score - apart), (1 - share) * norm.sf(score)
        return float(hits / (hits + misses) * norm.pdf(score - apart))

    return float(quad(precision, apart - 8, apart + 8)[0])


def _answered(keys: Owners, outcome: Owners) -> Owners:
    """The key that is as far from the true one as the outcome says; see `CREDITS`."""
    tonic, mode = keys % 12, keys // 12
    relative = (tonic + np.where(mode == 0, 9, 3)) % 12 + 12 * (1 - mode)
    answers = [
        keys,
        (tonic + 7) % 12 + 12 * mode,
        relative,
        tonic + 12 * (1 - mode),
        (tonic + 1) % 12 + 12 * mode,
    ]
    return np.choose(outcome, answers)
