"""The interval of a score.

Clips of one group (a song, a tune, an artist) are not independent, so it is groups that are left
out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.statistics import LEVEL, SEED, Samples, effective_number, resampled
from tasks import Metric, Scores, Truth, Weights

BLOCKS = 400
"""The most parts that groups are left out in."""

FARTHEST = 2.0
"""As far as the log of a distance is trusted to change: to seven times the distance."""

LARGEST = 700.0
"""Whose exponential is a number."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score with its uncertainty.

    Attributes:
        value: on the clips as they are, mean over seeds.
        low: lower end of the interval.
        high: upper end.
        error: standard error over groups, by the jackknife.
        seeds: the value for each seed of the probe.
    """

    value: float
    low: float
    high: float
    error: float
    seeds: tuple[float, ...]


def estimate(
    metric: Metric, truth: Truth, scores: Sequence[Scores], groups: Sequence[str]
) -> Estimate:
    """The score, its 95 % interval over groups, and the value for each seed.

    The standard error is that of the jackknife that leaves out a group at a time (Efron & Stein,
    1981). The interval is Student's t on a scale on which the score cannot leave its bounds; its
    degrees of freedom say how well that error is known, see `degrees_of_freedom`. With few groups,
    percentiles of a bootstrap are too narrow; `studies/calibration` shows both.

    Where leaving out any group changes nothing, as at the best possible score, the interval reaches
    as far as that of a share of 0 among as many groups does (Clopper & Pearson, 1934). Where the
    score has no value without one of the groups, as when that has the only clips with a tag, it
    reaches as far as with a single group. A metric without a worst counts from 0.
    """
    from scipy.special import stdtrit

    whole = np.ones((1, len(truth)))
    seeds = tuple(float(metric.function(truth, seed, whole)[0]) for seed in scores)
    value, names = float(np.mean(seeds)), set(groups)
    tail = (1 - LEVEL) / 2
    without = resampled(metric, truth, scores, left_out(groups)) if len(names) > 1 else np.empty(0)
    decided = without.size > 0 and bool(np.isfinite(without).all())
    error = math.sqrt((len(without) - 1) * float(np.var(without))) if decided else 0.0
    worst, best = metric.bounds
    if error > 0 and worst < value < best:
        quantile = float(stdtrit(degrees_of_freedom(without, value, metric, groups), 1 - tail))
        return Estimate(value, *_on_open_scale(value, quantile * error, metric), error, seeds)
    known = len(names) if decided else 1
    reach = (best - max(worst, min(0.0, value))) * (1 - tail ** (1 / known))
    return Estimate(value, max(worst, value - reach), min(best, value + reach), error, seeds)


def degrees_of_freedom(
    without: Samples, value: float, metric: Metric, groups: Sequence[str]
) -> float:
    """Of a jackknife's variance: 2 / its own relative variance (Satterthwaite, 1946).

    A variance of n numbers whose kurtosis is k has a relative variance of about (k - 1) / n. Where
    few groups decide a score, as with a rare tag, k is large and the variance is badly known. So is
    that of a share near 0 or 1, which the open scale answers for: what k is above that of a share
    as high as the score is what counts. There are never more degrees of freedom than as many groups
    of equal size would have that say as much as these do.

    Args:
        without: (parts,) the score without each part; not all the same.
        value: the score.
        metric: whose bounds say what share of the best it is.
        groups: the group of each clip.
    """
    apart = without - without.mean()
    kurtosis = float(np.mean(apart**4) / np.mean(apart**2) ** 2)
    beyond = kurtosis - _kurtosis_of_a_share(value, metric)
    known = 2 * len(without) / beyond if beyond > 0 else math.inf
    return max(1.0, min(effective_number(groups) - 1, known))


def _kurtosis_of_a_share(value: float, metric: Metric) -> float:
    """Of clips that are right or wrong; the least there is, 1, where a metric has no worst."""
    worst, best = metric.bounds
    if math.isinf(worst):
        return 1.0
    share = (value - worst) / (best - worst)
    spread = share * (1 - share)
    return (1 - 3 * spread) / spread


def left_out(groups: Sequence[str], blocks: int = BLOCKS) -> Weights:
    """Weights that leave out one group each, or as many groups alike where there are very many.

    Args:
        groups: the group of each clip; the weights depend on names only, not on the order of clips.
        blocks: the most parts.

    Returns:
        (parts, clips): 0 for those left out, else 1.
    """
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    parts = min(len(names), blocks)
    part = np.random.default_rng(SEED).permutation(len(names)) % parts
    kept: Weights = (part[member] != np.arange(parts)[:, None]).astype(np.float64)
    return kept


def _on_open_scale(value: float, half: float, metric: Metric) -> tuple[float, float]:
    """The ends of value ± half, by the delta method, where the score cannot leave its bounds.

    The scale is the logit where a metric has two ends, the log of the distance to the best where it
    has no worst. That has no end below: where `half` is large beside the distance, as when one
    group decides the score, the lower end is that of value - half if the scale has none as low.
    """
    worst, best = metric.bounds
    above = best - value
    if math.isinf(worst):
        reach = half / above
        low = min(value - half, best - above * math.exp(min(reach, FARTHEST)))
        return low, best - above * math.exp(-reach)
    below = value - worst
    factor = math.exp(min(half * (best - worst) / (above * below), LARGEST))
    ends = (below / (below + factor * above), below / (below + above / factor))
    return worst + (best - worst) * ends[0], worst + (best - worst) * ends[1]
