"""Stored predictions are scored anew; what cannot be scored keeps what it has."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench import board, intervals
from bench.registry import Registry
from bench.rescoring import rescore
from bench.rows import BoardError
from leaderboard import records
from tasks._metrics import ACCURACY, BALANCED_ACCURACY
from tests.answers import Array
from tests.boards import put
from tests.commands import bench


def of(folder: Path, backbone: str, protocol: str = "tuned-v1") -> Path:
    return records.place(folder / "results", protocol, "toys/one", backbone)


def test_scores_of_before_are_replaced_by_those_that_the_predictions_give(
    full: Path, known: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = {path: path.read_bytes() for path in records.paths(full / "results")}
    assert rescore(full, known) == ["0 of 6 records have other scores than before"]
    with monkeypatch.context() as another:
        another.setattr(intervals, "LEVEL", 0.5)
        assert rescore(full, known) == ["6 of 6 records have other scores than before"]
    narrow, wide = records.read(of(full, "worst")), fresh[of(full, "worst")].decode()
    assert narrow.primary.low > records.Record.model_validate_json(wide).primary.low
    with pytest.raises(BoardError, match="its predictions give"):
        board.suites(full, known)
    rescore(full, known)
    assert {path: path.read_bytes() for path in fresh} == fresh


def test_variants_without_stored_predictions_keep_their_scores(
    full: Path, known: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(full, "worst", "toys/one", 0.4, protocol="layers-v1", variants={"low": 0.3, "high": 0.4})
    path = of(full, "worst", "layers-v1")
    record = records.read(path)
    own = {"score": record.primary, "chosen": record.search.chosen}
    kept, own_variant = record.variants[0], record.variants[1].model_copy(update=own)
    path.write_text(record.model_copy(update={"variants": (kept, own_variant)}).to_json())
    monkeypatch.setattr(intervals, "LEVEL", 0.5)
    rescore(full, known)
    found = records.read(path)
    assert found.variants[0] == kept
    assert found.variants[1].score == found.primary != record.primary


def test_a_row_whose_task_is_not_known_is_said_and_kept(full: Path, known: Registry) -> None:
    put(full, "worst", "toys/three", 0.4)
    path = records.place(full / "results", "tuned-v1", "toys/three", "worst")
    before = path.read_bytes()
    assert rescore(full, known) == [
        "0 of 7 records have other scores than before",
        "toys/three is not known here; name its file with --include",
    ]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        ("scores", lambda x: x * np.nan, "does not hold 2 finite numbers a clip; run the pair"),
        ("scores", lambda x: x[:, :, :1], "does not hold 2 finite numbers a clip; run the pair"),
        ("scores", lambda x: x[0, 0, 0], "does not hold 2 finite numbers a clip; run the pair"),
        ("truth", lambda x: x[:, None], "does not hold predictions"),
        ("ids", lambda x: x[:60], "does not hold predictions of as many clips"),
        ("groups", lambda x: x[:1].repeat(120), "clips.groups is 60, expected 1"),
    ],
)
def test_where_one_is_damaged_none_is_written(
    full: Path,
    known: Registry,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
    change: Callable[[Array], Array],
    message: str,
) -> None:
    path = of(full, "worst").with_suffix(".npz")
    with np.load(path) as held:
        parts = dict(held)
    np.savez(path, **{**parts, part: change(parts[part])})
    before = {path: path.read_bytes() for path in records.paths(full / "results")}
    monkeypatch.setattr(intervals, "LEVEL", 0.5)
    with pytest.raises(BoardError, match=message):
        rescore(full, known)
    assert {path: path.read_bytes() for path in before} == before


def test_another_first_metric_is_another_score(full: Path, known: Registry) -> None:
    entry = known.tasks.entries["toys/one"]
    changed = replace(entry.card, metrics=(BALANCED_ACCURACY, ACCURACY))
    known.tasks.entries["toys/one"] = replace(entry, card=changed)
    for use in (rescore, board.suites):
        with pytest.raises(
            BoardError, match=r"task\.primary is accuracy, expected balanced accuracy"
        ):
            use(full, known)


def test_checking_and_writing_are_not_asked_for_together(
    full: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("leaderboard", "--board", str(full), "--check", "--rescore")
    code, _, err = bench(*words, capsys=capsys)
    assert (code, err) == (
        2,
        "bench: --check writes nothing, --rescore writes records: give one of them\n",
    )
