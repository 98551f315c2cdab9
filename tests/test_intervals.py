"""Intervals hold the truth as often as they say, if groups are kept together."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import binom, binomtest, bootstrap, sem, t

from bench import intervals
from bench.statistics import effective_number
from tasks._metrics import ACCURACY, BALANCED_ACCURACY, KAPPA, R2, ROC_AUC
from tests.answers import chosen, hits, songs


def test_of_many_clips_the_interval_is_that_of_scipys_bootstrap() -> None:
    correct = np.random.default_rng(2).uniform(size=200) < 0.7
    truth, scores = hits(correct)
    found = intervals.estimate(ACCURACY, truth, [scores], [str(i) for i in range(200)])
    theirs = bootstrap(
        (correct.astype(float),), np.mean, method="percentile", rng=0, n_resamples=20_000
    ).confidence_interval
    assert found.value == pytest.approx(correct.mean())
    assert found.low == pytest.approx(theirs.low, abs=0.011)
    assert found.high == pytest.approx(theirs.high, abs=0.011)


def test_the_error_is_that_of_the_mean_over_groups() -> None:
    ease = np.random.default_rng(5).uniform(size=(12, 1))
    correct = np.random.default_rng(6).uniform(size=(12, 5)) < ease
    truth, scores = hits(correct.ravel())
    found = intervals.estimate(ACCURACY, truth, [scores], songs(12, 5))
    error = sem(correct.mean(1))
    assert found.error == pytest.approx(error)
    half = t.ppf(0.975, 11) * error / (found.value * (1 - found.value))
    assert (found.low, found.high) == pytest.approx(
        expit(logit(found.value) + np.array([-half, half]))
    )


def test_a_regression_has_an_open_scale_with_one_end() -> None:
    rng = np.random.default_rng(7)
    truth = rng.normal(size=(40, 1))
    found = intervals.estimate(R2, truth, [0.5 * truth + rng.normal(size=(40, 1))], songs(10, 4))
    half = t.ppf(0.975, 9) * found.error / (1 - found.value)
    ends = 1 - np.exp(np.log(1 - found.value) + np.array([half, -half]))
    assert (found.low, found.high) == pytest.approx(ends)


def test_where_one_group_decides_a_regression_its_interval_has_ends() -> None:
    rng = np.random.default_rng(9)
    truth = np.concatenate([rng.normal(size=(40, 1)), [[1e4]]])
    found = intervals.estimate(
        R2, truth, [truth + rng.normal(size=(41, 1))], list(map(str, range(41)))
    )
    plain = found.value - t.ppf(0.975, 1) * found.error
    assert plain - 1e-9 <= found.low < found.value < found.high <= 1


def test_a_variance_is_known_as_well_as_its_own_variance_says() -> None:
    rng = np.random.default_rng(8)
    groups = [str(i) for i in range(400)]
    assert intervals.degrees_of_freedom(rng.uniform(size=400), 0.5, R2, groups) == 399
    heavy = t.rvs(9, size=(2000, 400), random_state=9)
    variances = heavy.var(1, ddof=1)
    simulated = 2 * variances.mean() ** 2 / variances.var()
    found = [intervals.degrees_of_freedom(each, 0.5, R2, groups) for each in heavy]
    assert np.median(found) == pytest.approx(simulated, rel=0.15)


def test_a_variance_is_never_better_known_than_groups_of_equal_size_would_have_it() -> None:
    uneven = ["large"] * 30 + [str(i) for i in range(30)]
    found = intervals.degrees_of_freedom(np.linspace(0, 1, 31), 0.5, ACCURACY, uneven)
    assert found == effective_number(uneven) - 1
    assert intervals.degrees_of_freedom(np.array([0.4, 0.6]), 0.5, ACCURACY, ["a", "b"]) == 1
    one_decides = np.array([0.0] * 99 + [1.0])
    assert intervals.degrees_of_freedom(one_decides, 0.5, ACCURACY, list(map(str, range(100)))) < 3


@pytest.mark.parametrize("clips", [20, 60, 216])
@pytest.mark.parametrize("wrong", [1, 2, 3, 6])
def test_a_share_near_its_best_has_an_interval_like_the_exact_one(wrong: int, clips: int) -> None:
    truth, scores = hits(np.arange(clips) >= wrong)
    found = intervals.estimate(ACCURACY, truth, [scores], list(map(str, range(clips))))
    exact = binomtest(clips - wrong, clips).proportion_ci()
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=2 / clips)


def test_of_very_many_groups_several_are_left_out_at_once() -> None:
    weights = intervals.left_out(songs(1000, 2), blocks=50)
    assert weights.shape == (50, 2000)
    assert ((weights == 0).sum(0) == 1).all()
    assert (weights.reshape(50, 1000, 2)[..., 0] == weights.reshape(50, 1000, 2)[..., 1]).all()
    assert set((weights == 0).sum(1)) == {40}


def test_a_class_of_one_group_is_left_out_of_one_replicate_only() -> None:
    truth = np.array([0, 0, 0, 0, 1, 1])
    scores = chosen(truth ^ [0, 1, 0, 0, 0, 1])
    found = intervals.estimate(BALANCED_ACCURACY, truth, [scores], list("abcdee"))
    assert 0 < found.low < found.value < found.high <= 1


def covered(groups: Sequence[str], labels: Sequence[str], data_sets: int) -> int:
    """How often the interval holds the true accuracy, for clips that agree within `groups`."""
    rng = np.random.default_rng(3)
    names, member = np.unique(groups, return_inverse=True)
    count = 0
    for _ in range(data_sets):
        ease = rng.beta(2.1, 0.9, len(names))[member]
        truth, scores = hits(rng.uniform(size=len(member)) < ease)
        found = intervals.estimate(ACCURACY, truth, [scores], labels)
        count += found.low <= 0.7 <= found.high
    return count


def test_intervals_hold_the_truth_95_times_in_100_only_if_groups_are_kept() -> None:
    groups = songs(80, 6)
    singles = [str(i) for i in range(len(groups))]
    low, high = binom.interval(0.999, 300, 0.945)
    assert low <= covered(groups, groups, 300) <= high
    assert covered(groups, singles, 100) < 85


@pytest.mark.parametrize(("right", "open_end"), [(True, "low"), (False, "high")])
def test_a_perfect_or_hopeless_score_has_an_interval_all_the_same(
    open_end: str, *, right: bool
) -> None:
    truth, scores = hits(np.full(60, right))
    found = intervals.estimate(ACCURACY, truth, [scores], songs(20, 3))
    exact = 0.025 ** (1 / 20)
    assert found.value == float(right)
    assert getattr(found, open_end) == pytest.approx(exact if right else 1 - exact)
    assert (found.high if right else found.low) == float(right)


def test_groups_that_are_alike_do_not_make_a_score_certain() -> None:
    truth, scores = np.tile([0, 1], 10), chosen(np.zeros(20, dtype=np.int64))
    groups = [str(n // 2) for n in range(20)]
    found = intervals.estimate(ACCURACY, truth, [scores], groups)
    assert found.value == 0.5
    assert found.high - found.low > 0.4


def test_a_regression_that_no_group_changes_counts_from_that_of_the_mean() -> None:
    truth = np.linspace(0, 1, 20)[:, None]
    found = intervals.estimate(R2, truth, [truth], songs(10, 2))
    assert (found.low, found.value, found.high) == pytest.approx((0.025**0.1, 1.0, 1.0))
    one = intervals.estimate(R2, truth, [0.5 * truth], songs(1, 20))
    assert (one.low, one.high) == pytest.approx((one.value - 0.975 * (1 - min(0, one.value)), 1.0))


def test_a_single_group_is_not_left_out() -> None:
    truth = np.arange(20) % 4
    found = intervals.estimate(KAPPA, truth, [chosen(truth // 2)], songs(1, 20))
    assert found.high - found.low > 0.9


def test_a_tag_that_one_group_has_leaves_the_score_open() -> None:
    rng = np.random.default_rng(0)
    truth, scores = np.zeros((100, 1)), rng.uniform(size=(100, 1))
    truth[:2] = 1
    found = intervals.estimate(ROC_AUC, truth, [scores], songs(50, 2))
    assert (found.low, found.high) == (max(0, found.value - 0.975), 1.0)


def test_the_value_is_the_mean_over_seeds_each_of_which_is_kept() -> None:
    one, other = np.arange(40) < 20, np.arange(40) < 30
    truth, first = hits(one)
    found = intervals.estimate(ACCURACY, truth, [first, hits(other)[1]], songs(40, 1))
    assert found.seeds == (0.5, 0.75)
    assert found.value == 0.625
    assert found.low < 0.625 < found.high
