"""Paired comparisons and ranks.

Clips of one group (a song, a tune, an artist) are not independent, so it is groups that are
resampled. All rows of a task are scored on the same resamples, which makes every comparison a
paired one.
"""

import hashlib
import math
from collections.abc import Sequence
from itertools import combinations
from string import ascii_letters

import numpy as np
import numpy.typing as npt

from tasks import Metric, Scores, Truth, Weights

RESAMPLES = 1000
LEVEL = 0.95
POWER = 0.8
SEED = 0

Samples = npt.NDArray[np.float64]


def group_weights(groups: Sequence[str], resamples: int = RESAMPLES, seed: int = SEED) -> Weights:
    """Bootstrap weights that draw whole groups with replacement (Davison & Hinkley, 1997, 3.8).

    Args:
        groups: the group of each clip. The weights depend on their names, not on the order of
            the clips; tasks on the same groups draw the same ones, others independently.
        resamples: how many.
        seed: of the draw.

    Returns:
        (resamples, clips): how often each clip counts.
    """
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    entropy = hashlib.sha256("\n".join(names).encode()).digest()
    draws = np.random.default_rng([seed, *entropy]).multinomial(
        len(names), np.full(len(names), 1 / len(names)), size=resamples
    )
    return draws[:, member].astype(np.float64)


def resampled(metric: Metric, truth: Truth, scores: Sequence[Scores], weights: Weights) -> Samples:
    """The metric on every resample, mean over seeds: (resamples,).

    Args:
        metric: of a task.
        truth: as the metric takes it.
        scores: of the same clips, one array a seed.
        weights: (resamples, clips).
    """
    values = [metric.function(truth, seed, weights) for seed in scores]
    return np.asarray(np.mean(values, axis=0), dtype=np.float64)


def effective_number(groups: Sequence[str]) -> float:
    """How many groups of equal size would say as much: (Σ n)² / Σ n² (Kish, 1965, 8.2).

    Args:
        groups: the group of each clip.
    """
    _, sizes = np.unique(np.asarray(groups), return_counts=True)
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def standard_error(samples: Samples, number: float) -> float:
    """Of a score or a difference, from its resamples; where one has no value it is left out.

    Resamples of n groups vary by (n - 1) / n of what the score does (Davison & Hinkley, 1997, 2.3).

    Args:
        samples: (resamples,).
        number: of groups, `effective_number`; NaN is the error of one.
    """
    return math.sqrt(number / (number - 1)) * float(np.nanstd(samples)) if number > 1 else math.nan


def freedom(number: float) -> float:
    """Degrees of freedom of such an error; with less than one, no difference would be bounded.

    Args:
        number: of groups, `effective_number`.
    """
    return max(1.0, number - 1)


def paired_p_values(
    values: Sequence[float], rows: Sequence[Samples], groups: Sequence[str]
) -> npt.NDArray[np.float64]:
    """Two-sided p-values of the differences between rows: (rows, rows), 1 on the diagonal.

    The difference over its paired bootstrap standard error is referred to Student's t (Efron &
    Tibshirani, 1993, 12.4) with the `freedom` of the `effective_number`: a share of 1,000 resamples
    could not be small enough to stand a correction for the pairs of eight rows. No value is under
    `least_p_value`.

    Args:
        values: of the rows, on the clips as they are.
        rows: the same resamples scored for each row.
        groups: the group of each clip.
    """
    from scipy.special import stdtr

    p = np.ones((len(rows), len(rows)))
    number, least = effective_number(groups), least_p_value(len({*groups}))
    for i, j in combinations(range(len(rows)), 2):
        difference = abs(values[i] - values[j])
        if difference > 0 and number > 1:
            error = standard_error(rows[i] - rows[j], number)
            tail = float(stdtr(freedom(number), -difference / max(error, 1e-300)))
            p[i, j] = p[j, i] = max(2 * tail, least)
    return p


def least_p_value(groups: int) -> float:
    """The smallest two-sided p-value that swapping whole groups can give: 2^(1 - groups)."""
    return 2.0 ** (1 - groups)


def difference(
    values: tuple[float, float], rows: tuple[Samples, Samples], groups: Sequence[str]
) -> tuple[float, float, float]:
    """First minus second, with a 95 % interval by Student's t.

    Its standard error and degrees of freedom are those of `paired_p_values`. It knows no least
    p-value: of fewer than six groups it can exclude 0 where that test finds no difference.

    Args:
        values: on the clips as they are.
        rows: the same resamples scored for both.
        groups: the group of each clip.

    Returns:
        Difference, lower and upper end; without an end where there is one group.
    """
    from scipy.special import stdtrit

    gap, number = values[0] - values[1], effective_number(groups)
    if number == 1:
        return gap, -math.inf, math.inf
    error = standard_error(rows[0] - rows[1], number)
    half = float(stdtrit(freedom(number), (1 + LEVEL) / 2)) * error
    return gap, gap - half, gap + half


