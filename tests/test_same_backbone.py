"""The report of the same-backbone study says what its records say."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel
from statsmodels.formula.api import ols

from bench import statistics
from bench.pretrain import reading
from bench.registry import Registry
from bench.statistics import Samples
from leaderboard import records
from studies.same_backbone import evidence, figures, page
from studies.same_backbone import reading as why
from studies.same_backbone.comparing import tables
from studies.same_backbone.evidence import Evidence, Gap, Scores
from studies.same_backbone.plan import ABLATION, CORE, NOISE, PARTS, RANDOM, SIZE, Name, Part
from studies.same_backbone.running import RECIPES
from tests.answers import songs
from tests.boards import put
from tests.study import STEPS, cells, put_training

pytestmark = pytest.mark.no_cover

LEVELS = {"random": 0.6, "supervised": 0.95, "simclr": 0.6, "mulap": 0.3}
TASKS = ("toys/one", "toys/two")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Made-up records of four trainings with two seeds on two tasks, and a fifth that stopped."""
    for label, right in LEVELS.items():
        for seed in (0, 1):
            name = Name(label, 0 if label == RANDOM else STEPS, seed)
            put_training(tmp_path, name)
            for task in TASKS:
                put(tmp_path / "board", str(name), task, right)
    put_training(tmp_path, Name("vicreg", STEPS, 0), finished=False)
    return tmp_path


def value(results: Path, name: str, task: str) -> float:
    """The score in a record."""
    place = records.place(results / "board" / "results", "tuned-v1", task, name)
    return records.read(place).primary.value


def test_the_page_has_the_means_of_the_records(results: Path, known: Registry) -> None:
    text = page.render(evidence.load(results, known))
    for label in LEVELS:
        steps = 0 if label == RANDOM else STEPS
        row = next(row for row in cells(text, label) if len(row) == 2 + len(TASKS))
        for task, cell in zip(TASKS, row[2:], strict=True):
            values = [100 * value(results, f"{label}-{steps}-{seed}", task) for seed in (0, 1)]
            found = re.fullmatch(r"\*\*(.*)\*\*<br><sub>clips (.*), seeds (.*)</sub>", cell)
            assert found
            mean, _, deviation = map(float, found.groups())
            expected = (np.mean(values), np.std(values, ddof=1))
            assert (mean, deviation) == pytest.approx(expected, abs=0.051)


def test_text_follows_the_numbers(results: Path, known: Registry) -> None:
    text = page.render(evidence.load(results, known))
    both = f"2: {', '.join(TASKS)}"
    assert cells(text, "supervised against random") == [
        ["supervised against random", both, "0", "0"]
    ]
    assert cells(text, "mulap against random") == [["mulap against random", "0", both, "0"]]
    assert cells(text, "simclr against random") == [["simclr against random", "0", "0", both]]
    assert [row[1].split()[0] for row in cells(text, "toys/one")] == ["supervised"]
    order = re.search(r"By mean rank over the tasks: (\S+) 1.0, .*, (\S+) 4.0\.", text)
    assert order
    assert order.groups() == ("supervised", "mulap")


def test_the_page_says_what_has_been_run(results: Path, known: Registry) -> None:
    text = page.render(evidence.load(results, known))
    (core,) = cells(text, "core")
    assert core[1:] == [
        "4",
        "random 2, supervised 2, simclr 2, mulap 2; the other 2 not run",
        "`python -m studies.same_backbone core --steps 4 --seeds 2`",
    ]
    for part in ("ablation", "noise", "size"):
        assert cells(text, part)[0][1] == "not run"
    assert "- vicreg-4-0 has not ended: 2 steps are done" in text
    rows = cells(text, "mulap")
    assert ["mulap", "8", "2", "2, 2", "0.5"] in rows


