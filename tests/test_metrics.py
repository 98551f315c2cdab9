"""Metrics agree with scikit-learn and mir_eval, resample by resample."""

import subprocess
import sys
from collections.abc import Callable

import mir_eval.key
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    cohen_kappa_score,
    r2_score,
    recall_score,
    roc_auc_score,
)

from tasks import Metric, _metrics
from tasks._metrics import (
    ACCURACY,
    BALANCED_ACCURACY,
    KAPPA,
    KEY_ACCURACY,
    KEY_WEIGHTED,
    KEY_WEIGHTED_MIREX2017,
    KEYS,
    PR_AUC,
    R2,
    ROC_AUC,
    TEMPO_ACCURACY_1,
    TEMPO_ACCURACY_2,
    WITHIN_ONE,
)

Array = npt.NDArray[np.float64]

seeds = st.integers(0, 2**32 - 1)


def drawn_tags(seed: int) -> tuple[Array, Array, Array]:
    """Labels, coarse scores with many ties, and the weights of three bootstrap resamples."""
    rng = np.random.default_rng(seed)
    clips, tags = int(rng.integers(8, 60)), int(rng.integers(1, 5))
    truth = (rng.uniform(size=(clips, tags)) < rng.uniform(0.1, 0.9, tags)).astype(float)
    scores = rng.integers(0, int(rng.integers(2, 30)), (clips, tags)) / 10
    weights = rng.multinomial(clips, np.full(clips, 1 / clips), 3).astype(float)
    return truth, scores, weights


def reference(
    score: Callable[..., float], truth: Array, scores: Array, weights: Array, *, negatives: bool
) -> Array:
    """Mean over the tags that a resample has positives (and negatives) of."""
    means = []
    for row in weights:
        values = []
        for tag in range(truth.shape[1]):
            present = set(truth[row > 0, tag])
            if 1.0 in present and (not negatives or 0.0 in present):
                values.append(score(truth[:, tag], scores[:, tag], sample_weight=row))
        means.append(np.mean(values) if values else np.nan)
    return np.array(means)


@given(seeds)
def test_roc_auc_is_scikit_learns(seed: int) -> None:
    truth, scores, weights = drawn_tags(seed)
    expected = reference(roc_auc_score, truth, scores, weights, negatives=True)
    np.testing.assert_allclose(ROC_AUC.function(truth, scores, weights), expected, atol=1e-12)


@given(seeds)
def test_pr_auc_is_scikit_learns(seed: int) -> None:
    truth, scores, weights = drawn_tags(seed)
    expected = reference(average_precision_score, truth, scores, weights, negatives=False)
    np.testing.assert_allclose(PR_AUC.function(truth, scores, weights), expected, atol=1e-12)


@given(seeds)
def test_r2_is_scikit_learns(seed: int) -> None:
    _, _, weights = drawn_tags(seed)
    rng = np.random.default_rng(seed)
    truth = rng.normal(120, 2, size=(weights.shape[1], 2))
    scores = truth + rng.normal(size=truth.shape)
    expected = [r2_score(truth, scores, sample_weight=row) for row in weights]
    np.testing.assert_allclose(R2.function(truth, scores, weights), expected, atol=1e-9)


@given(seeds)
def test_accuracy_is_scikit_learns(seed: int) -> None:
    _, _, weights = drawn_tags(seed)
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, (weights.shape[1],))
    scores = rng.uniform(size=(len(truth), 4))
    guess = scores.argmax(axis=1)
    expected = np.array([accuracy_score(truth, guess, sample_weight=row) for row in weights])
    np.testing.assert_allclose(ACCURACY.function(truth, scores, weights), expected)
    assert KEY_ACCURACY.function is ACCURACY.function


@given(seeds)
def test_balanced_accuracy_is_scikit_learns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = np.arange(60) % 4
    scores = rng.uniform(size=(60, 4))
    weights = rng.integers(0, 3, (5, 60)).astype(float)
    weights[0] *= truth != 2
    expected = [
        recall_score(
            truth,
            scores.argmax(axis=1),
            labels=np.unique(truth[row > 0]),
            average="macro",
            sample_weight=row,
        )
        for row in weights
    ]
    np.testing.assert_allclose(BALANCED_ACCURACY.function(truth, scores, weights), expected)


def mir_evals_credit(true: str, guess: str, *, both: bool) -> float:
    credit: float = mir_eval.key.weighted_score(true, guess)
    below: float = 0.5 * both * (mir_eval.key.weighted_score(guess, true) == 0.5)
    return max(credit, below)


@pytest.mark.parametrize(
    ("metric", "both"), [(KEY_WEIGHTED, False), (KEY_WEIGHTED_MIREX2017, True)]
)
@settings(max_examples=10)
@given(seed=seeds)
def test_key_scores_are_mir_evals(metric: Metric, seed: int, *, both: bool) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 24, 30)
    guess = rng.integers(0, 24, 30)
    credit = [
        mir_evals_credit(KEYS[t], KEYS[g], both=both) for t, g in zip(truth, guess, strict=True)
    ]
    weights = rng.integers(0, 4, (5, 30)).astype(float) + 0.5
    expected = np.array([np.average(credit, weights=row) for row in weights])
    np.testing.assert_allclose(metric.function(truth, np.eye(24)[guess], weights), expected)


