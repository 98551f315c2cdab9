"""How well predictions agree with the truth.

Every function is pure and takes (truth, scores, weights): `weights` has one row a bootstrap
resample and says how often each clip counts in it, so an interval costs one sort a tag.

A tag, class or target a resample says nothing about is left out of that resample's mean:
a tag without a positive clip (for ROC-AUC: without a positive or without a negative one).
If nothing remains the value is NaN. A NaN label is not known: that clip is left out for that
tag alone.

Keys are integers: 0 to 11 are C, C#, ... B major, 12 to 23 the same tonics, minor.
"""

from functools import cache

import numpy as np

from tasks import Metric, Scores, Truth, Weights
from tasks._columns import (
    Values,
    columns,
    mean_of_defined,
    ratio,
    tag_average_precision,
    tag_roc_auc,
    target_r2,
)
from tasks._events import f_measure

TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
FIFTH = 0.5
TEMPO_TOLERANCE = 0.04
BEAT_TOLERANCE = 0.07
KEYS = tuple(f"{tonic} {mode}" for mode in ("major", "minor") for tonic in TONICS)


def accuracy(truth: Truth, scores: Scores, weights: Weights) -> Values:
    """Share of clips whose highest score is their class; the lower index wins a tie.

    Args:
        truth: (clips,) class indices.
        scores: (clips, classes).
        weights: (resamples, clips), >= 0.

    Returns:
        (resamples,).
    """
    return _mean(_hit(truth, scores), weights)


def balanced_accuracy(truth: Truth, scores: Scores, weights: Weights) -> Values:
    """Recall, mean over the classes that a resample has clips of; shapes as in `accuracy`."""
    members = _members(truth, scores)
    hits = members * _hit(truth, scores)
    return mean_of_defined(ratio(hits @ weights.T, members @ weights.T))


def roc_auc(truth: Truth, scores: Scores, weights: Weights) -> Values:
    """Area under the ROC curve, mean over tags; ties count one half.

    Args:
        truth: (clips, tags): 0, 1 or NaN.
        scores: (clips, tags).
        weights: (resamples, clips), >= 0.

    Returns:
        (resamples,).
    """
    return mean_of_defined(columns(tag_roc_auc, truth, scores, weights))


def pr_auc(truth: Truth, scores: Scores, weights: Weights) -> Values:
    """Average precision, mean over tags; tied scores share one threshold.

    The step-wise sum of scikit-learn's `average_precision_score`, which is what the tagging
    literature reports as PR-AUC; not the trapezoidal area.

    Args:
        truth: (clips, tags): 0, 1 or NaN.
        scores: (clips, tags).
        weights: (resamples, clips), >= 0.

    Returns:
        (resamples,).
    """
    return mean_of_defined(columns(tag_average_precision, truth, scores, weights))


def r2(truth: Truth, scores: Scores, weights: Weights) -> Values:
    """Coefficient of determination, mean over targets.

    A target that is constant in a resample scores 1 if it is predicted exactly and else 0, as
    in scikit-learn's `r2_score`, so that the value is finite.

    Args:
        truth: (clips, targets); NaN where not known.
        scores: (clips, targets), in the unit of the truth.
        weights: (resamples, clips), >= 0.

    Returns:
        (resamples,).
    """
    return mean_of_defined(columns(target_r2, truth, scores, weights))


def key_weighted(truth: Truth, scores: Scores, weights: Weights) -> Values:
    """MIREX weighted key score as `mir_eval` and published tables have it.

    1 for the key, 0.5 for a fifth *above* it, 0.3 for its relative, 0.2 for its parallel.

    Args:
        truth: (clips,) keys.
        scores: (clips, 24).
        weights: (resamples, clips), >= 0.

    Returns:
        (resamples,).
    """
    return _mean(_key_credit(truth, scores), weights)


def key_weighted_both_fifths(truth: Truth, scores: Scores, weights: Weights) -> Values:
    """As `key_weighted`, but a fifth *below* earns 0.5 too: MIREX since 2017."""
    return _mean(_key_credit_both_fifths(truth, scores), weights)


def tempo_accuracy_1(truth: Truth, scores: Scores, weights: Weights) -> Values:
    """Share of clips whose tempo is within 4 % (Gouyon et al., 2006, accuracy 1).

    Args:
        truth: (clips, 1) log2 of beats per minute.
        scores: (clips, 1), likewise.
        weights: (resamples, clips), >= 0.

    Returns:
        (resamples,).
    """
    return _mean(_tempo_hit(truth, scores, (1.0,)), weights)


def tempo_accuracy_2(truth: Truth, scores: Scores, weights: Weights) -> Values:
    """As `tempo_accuracy_1`, but 2, 3, 1/2 and 1/3 times the tempo count too (accuracy 2)."""
    return _mean(_tempo_hit(truth, scores, (1.0, 2.0, 3.0, 1 / 2, 1 / 3)), weights)


