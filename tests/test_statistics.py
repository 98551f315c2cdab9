"""Intervals cover, comparisons keep their level, letters say what was found."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import binom, bootstrap, sem, t, ttest_1samp
from statsmodels.stats import contingency_tables
from statsmodels.stats.multitest import multipletests

from bench import intervals, statistics
from tasks._metrics import ACCURACY, BALANCED_ACCURACY, PR_AUC, R2

Array = npt.NDArray[np.float64]


def chosen(classes: npt.NDArray[np.int64]) -> Array:
    """Scores whose highest is the class."""
    return np.eye(int(classes.max()) + 2)[classes]


def hits(correct: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], Array]:
    """Truth and scores that are right exactly where `correct` says."""
    return np.zeros(len(correct), dtype=np.int64), chosen((~correct).astype(np.int64))


def songs(groups: int, clips: int) -> list[str]:
    return [f"song {i:03d}" for i in range(groups) for _ in range(clips)]


def test_weights_are_draws_of_whole_groups_put_together() -> None:
    rng = np.random.default_rng(0)
    groups = [f"song {i}" for i in rng.integers(0, 8, 40)]
    truth = rng.integers(0, 2, (40, 3)).astype(float)
    scores = rng.normal(size=(40, 3))
    weights = statistics.group_weights(groups, resamples=50)
    members = {name: [i for i, g in enumerate(groups) if g == name] for name in groups}
    literal = []
    for row in weights:
        times = {name: int(row[members[name][0]]) for name in members}
        assert sum(times.values()) == len(members)
        drawn = [i for name, count in times.items() for i in members[name] * count]
        once = np.ones((1, len(drawn)))
        literal.append(PR_AUC.function(truth[drawn], scores[drawn], once)[0])
    found = statistics.resampled(PR_AUC, truth, [scores], weights)
    np.testing.assert_allclose(found, literal, rtol=1e-12)


def test_weights_follow_the_names_of_groups_not_the_order_of_clips() -> None:
    groups = songs(12, 3)
    order = np.random.default_rng(1).permutation(len(groups))
    shuffled = statistics.group_weights([groups[i] for i in order])
    np.testing.assert_array_equal(statistics.group_weights(groups)[:, order], shuffled)


def test_tasks_on_other_groups_are_resampled_independently() -> None:
    ours = statistics.group_weights(songs(30, 1))
    others = statistics.group_weights([f"artist {i:03d}" for i in range(30)])
    again = statistics.group_weights(songs(30, 1), seed=1)
    assert abs(np.corrcoef(ours[:, 0], others[:, 0])[0, 1]) < 0.2
    assert not np.array_equal(ours, again)


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


def test_groups_that_differ_in_size_say_less() -> None:
    assert intervals.effective_number(songs(10, 3)) == pytest.approx(10)
    one_large = ["large"] * 91 + [str(i) for i in range(9)]
    assert 1 < intervals.effective_number(one_large) < 1.3


def test_a_variance_is_known_as_well_as_its_own_variance_says() -> None:
    rng = np.random.default_rng(8)
    groups = [str(i) for i in range(400)]
    flat = rng.uniform(size=400)
    assert intervals.degrees_of_freedom(flat, groups) == 399
    heavy = t.rvs(9, size=(2000, 400), random_state=9)
    variances = heavy.var(1, ddof=1)
    simulated = 2 * variances.mean() ** 2 / variances.var()
    found = [intervals.degrees_of_freedom(each, groups) for each in heavy]
    assert np.median(found) == pytest.approx(simulated, rel=0.15)


def test_a_variance_is_never_better_known_than_groups_of_equal_size_would_have_it() -> None:
    uneven = ["large"] * 30 + [str(i) for i in range(30)]
    found = intervals.degrees_of_freedom(np.linspace(0, 1, 31), uneven)
    assert found == intervals.effective_number(uneven) - 1
    assert intervals.degrees_of_freedom(np.array([0.4, 0.6]), ["a", "b"]) == 1
    assert (
        intervals.degrees_of_freedom(np.array([0.0] * 99 + [1.0]), list(map(str, range(100)))) < 3
    )


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
    assert 0 < found.low < found.value < found.high < 1


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


def test_a_perfect_regression_has_no_worst_score_to_open_its_interval_to() -> None:
    truth = np.linspace(0, 1, 20)[:, None]
    found = intervals.estimate(R2, truth, [truth], songs(10, 2))
    assert (found.low, found.value, found.high) == (1.0, 1.0, 1.0)


def test_the_value_is_the_mean_over_seeds_each_of_which_is_kept() -> None:
    one, other = np.arange(40) < 20, np.arange(40) < 30
    truth, first = hits(one)
    found = intervals.estimate(ACCURACY, truth, [first, hits(other)[1]], songs(40, 1))
    assert found.seeds == (0.5, 0.75)
    assert found.value == 0.625
    assert found.low < 0.625 < found.high


def pair(rng: np.random.Generator, gap: float, groups: int) -> float:
    """The p-value between two rows whose accuracies differ by `gap`, songs of 4 clips."""
    ease = rng.uniform(0.4, 0.8, groups)
    names = songs(groups, 4)
    weights = statistics.group_weights(names, resamples=300)
    values, rows = [], []
    for shift in (0.0, gap):
        song = np.clip(ease + shift + rng.normal(0, 0.1, groups), 0, 1)
        truth, scores = hits(rng.uniform(size=4 * groups) < np.repeat(song, 4))
        rows.append(statistics.resampled(ACCURACY, truth, [scores], weights))
        values.append(float(ACCURACY.function(truth, scores, np.ones((1, len(truth))))[0]))
    return float(statistics.paired_p_values(values, rows, groups)[0, 1])


@pytest.mark.parametrize("groups", [20, 60])
def test_equal_rows_are_told_apart_5_times_in_100(groups: int) -> None:
    rng = np.random.default_rng(4)
    rejected = sum(pair(rng, 0.0, groups) <= 0.05 for _ in range(300))
    assert 2 <= rejected <= binom.ppf(0.999, 300, 0.05)


def test_a_gap_of_15_points_is_mostly_seen_on_60_songs() -> None:
    rng = np.random.default_rng(5)
    assert np.mean([pair(rng, 0.15, 60) <= 0.05 for _ in range(60)]) > 0.7


def test_p_values_are_not_smaller_than_the_groups_allow() -> None:
    for groups in (1, 2, 5):
        truth, right = hits(np.full(groups, fill_value=True))
        _, wrong = hits(np.full(groups, fill_value=False))
        weights = statistics.group_weights(songs(groups, 1))
        rows = [statistics.resampled(ACCURACY, truth, [s], weights) for s in (right, wrong)]
        p = statistics.paired_p_values([1.0, 0.0], rows, groups)
        np.testing.assert_allclose(p, [[1, 2.0 ** (1 - groups)], [2.0 ** (1 - groups), 1]])


def test_a_row_is_not_different_from_itself() -> None:
    row = np.random.default_rng(6).normal(size=1000)
    np.testing.assert_array_equal(statistics.paired_p_values([0.1, 0.1], [row, row], 50), 1)


def test_a_clear_gap_survives_the_correction_for_many_rows() -> None:
    rng = np.random.default_rng(7)
    shared = rng.normal(0, 0.01, 1000)
    values = [0.9, *(0.5 + 0.001 * i for i in range(11))]
    rows = [value + shared + rng.normal(0, 0.005, 1000) for value in values]
    found = statistics.ties(values, rows, groups=100)
    assert found[0] == "a"
    assert set(found[1:]) == {"b"}


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_is_statsmodels(p: list[float]) -> None:
    if p:
        expected = multipletests(p, method="holm")[1]
        np.testing.assert_allclose(statistics.holm(p), expected)
    else:
        assert statistics.holm(p).size == 0


@settings(max_examples=200)
@given(st.integers(1, 8), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_rows_share_a_letter_exactly_if_they_are_not_different(
    rows: int, density: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.uniform(size=(rows, rows)) < density, 1)
    different = upper | upper.T
    values = rng.integers(0, 5, rows).astype(float)
    found = statistics.letters(values.tolist(), different)
    assert all(found)
    assert "a" in found[int(values.argmax())]
    for i in range(rows):
        for j in range(i):
            assert bool(set(found[i]) & set(found[j])) != different[i, j]


def test_a_mean_rank_has_the_t_interval_of_scipy() -> None:
    by_task = [1.0, 2.5, 4.0, 2.0, 1.5]
    found = statistics.mean_rank(by_task, 9)
    interval = ttest_1samp(by_task, 0).confidence_interval(0.95)
    assert found == pytest.approx((2.2, max(1.0, interval.low), interval.high))
    assert statistics.mean_rank([2.0], 9) == (2.0, 1.0, 9.0)
    assert statistics.ranks([0.2, 0.9, 0.2]).tolist() == [2.5, 1.0, 2.5]


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_mcnemar_is_statsmodels(pairs: list[tuple[bool, bool]]) -> None:
    one, other = zip(*pairs, strict=True)
    table = np.zeros((2, 2))
    np.add.at(table, (np.array(one, int), np.array(other, int)), 1)
    expected = contingency_tables.mcnemar(table, exact=True).pvalue
    assert statistics.mcnemar(one, other) == pytest.approx(expected)


def test_the_detectable_difference_is_detected_80_times_in_100() -> None:
    """Accuracies of paired rows on 300 songs that differ by exactly that much."""
    rng = np.random.default_rng(0)
    groups, noise = 300, 0.4
    gap = 2.81 * noise * math.sqrt(2 / groups)  # the normal approximation
    weights = statistics.group_weights([str(n) for n in range(groups)])
    seen, predicted = 0, []
    for _ in range(200):
        rows = rng.normal(0, noise, (2, groups)) + np.array([[gap], [0.0]])
        samples = [weights @ row / groups for row in rows]
        predicted.append(statistics.detectable(samples, groups))
        p = statistics.paired_p_values(rows.mean(1).tolist(), samples, groups)
        seen += p[0, 1] <= 0.05
    assert np.mean(predicted) == pytest.approx(gap, rel=0.05)
    assert 0.73 <= seen / 200 <= 0.87
    assert math.isnan(statistics.detectable(samples[:1], groups))


def test_a_resample_without_a_value_is_left_out() -> None:
    rows = [np.array([np.nan, 0.2]), np.array([np.nan, 0.1]), np.array([0.5, np.nan])]
    p = statistics.paired_p_values([0.2, 0.1], rows[:2], 30)
    assert np.isfinite(p).all()