def test_a_fifth_below_earns_half_only_under_both_fifths() -> None:
    c_major, f_major = np.array([0]), np.eye(24)[[5]]
    once = np.ones((1, 1))
    assert KEY_WEIGHTED.function(c_major, f_major, once) == 0
    assert KEY_WEIGHTED_MIREX2017.function(c_major, f_major, once) == 0.5
    assert KEY_WEIGHTED.function(c_major, np.eye(24)[[7]], once) == 0.5


@pytest.mark.parametrize("metric", [KEY_ACCURACY, KEY_WEIGHTED, KEY_WEIGHTED_MIREX2017])
def test_the_chance_of_a_key_score_is_that_of_a_uniform_guess(metric: Metric) -> None:
    truth = np.repeat(np.arange(24), 24)
    guess = np.eye(24)[np.tile(np.arange(24), 24)]
    value = metric.function(truth, guess, np.ones((1, 576)))
    np.testing.assert_allclose(value, np.array([metric.chance]))


@pytest.mark.parametrize("metric", [ROC_AUC, PR_AUC])
@settings(max_examples=20)
@given(seed=seeds)
def test_an_unknown_label_is_as_if_the_clip_were_not_there(metric: Metric, seed: int) -> None:
    truth, scores, weights = drawn_tags(seed)
    masked = truth.copy()
    masked[: len(truth) // 2, 0] = np.nan
    rest = slice(len(truth) // 2, None)
    alone = metric.function(truth[rest, :1], scores[rest, :1], weights[:, rest])
    np.testing.assert_array_equal(metric.function(masked[:, :1], scores[:, :1], weights), alone)


@pytest.mark.parametrize("metric", [ROC_AUC, PR_AUC, R2])
def test_a_weight_of_two_is_the_clip_twice(metric: Metric) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, (20, 2)).astype(float)
    scores = rng.uniform(size=(20, 2))
    counts = rng.integers(0, 3, 20)
    repeated = np.repeat(np.arange(20), counts)
    np.testing.assert_allclose(
        metric.function(truth, scores, counts[None].astype(float)),
        metric.function(truth[repeated], scores[repeated], np.ones((1, len(repeated)))),
    )


def test_a_target_that_no_clip_of_a_resample_has_is_left_out_of_the_mean() -> None:
    truth = np.array([[0.0, np.nan], [1.0, np.nan], [np.nan, 3.0]])
    scores = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 3.0]])
    known, both = np.array([[1.0, 1.0, 0.0]]), np.ones((1, 3))
    assert R2.function(truth, scores, known) == pytest.approx(-3.0)
    assert R2.function(truth, scores, both) == pytest.approx((-3.0 + 1.0) / 2)


@pytest.mark.parametrize("metric", [ROC_AUC, PR_AUC])
def test_a_tag_without_positives_is_left_out_of_the_mean(metric: Metric) -> None:
    truth = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    scores = np.array([[0.9, 0.1], [0.5, 0.2], [0.1, 0.3]])
    assert metric.function(truth, scores, np.ones((1, 3))) == 1.0
    assert np.isnan(metric.function(truth[:, 1:], scores[:, 1:], np.ones((1, 3)))).all()


@pytest.mark.parametrize(("guess", "expected"), [(0.1, 1.0), (0.3, 0.0)])
def test_r2_of_a_constant_target_is_finite(guess: float, expected: float) -> None:
    constant = np.full((7, 1), 0.1)
    assert R2.function(constant, np.full((7, 1), guess), np.ones((1, 7))) == expected


@given(st.integers(0, 2**32 - 1))
def test_tempo_accuracies_are_ratios_within_4_percent(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bpm = rng.uniform(40, 240, 30)
    factor = rng.choice([1, 2, 3, 1 / 2, 1 / 3, 1.5], 30) * rng.uniform(0.93, 1.07, 30)
    truth, guess = np.log2(bpm)[:, None], np.log2(bpm * factor)[:, None]
    weights = rng.integers(0, 3, (4, 30)).astype(float) + 1e-9
    for metric, ratios in ((TEMPO_ACCURACY_1, [1]), (TEMPO_ACCURACY_2, [1, 2, 3, 1 / 2, 1 / 3])):
        right = [any(abs(f / ratio - 1) <= 0.04 for ratio in ratios) for f in factor]
        expected = [np.average(right, weights=w) for w in weights]
        np.testing.assert_allclose(metric.function(truth, guess, weights), expected)


@given(st.integers(0, 2**32 - 1))
def test_ordered_classes_are_scored_as_scikit_learn_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, scores = rng.integers(0, 4, 40), rng.random((40, 4))
    weights = np.stack([np.ones(40), rng.integers(0, 3, 40)])
    guess = scores.argmax(1)
    found = KAPPA.function(truth, scores, weights)
    for value, weight in zip(found, weights, strict=True):
        expected = cohen_kappa_score(truth, guess, weights="quadratic", sample_weight=weight)
        assert value == pytest.approx(expected)
    near = [np.average(np.abs(truth - guess) <= 1, weights=w) for w in weights]
    np.testing.assert_allclose(WITHIN_ONE.function(truth, scores, weights), near)


def test_a_single_class_says_nothing_of_agreement() -> None:
    truth, scores = np.zeros(5, dtype=np.int64), np.eye(3)[np.zeros(5, dtype=int)]
    assert KAPPA.function(truth, scores, np.ones((1, 5))) == 0


def test_importing_the_metrics_imports_no_mir_eval() -> None:
    code = (
        "import sys, tasks._metrics; sys.exit('mir_eval' in sys.modules or 'scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert _metrics.KEYS[12] == "C minor"
