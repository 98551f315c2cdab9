"""The report of the same-backbone study says what its records say."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from bench import statistics
from bench.pretrain import reading
from bench.registry import Registry
from leaderboard import records
from studies.same_backbone import evidence, figures, page
from studies.same_backbone import reading as why
from studies.same_backbone.comparing import tables
from studies.same_backbone.evidence import Evidence
from studies.same_backbone.plan import ABLATION, CORE, NOISE, PARTS, RANDOM, SIZE, Name, Part
from studies.same_backbone.running import RECIPES
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
