"""One tag or target at a time, for all resamples at once: what metrics take the mean of."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tasks import Scores, Truth, Weights

Values: TypeAlias = npt.NDArray[np.float64]


def ratio(numerator: Values, denominator: Values) -> Values:
    """Quotient; NaN where the denominator is 0."""
    undefined = np.full_like(denominator, np.nan)
    return np.divide(numerator, denominator, out=undefined, where=denominator > 0)


def mean_of_defined(values: Values) -> Values:
    """(columns, resamples) to (resamples,), leaving NaN out."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0.0).sum(axis=0), defined.sum(axis=0, dtype=np.float64))


def columns(
    score: Callable[[Values, Values, Values], Values],
    truth: Truth,
    scores: Scores,
    weights: Weights,
) -> Values:
    """(columns, resamples): `score` of each column's clips with a known label."""
    by_clip = np.ascontiguousarray(weights.T)
    known = ~np.isnan(truth)
    return np.stack(
        [
            score(truth[known[:, i], i], scores[known[:, i], i], by_clip[known[:, i]])
            for i in range(truth.shape[1])
        ]
    )


def _ranked(truth: Values, scores: Values, by_clip: Values) -> tuple[Values, ...]:
    """Weights met at each positive clip when going down the ranking, a tie being one step.

    Returns:
        Four arrays (positives, resamples): the clip's own weight; of all clips scored at least
        as high; of the positive ones among them; of the negative ones scored strictly higher.
    """
    order = np.argsort(-scores, kind="stable")
    descending = -scores[order]
    weights = by_clip[order]
    positive = np.flatnonzero(truth[order] > 0)
    own = weights[positive]
    seen = _running(weights)
    hits = _running(own)
    above = np.searchsorted(descending, descending[positive], side="left")
    level = np.searchsorted(descending, descending[positive], side="right")
    hits_above = hits[np.searchsorted(positive, above)]
    return own, seen[level], hits[np.searchsorted(positive, level)], seen[above] - hits_above


def _running(weights: Values) -> Values:
    """Cumulative sum along axis 0 that begins with zeros."""
    total = np.zeros((len(weights) + 1, weights.shape[1]))
    np.cumsum(weights, axis=0, out=total[1:])
    return total


def tag_roc_auc(truth: Values, scores: Values, by_clip: Values) -> Values:
    own, seen, hits, misses_above = _ranked(truth, scores, by_clip)
    positives = own.sum(axis=0)
    negatives = by_clip.sum(axis=0) - positives
    beaten = negatives - (misses_above + seen - hits) / 2
    return ratio((own * beaten).sum(axis=0), positives * negatives)


def tag_average_precision(truth: Values, scores: Values, by_clip: Values) -> Values:
    own, seen, hits, _ = _ranked(truth, scores, by_clip)
    precision = np.divide(hits, seen, out=np.zeros_like(hits), where=seen > 0)
    return ratio((own * precision).sum(axis=0), own.sum(axis=0))


def target_r2(truth: Values, scores: Values, by_clip: Values) -> Values:
    known = by_clip.sum(axis=0)
    mean = ratio(truth @ by_clip, known)
    total = (by_clip * (truth[:, None] - mean) ** 2).sum(axis=0)
    error = (truth - scores) ** 2 @ by_clip
    explained = 1 - np.divide(error, total, out=np.zeros_like(error), where=total > 0)
    flat = np.where(known > 0, np.where(error == 0, 1.0, 0.0), np.nan)
    return np.where(_varies(truth, by_clip), explained, flat)


def _varies(truth: Values, by_clip: Values) -> npt.NDArray[np.bool_]:
    """(resamples,): whether the clips that count have more than one value."""
    counts = by_clip > 0
    highest = np.where(counts, truth[:, None], -np.inf).max(axis=0, initial=-np.inf)
    lowest = np.where(counts, truth[:, None], np.inf).min(axis=0, initial=np.inf)
    return np.asarray(highest > lowest)