def holm(p: Sequence[float]) -> npt.NDArray[np.float64]:
    """P-values adjusted for their number (Holm, 1979), in the order given."""
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    adjusted = np.empty_like(values)
    factors = np.arange(len(values), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(factors * values[order]))
    return adjusted


def letters(values: Sequence[float], different: npt.NDArray[np.bool_]) -> list[str]:
    """Letters such that two rows share one exactly if they cannot be told apart (Piepho, 2004).

    After Z comes a1.

    Args:
        values: of the rows; `a` goes to the best.
        different: (rows, rows), symmetric.
    """
    order = sorted(range(len(values)), key=lambda i: -values[i])
    columns = [set(order)]
    for i, j in combinations(order, 2):
        if different[i, j]:
            split = [c - {k} for c in columns if {i, j} <= c for k in (i, j)]
            columns = [c for c in columns if not {i, j} <= c] + split
            columns = [c for c in columns if not any(c < other for other in columns)]
            columns = [set(c) for c in dict.fromkeys(frozenset(c) for c in columns)]
    columns.sort(key=lambda c: [order.index(i) for i in sorted(c, key=order.index)])
    names = [f"{letter}{turn or ''}" for turn in range(len(columns)) for letter in ascii_letters]
    return [
        "".join(name for name, c in zip(names, columns, strict=False) if i in c)
        for i in range(len(values))
    ]


def ties(values: Sequence[float], rows: Sequence[Samples], groups: Sequence[str]) -> list[str]:
    """Letters for the rows of one task, by Holm-corrected paired bootstrap at 5 %."""
    p = paired_p_values(values, rows, groups)
    upper = np.triu_indices(len(rows), k=1)
    different = np.zeros(p.shape, dtype=bool)
    different[upper] = holm(p[upper].tolist()) <= 1 - LEVEL
    return letters(values, different | different.T)


def ranks(values: Sequence[float]) -> npt.NDArray[np.float64]:
    """Rank of every row on one task: 1 is best, equal scores share the mean of their ranks."""
    scores = np.asarray(values)[:, None]  # importing scipy.stats takes longer than the page
    better, equal = (scores < scores.T).sum(1), (scores == scores.T).sum(1)
    return np.asarray(better + (equal + 1) / 2, dtype=np.float64)


def mean_rank(by_task: Sequence[float], rows: int) -> tuple[float, float, float]:
    """Mean rank of one row with its 95 % interval over tasks, by Student's t.

    Tasks are the sample: the interval says how far the mean would move with other tasks like
    these. That scores on one task are uncertain is part of how much ranks differ between tasks.
    Bootstrapping clips instead would draw every rank towards the middle, for noise makes rows
    change places.

    Args:
        by_task: the row's rank on each task.
        rows: how many there are; an interval ends at 1 and at this.

    Returns:
        Mean, lower and upper end; of a single task the whole range. Ranks that are all the same
        are taken to vary as much as rounding to whole ranks hides.
    """
    from scipy.special import stdtrit

    mean, tasks = float(np.mean(by_task)), len(by_task)
    if tasks == 1:
        return mean, 1.0, float(rows)
    deviation = max(float(np.std(by_task, ddof=1)), 1 / math.sqrt(12))
    half = stdtrit(tasks - 1, (1 + LEVEL) / 2) * deviation / math.sqrt(tasks)
    return mean, max(1.0, mean - float(half)), min(float(rows), mean + float(half))


def mcnemar(right: Sequence[bool], other: Sequence[bool]) -> float:
    """Exact p-value that two rows are right equally often (McNemar, 1947).

    Clips must be independent: it knows no groups.

    Args:
        right: whether one row is right, clip by clip.
        other: whether the other is.
    """
    from scipy.stats import binomtest

    one, two = np.asarray(right, dtype=bool), np.asarray(other, dtype=bool)
    only_one, only_two = int((one & ~two).sum()), int((two & ~one).sum())
    if only_one + only_two == 0:
        return 1.0
    return float(binomtest(only_one, only_one + only_two).pvalue)


def detectable(rows: Sequence[Samples], groups: Sequence[str]) -> float:
    """The difference that one paired test at 5 % finds 80 times in 100 (Cohen, 1988).

    It is (t(.975) + t(.8)) standard errors, the median over the pairs of rows.

    Args:
        rows: the same resamples scored for each row.
        groups: the group of each clip.

    Returns:
        In the unit of the score; NaN for fewer than two rows or groups.
    """
    from scipy.special import stdtrit

    number = effective_number(groups)
    errors = [standard_error(a - b, number) for a, b in combinations(rows, 2)]
    if not errors or number == 1:
        return math.nan
    needed = stdtrit(freedom(number), (1 + LEVEL) / 2) + stdtrit(freedom(number), POWER)
    return float(needed * np.median(errors))
