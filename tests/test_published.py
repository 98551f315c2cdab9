"""Published numbers beside records."""

import json
from pathlib import Path

import pytest

from bench.registry import Registry
from leaderboard import records
from leaderboard.published import beside, published
from leaderboard.records import Record
from tests.boards import put
from tests.commands import bench


def record(folder: Path, backbone: str, task: str, metric: str, value: float, probe: str) -> Record:
    """The record of a made-up row, with one score."""
    put(folder, backbone, task, 0.8)
    path = records.place(folder / "results", "tuned-v1", task, backbone)
    facts = json.loads(path.read_text())
    score = {**facts["scores"]["accuracy"], "value": value}
    facts["task"]["primary"] = metric
    facts["scores"] = {metric: score}
    facts["search"]["protocol"] = probe
    facts["per_class"] = {"valence": {"value": value, "low": 0, "high": 1, "clips": 9}}
    place = records.place(folder / "results", probe, task, backbone)
    place.parent.mkdir(parents=True, exist_ok=True)
    path.rename(place)
    place.write_text(json.dumps(facts))
    return records.read(place)


def test_every_model_s_backbones_are_cards(cards: Registry) -> None:
    names = {name for model in published().models for name in model.backbones}
    assert names - {entry.card.name for entry in cards.backbones} == set()


def test_every_score_names_a_column_and_a_source() -> None:
    known = published()
    assert len(known.models) == 11
    for model in known.models:
        assert model.source in known.sources
        assert model.scores.keys() <= known.columns.keys()
        assert all(0 < value < 100 for value in model.scores.values())


@pytest.mark.parametrize(
    ("task", "metric", "value", "probe", "verdict", "reason"),
    [
        ("gtzan/fault-filtered", "accuracy", 0.79, "mlp-v1", "within", ""),
        ("gtzan/fault-filtered", "accuracy", 0.69, "mlp-v1", "outside", ""),
        (
            *("gtzan/fault-filtered", "accuracy", 0.748, "tuned-v1", "different protocol"),
            "probe tuned-v1, published with mlp-v1",
        ),
        (
            *("gtzan/fault-filtered", "F1", 0.748, "mlp-v1", "different protocol"),
            "the record has no accuracy",
        ),
        ("nsynth/pitch", "accuracy", 0.926, "mlp-v1", "no tolerance known", ""),
    ],
)
def test_a_verdict_is_given_only_where_the_same_was_asked(
    tmp_path: Path, task: str, metric: str, value: float, probe: str, verdict: str, reason: str
) -> None:
    (found,) = beside([record(tmp_path, "mert-v1-95m", task, metric, value, probe)])
    assert (found.verdict.value, found.reason) == (verdict, reason)


def test_another_split_is_another_protocol(tmp_path: Path) -> None:
    row = record(tmp_path, "mule", "magnatagatune/clean", "ROC-AUC", 0.912, "mlp-v1")
    first = beside([row])[0]
    assert first.verdict.value == "different protocol"
    assert first.reason == "split magnatagatune/clean, published on magnatagatune/12-1-3"


def test_a_target_is_held_against_its_own_score(tmp_path: Path) -> None:
    row = record(tmp_path, "mert-v1-95m", "emomusic", "R²", 0.56, "mlp-v1")
    found = {each.metric: (each.published, each.verdict.value) for each in beside([row])}
    assert found == {
        "R², valence": (55.5, "within"),
        "R², arousal": (76.3, "different protocol"),
    }


def test_the_command_prints_a_table_or_a_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path, "mert-v1-95m", "gtzan/fault-filtered", "accuracy", 0.76, "mlp-v1")
    words = ("compare", "--published", "--board", str(tmp_path))
    code, out, _ = bench(*words, capsys=capsys)
    assert code == 0
    assert "within" in out
    _, out, _ = bench(*words, "--json", capsys=capsys)
    (each,) = json.loads(out)
    assert (each["ours"], each["published"], each["verdict"]) == (76.0, 74.8, "within")
    code, _, err = bench(*words, "mert-v1-96m", capsys=capsys)
    assert code == 2
    assert f"no row on {tmp_path} is named 'mert-v1-96m'. Did you mean mert-v1-95m?" in err
    record(tmp_path, "melstats", "gtzan/fault-filtered", "accuracy", 0.5, "mlp-v1")
    _, out, _ = bench(*words, "melstats", capsys=capsys)
    assert "no published number is of a backbone and data" in out
    code, _, err = bench("compare", "melstats", "--board", str(tmp_path), capsys=capsys)
    assert code == 2
    assert "name two backbones to compare, or --published" in err


def test_a_board_without_rows_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    board = str(tmp_path / "none")
    code, _, err = bench("compare", "--published", "--board", board, capsys=capsys)
    assert code == 2
    assert f"{board} has no row; `bench run --board {board}` makes some" in err
