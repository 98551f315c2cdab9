"""Two rows, compared as the board compares them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench import board, comparison
from bench.errors import UserError
from bench.registry import Registry, UnknownNameError
from tests.boards import card, put
from tests.commands import LINEAR, bench


def test_a_clear_difference_is_told_from_none(full: Path, known: Registry) -> None:
    found = comparison.compare(full, known, ("alike", "worst"), "tuned-v1")
    assert [each.task for each in found] == ["toys/one", "toys/two"]
    for each in found:
        assert each.low < each.value < each.high
        assert each.low > 0.2
        assert each.p < 0.01
        assert each.mcnemar is None
    for each in comparison.compare(full, known, ("alike", "same"), "tuned-v1"):
        assert each.low < 0 < each.high
        assert each.p > 0.05


def test_it_agrees_with_the_letters_and_turns_round(full: Path, known: Registry) -> None:
    (suite,) = board.suites(full, known)
    letters = {line.name: line.letters["toys/one"] for line in suite.lines}
    for pair in (("alike", "worst"), ("alike", "same")):
        one = comparison.compare(full, known, pair, "tuned-v1")[0]
        assert (one.p <= 0.05) == (letters[pair[0]] != letters[pair[1]])
        back = comparison.compare(full, known, pair[::-1], "tuned-v1")[0]
        assert (back.value, back.low, back.p) == (-one.value, -one.high, one.p)
        assert one.detectable == suite.detectable["toys/one"]


def test_mcnemar_is_asked_where_every_clip_is_a_group(tmp_path: Path, known: Registry) -> None:
    for name, right in (("good", 0.9), ("fair", 0.85), ("bad", 0.5)):
        put(tmp_path, name, "toys/one", right, groups=[str(i) for i in range(120)])
    (clear,) = comparison.compare(tmp_path, known, ("good", "bad"), "tuned-v1")
    (close,) = comparison.compare(tmp_path, known, ("good", "fair"), "tuned-v1")
    assert clear.mcnemar is not None
    assert close.mcnemar is not None
    assert clear.mcnemar < 0.001
    assert close.mcnemar > 0.05


def test_rows_that_share_no_clips_are_not_compared(full: Path, known: Registry) -> None:
    put(full, "fewer", "toys/one", 0.85, clips=slice(100))
    with pytest.raises(
        UserError,
        match="fewer and worst were not scored on the same clips: of toys/one one left out",
    ):
        comparison.compare(full, known, ("fewer", "worst"), "tuned-v1")
    put(full, "other", "toys/two", 0.85)
    with pytest.raises(UserError, match=r"same clips: fewer has rows of toys/one, other of others"):
        comparison.compare(full, known, ("fewer", "other"), "tuned-v1")
    with pytest.raises(UserError, match=r"toys/one, toys/two is not known here; name its file"):
        comparison.compare(full, Registry(), ("alike", "worst"), "tuned-v1")
    with pytest.raises(UserError, match=r"no row of knn-v1; it has those of --protocol tuned-v1$"):
        comparison.compare(full, known, ("alike", "worst"), "knn-v1")
    with pytest.raises(UserError, match=r"has no row of knn-v1; `bench run --board .*` makes some"):
        comparison.compare(full / "empty", known, ("alike", "worst"), "knn-v1")
    with pytest.raises(UnknownNameError, match=r"no row of tuned-v1 on .* is named 'alik'"):
        comparison.compare(full, known, ("alik", "worst"), "tuned-v1")


def test_rows_on_clips_that_most_rows_do_not_share_are_compared_too(
    full: Path, known: Registry
) -> None:
    for name, right in (("fewer", 0.85), ("least", 0.4)):
        put(full, name, "toys/one", right, clips=slice(100))
    (found,) = comparison.compare(full, known, ("fewer", "least"), "tuned-v1")
    assert found.task == "toys/one"
    assert found.p < 0.01


@pytest.mark.parametrize(("number", "floor"), [(3, 0.25), (6, 2**-5), (60, None)])
def test_a_p_that_few_groups_hold_up_is_told(tmp_path: Path, number: int, floor: float) -> None:
    known = Registry()
    known.tasks.add(card("toys/one"), Path(__file__))
    for name, right in (("good", 1.0), ("bad", 0.5)):
        put(tmp_path, name, "toys/one", right, groups=[f"{i % number}" for i in range(120)])
    (found,) = comparison.compare(tmp_path, known, ("good", "bad"), "tuned-v1")
    assert (found.groups, found.floor) == (number, floor)
    assert found.low > 0
    if floor is not None:
        assert found.p == floor


def test_no_difference_is_larger_than_the_metric_allows(tmp_path: Path, known: Registry) -> None:
    rng = np.random.default_rng(0)
    groups = ["large" if rng.uniform() < 0.6 else "small" for _ in range(120)]
    for name, right in (("good", 0.9), ("bad", 0.2)):
        put(tmp_path, name, "toys/one", right, groups=groups)
    (found,) = comparison.compare(tmp_path, known, ("good", "bad"), "tuned-v1")
    (back,) = comparison.compare(tmp_path, known, ("bad", "good"), "tuned-v1")
    assert found.high == 1.0
    assert back.low == -1.0


def test_the_command_names_the_floor_where_it_is_in_force(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = comparison.Difference("toys/one", "accuracy", 0.7, 0.1, 1.0, 0.25, 3, 0.25, None, 0.4)
    plain = replace(said, task="toys/two", groups=200, floor=2.0**-199)
    free = replace(said, task="toys/three", floor=None)
    monkeypatch.setattr(comparison, "compare", lambda *_: [said, plain, free])
    code, out, _ = bench("compare", "one", "other", capsys=capsys)
    assert code == 0
    assert out.count("before correction") == 1
    assert "toys/one: with 3 groups of test clips no p is under 0.250, 2^(1 - groups), " in out


@pytest.mark.usefixtures("toy")
def test_the_command_prints_a_table_or_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    bench("run", "-b", "level", "-b", "melstats", "-t", "toys/loud", *LINEAR, capsys=capsys)
    words = ("compare", "level", "melstats", *LINEAR)
    code, out, _ = bench(*words, capsys=capsys)
    assert code == 0
    assert "McNemar" in out
    assert "toys/loud" in out
    _, out, _ = bench(*words, "--json", capsys=capsys)
    (found,) = json.loads(out)
    assert found["low"] <= found["value"] <= found["high"]
    code, _, err = bench("compare", "level", "melstat", *LINEAR, capsys=capsys)
    assert code == 2
    assert "Did you mean melstats?" in err