def test_page_and_figures_do_not_depend_on_the_order_of_records(
    results: Path, known: Registry, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = evidence.load(results, known)
    drawn = figures.draw(before)
    assert set(drawn) == {"core-4-scores.svg", "core-4-curves.svg"}
    assert b"supervised" in drawn["core-4-scores.svg"]
    copy = tmp_path_factory.mktemp("copy")
    paths = [path for path in results.rglob("*") if path.is_file()]
    for index in np.random.default_rng(0).permutation(len(paths)):
        place = copy / paths[index].relative_to(results)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(paths[index].read_bytes())
    after = evidence.load(copy, known)
    assert page.render(after) == page.render(before)
    assert figures.draw(after) == drawn


def test_an_empty_study_has_a_page(tmp_path: Path, known: Registry) -> None:
    nothing = evidence.load(tmp_path, known)
    assert [cells(page.render(nothing), part)[0][1] for part in PARTS] == ["not run"] * 4
    assert figures.draw(nothing) == {}


def test_half_a_row_of_a_log_is_passed_over(results: Path, known: Registry) -> None:
    log = results / "trainings" / "mulap-4-0" / "log.jsonl"
    with log.open("a") as file:
        file.write('{"step": 5, "lo')
    assert len(evidence.load(results, known).logs[Name("mulap", 4, 0)]) == 4


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


def test_p_values_are_corrected_for_all_comparisons_of_a_task(
    results: Path, known: Registry
) -> None:
    (table,) = tables(CORE, evidence.load(results, known))
    for task in TASKS:
        gaps = table.gaps[task]
        assert set(gaps) == {(one, two) for one, two in CORE.pairs if {one, two} <= set(LEVELS)}
        expected = statistics.holm([gap.p for gap in gaps.values()])
        assert list(table.p[task].values()) == pytest.approx(expected)


def test_a_part_that_shares_its_bases_with_the_core_is_not_run_by_it(
    results: Path, known: Registry
) -> None:
    found: Evidence = evidence.load(results, known)
    assert [tables(part, found) for part in (ABLATION, NOISE, SIZE)] == [[], [], []]
    for label in ("mulap-swapped-50", "mulap-swapped-100"):
        put(results / "board", f"{label}-{STEPS}-0", "toys/one", 0.5)
    more = evidence.load(results, known)
    (noise,) = tables(NOISE, more)
    assert set(noise.pairs()) >= {("mulap-swapped-50", "mulap"), ("mulap-swapped-50", RANDOM)}
    assert b"swapped captions [%]" in figures.draw(more)["noise-4-scores.svg"]


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_every_training_of_a_part_can_be_followed(part: Part) -> None:
    labels = [training.label for training in part.trainings]
    assert labels[0] == RANDOM
    assert len(set(labels)) == len(labels)
    assert {label for pair in part.pairs for label in pair} == set(labels)
    assert set(part.points) <= set(labels)
    made = []
    for training in part.trainings[1:]:
        name = training.name(7, 1)
        assert Name.parse(str(name)) == name
        file = RECIPES / f"{training.recipe}.toml"
        made.append(reading.load(file, changes=[f"name={name}", *training.changes]))
    plain = {reading.text(reading.load(None, changes=["name=x"])) for _ in made}
    assert len({reading.text(recipe) for recipe in made} | plain) == len(made) + 1


def put_layers(results: Path, name: str, task: str, by_layer: Mapping[str, float]) -> None:
    """A record of `layers-v1` beside that of `tuned-v1`."""
    put(results / "board", name, task, 0.6, protocol="layers-v1", variants=by_layer)


def test_layers_are_those_of_the_records(results: Path, known: Registry) -> None:
    for name, front in ((f"{RANDOM}-0-0", 0.25), (f"mulap-{STEPS}-0", 0.5)):
        put_layers(results, name, TASKS[0], {"pool": 0.75, "front": front})
    text = page.render(evidence.load(results, known))
    rows = [row for row in cells(text, "mulap") if row[1] in {"front", "pool", "cnn1"}]
    assert [row[:3] for row in rows] == [
        ["mulap", "front", "50.0"],
        ["mulap", "cnn1", "–"],
        ["mulap", "pool", "75.0"],
    ]
    assert f"core-{STEPS}-layers.svg" in figures.draw(evidence.load(results, known))
    assert cells(text, "layers") == [
        ["layers", str(STEPS), "mulap 1", f"`{page.COMMAND} layers --steps {STEPS}`"]
    ]


def test_what_longer_training_changes(results: Path, known: Registry) -> None:
    assert "What longer training changes" not in page.render(evidence.load(results, known))
    for seed in (0, 1):
        put_training(results, Name("mulap", 2 * STEPS, seed))
        put(results / "board", f"mulap-{2 * STEPS}-{seed}", TASKS[0], 0.95)
    text = page.render(evidence.load(results, known))
    section = text[text.index("What longer training changes") :]
    (row,) = cells(section[: section.index("\n## ", 10)], "mulap")
    shorter, longer = row[1].split("<br>")
    assert shorter.startswith(("-", "**-"))
    assert longer.startswith("+")


def test_reasons_follow_the_curves() -> None:
    def log(name: str, values: Sequence[float]) -> list[dict[str, object]]:
        return [
            {"step": n + 1, "loss": 1.0, name: 1.0, "validation": {"loss": x, name: x}}
            for n, x in enumerate(values)
        ]

    found = tables(CORE, Evidence({}, {("simclr", 4): {}}, {}, frozenset(), {}))
    assert found
    cases = {
        "atm": ([0.7, 0.7, 0.69, 0.69], "a guess has 0.693: it was not learned"),
        "mlm": ([5.0, 4.98, 4.97, 4.96], "`mlm` hardly falls"),
        "mam": ([4.0, 3.0, 2.0, 1.0], "it was still learning"),
        "contrastive": ([2.0, 3.0, 3.5, 4.0], "it overfitted"),
    }
    for term, (values, said) in cases.items():
        name = Name("simclr", 4, 0)
        known = Evidence({}, {("simclr", 4): {}}, {name: log(term, values)}, frozenset({name}), {})
        (text,) = why.reasons(tables(CORE, known)[0], known)
        assert said in text, text
