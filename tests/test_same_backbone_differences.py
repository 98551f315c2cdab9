"""How trainings of one trunk are told apart: by errors over clips and over pre-training seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel
from statsmodels.formula.api import ols

from bench import statistics
from bench.statistics import Samples
from studies.same_backbone import evidence
from studies.same_backbone.evidence import Gap, Scores
from tests.answers import songs

pytestmark = pytest.mark.no_cover


def scores(values: Mapping[int, float], samples: Mapping[int, Samples], groups: int) -> Scores:
    return Scores(values, samples, dict.fromkeys(values, "pool"), songs(groups, 1))


def test_of_two_trainings_without_chance_over_clips_the_test_is_a_paired_t_test() -> None:
    one, two = (0.5, 0.7, 0.6, 0.9), (0.4, 0.5, 0.6, 0.6)
    first, second = (
        scores(dict(enumerate(each)), {s: np.full(50, x) for s, x in enumerate(each)}, 30)
        for each in (one, two)
    )
    found = evidence.gap(first, second, evidence.over_seeds([first, second]))
    assert found.value == pytest.approx(np.mean(np.subtract(one, two)))
    assert found.over_clips == pytest.approx(0, abs=1e-12)
    assert found.p == pytest.approx(ttest_rel(one, two).pvalue)


def test_the_spread_over_seeds_is_the_residual_of_a_two_way_analysis_of_variance() -> None:
    rng = np.random.default_rng(2)
    values = 0.5 + rng.normal(0, 0.1, 3) + rng.normal(0, 0.02, (5, 3))
    made = [scores(dict(enumerate(row)), {}, 9) for row in values]
    table = pd.DataFrame(
        [(t, s, value) for (t, s), value in np.ndenumerate(values)], columns=["row", "seed", "y"]
    )
    fitted = ols("y ~ C(row) + C(seed)", table).fit()
    found = evidence.over_seeds(made)
    assert found is not None
    assert found.freedom == fitted.df_resid == 8
    assert found.variance == pytest.approx(fitted.mse_resid)
    one_seed = scores({1: 0.9}, {}, 9)
    with_one = evidence.over_seeds([*made, one_seed])
    assert with_one is not None
    assert with_one.freedom == 8
    assert with_one.variance == pytest.approx(found.variance)
    assert evidence.over_seeds([one_seed, one_seed]) is None


def test_a_difference_is_seen_from_its_least_size_on() -> None:
    gap = Gap(0.0, 0.02, 0.03, 7.0)
    for tests in (1, 15):
        least = gap.least(tests)
        for size, told in ((1.001, True), (0.999, False)):
            p = [replace(gap, value=size * least).p, *([1.0] * (tests - 1))]
            assert bool(min(statistics.holm(p)) <= evidence.ALPHA) is told


def test_where_no_training_has_two_seeds_the_test_is_the_boards() -> None:
    rng = np.random.default_rng(0)
    one, two = 0.6 + 0.05 * rng.normal(size=(2, 1000))
    found = evidence.gap(scores({0: 0.65}, {0: one}, 40), scores({0: 0.5}, {0: two}, 40), None)
    p = statistics.paired_p_values([0.65, 0.5], [one, two], songs(40, 1))[0, 1]
    assert found.p == pytest.approx(p)
    assert np.isnan(found.over_seeds)


def test_only_seeds_that_both_have_are_compared() -> None:
    flat = np.zeros(10)
    first = scores({0: 0.5, 1: 0.7}, {0: flat, 1: flat}, 9)
    second = scores({1: 0.6, 2: 0.1}, {1: flat, 2: flat}, 9)
    assert evidence.gap(first, second, None).value == pytest.approx(0.1)
    with pytest.raises(ValueError, match="without a pre-training seed in common"):
        evidence.gap(scores({0: 0.5}, {0: flat}, 9), scores({1: 0.5}, {1: flat}, 9), None)


@pytest.mark.parametrize(("over_clips", "over_seeds"), [(0.03, 0.03), (0.05, 0.0), (0.0, 0.05)])
def test_equal_trainings_are_told_apart_as_seldom_as_promised(
    over_clips: float, over_seeds: float
) -> None:
    rng, times = np.random.default_rng(1), 1000
    told = [_equal(rng, over_clips, [over_seeds] * 5) for _ in range(times)]
    assert np.mean(told) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / times)


def test_trainings_that_vary_unlike_each_other_are_told_apart_twice_as_often_at_most() -> None:
    rng, times = np.random.default_rng(1), 1000
    unlike = [0.004, 0.056, 0.04, 0.068, 0.019]
    told = [_equal(rng, 0.02, unlike) for _ in range(times)]
    assert np.mean(told) <= 0.1


def _equal(rng: np.random.Generator, over_clips: float, over_seeds: Sequence[float]) -> bool:
    """Whether any two of five trainings of one true score are told apart; one has one seed.

    The draw of clips moves all seeds of a training alike.
    """
    made, groups = [], 200
    for deviation, seeds in zip(over_seeds, (3, 3, 3, 3, 1), strict=True):
        clips = rng.normal(0, over_clips, 201)
        values = {seed: clips[0] + rng.normal(0, deviation) for seed in range(seeds)}
        made.append(scores(values, dict.fromkeys(range(seeds), clips[1:]), groups))
    varying = evidence.over_seeds(made)
    gaps = [evidence.gap(one, two, varying) for one, two in combinations(made, 2)]
    return bool(min(statistics.holm([gap.p for gap in gaps])) <= evidence.ALPHA)