def within_one(truth: Truth, scores: Scores, weights: Weights) -> Values:
    """Share of clips whose class is at most one step from the true one, for ordered classes.

    Shapes as in `accuracy`.
    """
    near = np.abs(scores.argmax(axis=1) - truth) <= 1
    return _mean(near.astype(np.float64), weights)


def quadratic_kappa(truth: Truth, scores: Scores, weights: Weights) -> Values:
    """Cohen's kappa with squared distances, for ordered classes (Cohen, 1968); as in `accuracy`.

    A resample in which truth and choice are one and the same class scores 0, as it tells nothing.
    """
    chosen, steps = scores.argmax(axis=1), np.arange(scores.shape[1])
    gap = (chosen - truth).astype(np.float64) ** 2
    total = weights.sum(axis=1)
    true_share = weights @ np.equal(truth[:, None], steps) / total[:, None]
    chosen_share = weights @ np.equal(chosen[:, None], steps) / total[:, None]
    distance = (steps[:, None] - steps) ** 2.0
    expected = np.einsum("ri,ij,rj->r", true_share, distance, chosen_share)
    seen = weights @ gap / total
    apart = np.divide(seen, expected, out=np.ones_like(seen), where=expected > 0)
    return np.asarray(1 - apart, dtype=np.float64)


def beat_f(truth: Truth, scores: Scores, weights: Weights) -> Values:
    """F-measure of beats within ± 70 ms, mean over clips (Dixon, 2007), as in `mir_eval`.

    Nothing is trimmed: beats of the first five seconds count, which some published tables leave
    out. It is the mean of the clips' F, not the F of all beats together.

    Args:
        truth: (clips, events) [s]; NaN where a clip has fewer.
        scores: (clips, detections) [s]; NaN where a clip has fewer.
        weights: (resamples, clips), >= 0.

    Returns:
        (resamples,).
    """
    return _mean(f_measure(truth.astype(np.float64), scores, BEAT_TOLERANCE), weights)


ACCURACY = Metric("accuracy", accuracy)
BALANCED_ACCURACY = Metric("balanced accuracy", balanced_accuracy)
ROC_AUC = Metric("ROC-AUC", roc_auc, chance=0.5)
PR_AUC = Metric("PR-AUC", pr_auc)
R2 = Metric("R²", r2, bounds=(float("-inf"), 1.0), chance=0.0)
KEY_WEIGHTED = Metric("weighted score", key_weighted, chance=2 / 24)
KEY_WEIGHTED_MIREX2017 = Metric(
    "weighted score (both fifths)", key_weighted_both_fifths, chance=2.5 / 24
)
KEY_ACCURACY = Metric("key accuracy", accuracy, chance=1 / 24)
TEMPO_ACCURACY_1 = Metric("tempo accuracy 1", tempo_accuracy_1)
TEMPO_ACCURACY_2 = Metric("tempo accuracy 2", tempo_accuracy_2)
WITHIN_ONE = Metric("within one", within_one)
BEAT_F = Metric("beat F", beat_f)
KAPPA = Metric("quadratic kappa", quadratic_kappa, bounds=(-1.0, 1.0), chance=0.0)


@cache
def _key_table(*, both_fifths: bool) -> Values:
    """(24, 24): credit for each true key (row) and estimate (column).

    mir_eval's table; with both fifths its transpose says where the estimate is a fifth below.
    """
    from mir_eval.key import weighted_score

    table = np.array([[weighted_score(a, b) for b in KEYS] for a in KEYS], dtype=np.float64)
    fifth_below = both_fifths & (table.T == FIFTH)
    return np.where(fifth_below, FIFTH, table)


def _members(truth: Truth, scores: Scores) -> Values:
    """(classes, clips): 1 where the clip is of the class."""
    return np.equal(truth, np.arange(scores.shape[1])[:, None]).astype(np.float64)


def _hit(truth: Truth, scores: Scores) -> Values:
    return np.asarray(scores.argmax(axis=1) == truth, dtype=np.float64)


def _key_credit(truth: Truth, scores: Scores) -> Values:
    pairs = truth.astype(np.int64), scores.argmax(axis=1)
    return np.asarray(_key_table(both_fifths=False)[pairs])


def _key_credit_both_fifths(truth: Truth, scores: Scores) -> Values:
    pairs = truth.astype(np.int64), scores.argmax(axis=1)
    return np.asarray(_key_table(both_fifths=True)[pairs])


def _tempo_hit(truth: Truth, scores: Scores, factors: tuple[float, ...]) -> Values:
    octaves = (scores[:, 0] - truth[:, 0])[:, None] - np.log2(factors)
    return np.asarray((np.abs(2.0**octaves - 1) <= TEMPO_TOLERANCE).any(axis=1), dtype=np.float64)


def _mean(credit: Values, weights: Weights) -> Values:
    return ratio(weights @ credit, weights.sum(axis=1))
