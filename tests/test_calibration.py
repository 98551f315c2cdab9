"""The small study holds, and fails where a mistake is planted."""

import re
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from bench import data, intervals, statistics
from bench.probes import mlp
from studies.calibration import __main__ as study
from studies.calibration import comparisons, coverage, examples, invariance, page, selection
from studies.calibration.examples import Data, Size
from studies.calibration.findings import Cell, Finding, Part, Verdict, load, save
from studies.calibration.worlds import LEVELS, WORLDS, Design
from tasks import Clip, Kind, Split, Task, Weights

SMALL = {f"{part.name}-{i}": cell for part in study.PARTS for i, cell in enumerate(part.small)}


pytestmark = [pytest.mark.no_cover, pytest.mark.usefixtures("one_thread")]


def verdicts(findings: Sequence[Finding]) -> set[Verdict]:
    return {finding.verdict for finding in findings}


@cache
def unharmed(cell: Cell) -> set[Verdict]:
    return verdicts(cell.measure())


@pytest.mark.parametrize("cell", SMALL.values(), ids=SMALL)
def test_the_small_study_holds(cell: Cell) -> None:
    assert unharmed(cell) == {Verdict.PASSED}


def test_intervals_that_ignore_groups_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = coverage.PART.small[0]
    assert unharmed(cell) == {Verdict.PASSED}
    of_groups = intervals.left_out

    def of_clips(groups: Sequence[str]) -> Weights:
        return of_groups([f"{group} {place}" for place, group in enumerate(groups)])

    monkeypatch.setattr(intervals, "left_out", of_clips)
    (finding,) = cell.measure()
    assert finding.verdict is Verdict.FAILED
    assert finding.measured < finding.bounds[0]


def test_a_validation_set_that_contains_test_clips_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    (cell,) = selection.NOISE.small
    assert unharmed(cell) == {Verdict.PASSED}
    honest = examples.drawn

    def leaking(kind: Kind, size: Size, signal: float, rng: np.random.Generator) -> Data:
        drawn = honest(kind, size, signal, rng)
        x, y = drawn.x[Split.TEST], drawn.y[Split.TEST]
        return Data(kind, {**drawn.x, Split.VALIDATION: x}, {**drawn.y, Split.VALIDATION: y})

    monkeypatch.setattr(examples, "drawn", leaking)
    test, validation = cell.measure()
    assert test.verdict is Verdict.FAILED
    assert test.measured > test.bounds[1]
    assert validation.verdict is Verdict.PASSED


def test_the_last_epoch_instead_of_the_best_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    (cell,) = selection.CHECKPOINT.small
    assert unharmed(cell) == {Verdict.PASSED}
    monkeypatch.setattr(mlp, "_copy", lambda network: network.state_dict())
    (finding,) = cell.measure()
    assert finding.verdict is Verdict.FAILED
    assert finding.measured < 0


def test_labels_that_are_not_permuted_do_not_score_at_chance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(examples, "with_permuted_labels", lambda data, _rng: data)
    (finding,) = selection.permuted(Kind.MULTICLASS, trials=6, repetitions=6)
    assert finding.measured > finding.bounds[1]


def test_pairs_of_rows_that_are_not_corrected_for_their_number_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cell = comparisons.PART.small[0]
    assert unharmed(cell) == {Verdict.PASSED}
    monkeypatch.setattr(statistics, "holm", np.asarray)
    assert verdicts(cell.measure()) == {Verdict.FAILED}


def test_comparisons_that_take_large_groups_for_small_ones_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cell = comparisons.PART.small[1]
    assert unharmed(cell) == {Verdict.PASSED}
    monkeypatch.setattr(statistics, "effective_number", lambda groups: float(len({*groups})))
    assert verdicts(cell.measure()) == {Verdict.FAILED}


def test_probes_that_follow_the_order_of_a_listing_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    (cell,) = invariance.PART.small
    assert unharmed(cell) == {Verdict.PASSED}

    def unsorted(task: Task, place: Path) -> list[Clip]:
        return list(task.clips(place))

    monkeypatch.setattr(data, "clips", unsorted)
    assert Verdict.FAILED in verdicts(cell.measure())


@pytest.mark.parametrize("name", WORLDS)
def test_the_true_score_is_that_of_a_large_test_set(name: str) -> None:
    for level in LEVELS[name]:
        world, rng = WORLDS[name](level), np.random.default_rng(0)
        owners = Design(40_000).owners(rng)
        truth, scores = world.draw(rng, owners)
        found = world.metric.function(truth, scores, np.ones((1, len(owners))))
        assert found[0] == pytest.approx(world.value, abs=0.01)


def test_clips_of_a_song_are_correlated() -> None:
    rng = np.random.default_rng(1)
    owners = np.repeat(np.arange(20_000), 2)
    truth, scores = WORLDS["accuracy"](0.7).draw(rng, owners)
    right = (scores.argmax(1) == truth).reshape(-1, 2)
    assert np.corrcoef(right.T)[0, 1] == pytest.approx(0.5, abs=0.03)


def test_an_interrupted_study_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--small", "--jobs", "1", "--parts", "checkpoint", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["calibration", *words])
    for known in (0, 1):
        with pytest.raises(SystemExit) as ended:
            study.main()
        assert ended.value.code == 0
        printed = capsys.readouterr().out
        assert printed.startswith(f"{known} of 1 results are in {tmp_path}\n")
        assert ("pass  the best epoch is kept" in printed) == (not known)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_claim_that_does_not_hold_ends_the_command_with_1_and_is_bold_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cell,) = selection.CHECKPOINT.small
    bad = Finding("kept", -0.25, (-0.5, 0.0), (-1e-9, 1e-9), {"epochs": 7.0})
    save([bad], cell.path(tmp_path))
    assert load(cell.path(tmp_path)) == [bad]
    words = ["--small", "--parts", "checkpoint", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["calibration", *words])
    with pytest.raises(SystemExit) as ended:
        study.main()
    assert ended.value.code == 1
    shown = page.render([(selection.CHECKPOINT, [bad])], "command")
    row = r"\| kept +\| -0.25 +\| \[-0.5, 0\] +\| -1e-09 to 1e-09 \| \*\*fail\*\* +\| 7 +\|"
    assert re.search(row, shown)
    assert re.search(r"\| A network's best epoch is kept \| 0 +\| 1 +\|", shown)


def test_the_committed_page_has_every_part() -> None:
    text = study.PAGE.read_text(encoding="utf-8")
    assert study.COMMAND in text
    for part in study.PARTS:
        assert f"## {part.heading}\n\n{part.about}\n" in text


def test_parts_have_names_of_their_own() -> None:
    parts: Sequence[Part] = study.PARTS
    assert len({part.name for part in parts}) == len(parts)
