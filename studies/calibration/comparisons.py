"""How often rows that are equal are told apart, and rows that differ are."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from bench import statistics
from bench.statistics import Samples
from studies.calibration.findings import (
    Cell,
    Finding,
    Part,
    at_most,
    between,
    random_numbers,
    share,
)
from studies.calibration.worlds import DESIGNS, PREVALENCES, Design, Owners
from tasks import Metric, Scores, Truth
from tasks._metrics import ACCURACY, ROC_AUC

ALPHA = 1 - statistics.LEVEL
POWER = (statistics.POWER - 0.05, statistics.POWER + 0.05)
COMMON = 0.6
"""Correlation of what two rows find hard; half of it, and of the rest, is shared within a song."""

LEVEL, APART = 0.6, 1.0
"""Accuracy of rows, and how far apart scores are of clips with and without a tag."""

CLIPS_OF_A_SONG = 8
PILOTS = 40
DATA_SETS, FEW_DATA_SETS = 2000, 200

SONGS = {songs: f"{songs} songs × 1–3 clips" for songs in (30, 100, 300)}
UNEVEN = "60 artists × 1–20 clips, few with many"
MOST_UNEVEN = "30 artists × 1–100 clips, few with most"
TEST_SETS: Mapping[str, Design] = {**DESIGNS, MOST_UNEVEN: Design(30, 100, 8)}

Rows: TypeAlias = list[Scores]
Right: TypeAlias = npt.NDArray[np.bool_]

ABOUT = f"""\
Rows of equal true scores on the same clips (what two rows find hard is correlated, {COMMON}).
*Told apart*: the share of {DATA_SETS:,} simulated boards on which
any two rows do not share a letter (`bench.statistics.ties`: paired bootstrap, Holm over all pairs),
which must not be above 5 %, but for what chance adds to so many boards (99 %). *Power*: one row is
better by as much as `bench.statistics.detectable` promises to find 80 times in 100 with one test;
bounds are 75 to 85 %. *One test* is the share for one pair, uncorrected, *difference* the true one
in points, *after Holm, n rows* the power if the pair is one of all pairs of n rows, *its interval
holds it* the share of 95 % intervals of the difference that hold the true one.
`bench.statistics.mcnemar` is for independent clips; *clips of songs* is what it does to clips of
songs, {CLIPS_OF_A_SONG} each, of which `bench compare` therefore does not ask it."""


def told_apart(name: str, rows: int, design: str, data_sets: int) -> list[Finding]:
    """The share of boards on which any two of several equal rows are told apart."""
    rng = random_numbers("told apart", name, rows, design)
    metric, draw = BOARDS[name]
    any_pair = first_pair = 0
    for number in range(data_sets):
        owners = TEST_SETS[design].owners(rng)
        names = [f"{number} {owner}" for owner in owners]
        truth, scores = draw(rng, owners, [0.0] * rows)
        values, samples = _scored(metric, truth, scores, names)
        letters = statistics.ties(values, samples, names)
        any_pair += any(not set(one) & set(two) for one, two in combinations(letters, 2))
        p = statistics.paired_p_values(values[:2], samples[:2], names)
        first_pair += bool(p[0, 1] <= ALPHA)
    return [
        Finding(
            claim=f"{rows} equal rows told apart: {name}, {design}",
            measured=any_pair / data_sets,
            interval=share(any_pair, data_sets),
            bounds=at_most(ALPHA, data_sets),
            details={"one test": first_pair / data_sets},
        )
    ]


def power(design: str, data_sets: int) -> list[Finding]:
    """How often one test finds the difference that is promised to be found 80 times in 100."""
    rng = random_numbers("power", design)
    gap = 0.0
    for _ in range(2):  # the spread of a difference depends a little on the difference
        gap = float(np.mean([_detectable(rng, design, gap) for _ in range(PILOTS)]))
    found = dict.fromkeys((2, 8, 20), 0)
    held = 0
    for number in range(data_sets):
        owners = TEST_SETS[design].owners(rng)
        names = [f"{number} {owner}" for owner in owners]
        truth, scores = _hits(rng, owners, [gap] + [0.0] * (max(found) - 1))
        values, samples = _scored(ACCURACY, truth, scores, names)
        p = statistics.paired_p_values(values, samples, names)
        for rows in found:
            corrected = statistics.holm(p[:rows, :rows][np.triu_indices(rows, 1)].tolist())
            found[rows] += bool(corrected[0] <= ALPHA)
        _, low, high = statistics.difference(
            (values[0], values[1]), (samples[0], samples[1]), names
        )
        held += low <= gap <= high
    return [
        Finding(
            claim=f"power at the detectable difference: accuracy, {design}",
            measured=found[2] / data_sets,
            interval=share(found[2], data_sets),
            bounds=between(*POWER, data_sets),
            details={
                "difference": gap,
                "after Holm, 8 rows": found[8] / data_sets,
                "after Holm, 20 rows": found[20] / data_sets,
                "its interval holds it": held / data_sets,
            },
        )
    ]


def mcnemar(rows: int, clips: int, data_sets: int) -> list[Finding]:
    """The share of boards on which McNemar's test tells equal rows apart, on independent clips."""
    rng = random_numbers("McNemar", rows, clips)
    apart = {1: 0, CLIPS_OF_A_SONG: 0}
    for _ in range(data_sets):
        for size in apart:
            right = _right(rng, np.arange(clips) // size, [0.0] * rows).tolist()
            p = [statistics.mcnemar(one, two) for one, two in combinations(right, 2)]
            apart[size] += bool(statistics.holm(p).min() <= ALPHA)
    return [
        Finding(
            claim=f"{rows} equal rows told apart: McNemar, {clips} independent clips",
            measured=apart[1] / data_sets,
            interval=share(apart[1], data_sets),
            bounds=at_most(ALPHA, data_sets),
            details={"clips of songs": apart[CLIPS_OF_A_SONG] / data_sets},
        )
    ]


def _scored(
    metric: Metric, truth: Truth, rows: Rows, names: Sequence[str]
) -> tuple[list[float], list[Samples]]:
    """Values of all rows, and their values on the same resamples."""
    weights = statistics.group_weights(names)
    whole = np.ones((1, len(names)))
    values = [float(metric.function(truth, row, whole)[0]) for row in rows]
    return values, [statistics.resampled(metric, truth, [row], weights) for row in rows]


def _detectable(rng: np.random.Generator, design: str, gap: float) -> float:
    owners = TEST_SETS[design].owners(rng)
    names = [str(owner) for owner in owners]
    truth, scores = _hits(rng, owners, [gap, 0.0])
    _, samples = _scored(ACCURACY, truth, scores, names)
    return statistics.detectable(samples, names)


def _difficulty(rng: np.random.Generator, owners: Owners, *columns: int) -> Scores:
    """Standard normal numbers, (…, clips), of which songs share half."""
    songs = rng.normal(0, np.sqrt(0.5), (*columns, owners[-1] + 1))[..., owners]
    return np.asarray(songs + rng.normal(0, np.sqrt(0.5), songs.shape))


def _right(rng: np.random.Generator, owners: Owners, gaps: Sequence[float]) -> Right:
    """(rows, clips): whether rows, whose accuracies are so much above `LEVEL`, are right."""
    common = np.sqrt(COMMON) * _difficulty(rng, owners)
    hard = common + np.sqrt(1 - COMMON) * _difficulty(rng, owners, len(gaps))
    return np.asarray(hard < norm.ppf(LEVEL + np.array(gaps))[:, None])


def _hits(rng: np.random.Generator, owners: Owners, gaps: Sequence[float]) -> tuple[Truth, Rows]:
    wrong = ~_right(rng, owners, gaps)
    return np.zeros(len(owners), dtype=np.int64), list(np.eye(2)[wrong.astype(int)])


def _tags(rng: np.random.Generator, owners: Owners, gaps: Sequence[float]) -> tuple[Truth, Rows]:
    tags = len(PREVALENCES)
    truth = (rng.uniform(size=(owners[-1] + 1, tags)) < PREVALENCES)[owners].astype(np.float64)
    common = np.sqrt(COMMON) * _difficulty(rng, owners, tags).T
    own = np.sqrt(1 - COMMON) * _difficulty(rng, owners, len(gaps), tags).swapaxes(1, 2)
    return truth, [
        (APART + gap) * truth + common + each for gap, each in zip(gaps, own, strict=True)
    ]


BOARDS: Mapping[
    str,
    tuple[
        Metric,
        Callable[[np.random.Generator, Owners, Sequence[float]], tuple[Truth, Rows]],
    ],
] = {"accuracy": (ACCURACY, _hits), "ROC-AUC": (ROC_AUC, _tags)}

PART = Part(
    name="comparisons",
    heading="Equal rows are not told apart, different ones are",
    about=ABOUT,
    whole=[
        *(
            Cell(told_apart, (name, rows, design, DATA_SETS))
            for name, counts in (("accuracy", (2, 8, 20)), ("ROC-AUC", (8,)))
            for design in (SONGS[30], SONGS[100], UNEVEN, MOST_UNEVEN)
            for rows in counts
        ),
        *(Cell(power, (design, DATA_SETS)) for design in SONGS.values()),
        *(Cell(mcnemar, (rows, 200, DATA_SETS)) for rows in (2, 8)),
    ],
    small=[
        Cell(told_apart, ("accuracy", 8, SONGS[30], FEW_DATA_SETS)),
        Cell(told_apart, ("accuracy", 8, MOST_UNEVEN, FEW_DATA_SETS)),
        Cell(power, (SONGS[100], FEW_DATA_SETS)),
        Cell(mcnemar, (2, 200, FEW_DATA_SETS)),
    ],
)
