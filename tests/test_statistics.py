"""Comparisons keep their level, letters say what was found."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, ttest_1samp
from statsmodels.stats import contingency_tables
from statsmodels.stats.multitest import multipletests

from bench import statistics
from tasks._metrics import ACCURACY, PR_AUC
from tests.answers import hits, songs


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
    return float(statistics.paired_p_values(values, rows, names)[0, 1])


@pytest.mark.parametrize("groups", [20, 60])
def test_equal_rows_are_told_apart_5_times_in_100(groups: int) -> None:
    rng = np.random.default_rng(4)
    rejected = sum(pair(rng, 0.0, groups) <= 0.05 for _ in range(300))
    assert 2 <= rejected <= binom.ppf(0.999, 300, 0.05)


def test_groups_that_differ_in_size_say_less() -> None:
    assert statistics.effective_number(songs(10, 3)) == 10
    one_large = ["large"] * 91 + [str(i) for i in range(9)]
    assert 1 < statistics.effective_number(one_large) < 1.3
    assert statistics.effective_number(["alone"] * 4) == 1


def test_what_is_told_apart_on_equal_groups_may_not_be_on_unequal_ones() -> None:
    rng = np.random.default_rng(8)
    rows = [value + rng.normal(0, 0.01, 1000) for value in (0.54, 0.5)]
    equal, unequal = songs(12, 3), ["large"] * 25 + songs(11, 1)
    assert statistics.ties([0.54, 0.5], rows, equal) == ["a", "b"]
    assert statistics.ties([0.54, 0.5], rows, unequal) == ["a", "a"]
    assert statistics.difference((0.54, 0.5), (rows[0], rows[1]), equal)[1] > 0
    assert statistics.difference((0.54, 0.5), (rows[0], rows[1]), unequal)[1] < 0
    assert statistics.detectable(rows, unequal) > statistics.detectable(rows, equal)
    nearly_one = ["large"] * 1000 + ["small"]
    assert -10 < statistics.difference((0.54, 0.5), (rows[0], rows[1]), nearly_one)[1] < -1
    assert 1 < statistics.detectable(rows, nearly_one) < 10


@pytest.mark.parametrize("number", [5.0, 12.0])
def test_an_error_by_resamples_is_unbiased(number: float) -> None:
    rng = np.random.default_rng(9)
    groups = songs(int(number), 1)
    weights = statistics.group_weights(groups, resamples=2000)
    drawn = [weights @ rng.normal(size=len(groups)) / len(groups) for _ in range(2000)]
    variance = np.mean([statistics.standard_error(each, number) ** 2 for each in drawn])
    assert variance == pytest.approx(1 / number, rel=0.05)
    assert math.isnan(statistics.standard_error(drawn[0], 1.0))


def test_a_gap_of_15_points_is_mostly_seen_on_60_songs() -> None:
    rng = np.random.default_rng(5)
    assert np.mean([pair(rng, 0.15, 60) <= 0.05 for _ in range(60)]) > 0.7


def test_p_values_are_not_smaller_than_the_groups_allow() -> None:
    for groups in (1, 2, 5):
        truth, right = hits(np.full(groups, fill_value=True))
        _, wrong = hits(np.full(groups, fill_value=False))
        names = songs(groups, 1)
        weights = statistics.group_weights(names)
        rows = [statistics.resampled(ACCURACY, truth, [s], weights) for s in (right, wrong)]
        p = statistics.paired_p_values([1.0, 0.0], rows, names)
        np.testing.assert_allclose(p, [[1, 2.0 ** (1 - groups)], [2.0 ** (1 - groups), 1]])


def test_a_row_is_not_different_from_itself() -> None:
    row = np.random.default_rng(6).normal(size=1000)
    p = statistics.paired_p_values([0.1, 0.1], [row, row], songs(50, 1))
    np.testing.assert_array_equal(p, 1)


def test_a_clear_gap_survives_the_correction_for_many_rows() -> None:
    rng = np.random.default_rng(7)
    shared = rng.normal(0, 0.01, 1000)
    values = [0.9, *(0.5 + 0.001 * i for i in range(11))]
    rows = [value + shared + rng.normal(0, 0.005, 1000) for value in values]
    found = statistics.ties(values, rows, songs(100, 1))
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


def test_letters_do_not_run_out() -> None:
    found = statistics.letters(np.arange(60.0).tolist(), ~np.eye(60, dtype=bool))
    assert len(set(found)) == 60
    assert {"a", "Z", "a1", "h1"} <= set(found)


def test_a_mean_rank_has_the_t_interval_of_scipy() -> None:
    by_task = [1.0, 2.5, 4.0, 2.0, 1.5]
    found = statistics.mean_rank(by_task, 9)
    interval = ttest_1samp(by_task, 0).confidence_interval(0.95)
    assert found == pytest.approx((2.2, max(1.0, interval.low), interval.high))
    assert statistics.mean_rank([2.0], 9) == (2.0, 1.0, 9.0)
    mean, low, high = statistics.mean_rank([2.0] * 4, 9)
    assert (mean, low, high) == pytest.approx(
        (2, 2 - 3.182 / 48**0.5, 2 + 3.182 / 48**0.5), abs=1e-3
    )
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
    names = songs(groups, 1)
    weights = statistics.group_weights(names)
    seen, predicted = 0, []
    for _ in range(200):
        rows = rng.normal(0, noise, (2, groups)) + np.array([[gap], [0.0]])
        samples = [weights @ row / groups for row in rows]
        predicted.append(statistics.detectable(samples, names))
        p = statistics.paired_p_values(rows.mean(1).tolist(), samples, names)
        seen += p[0, 1] <= 0.05
    assert np.mean(predicted) == pytest.approx(gap, rel=0.05)
    assert 0.73 <= seen / 200 <= 0.87
    assert math.isnan(statistics.detectable(samples[:1], names))


def test_a_resample_without_a_value_is_left_out() -> None:
    rows = [np.array([np.nan, 0.2]), np.array([np.nan, 0.1]), np.array([0.5, np.nan])]
    p = statistics.paired_p_values([0.2, 0.1], rows[:2], songs(30, 1))
    assert np.isfinite(p).all()
