"""A board is made of records that are whole, and that say what their predictions say."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import board
from bench.registry import Registry
from bench.rows import BoardError
from leaderboard import records


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_a_damaged_file_stops_the_board_by_name(full: Path, known: Registry, suffix: str) -> None:
    path = records.place(full / "results", "tuned-v1", "toys/one", "same").with_suffix(suffix)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BoardError, match=re.escape(str(path))) as error:
        board.write(full, known)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("part", "name", "field"),
    [
        ("scores", "accuracy", "value"),
        ("scores", "accuracy", "low"),
        ("scores", "accuracy", "high"),
        ("scores", "accuracy", "error"),
        ("scores", "accuracy", "seeds"),
        ("per_class", "b", "value"),
        ("per_class", "b", "clips"),
    ],
)
def test_no_number_of_a_record_can_be_edited(
    full: Path, known: Registry, part: str, name: str, field: str
) -> None:
    board.write(full, known)
    path = records.place(full / "results", "tuned-v1", "toys/one", "same")
    fields = json.loads(path.read_text())
    fields[part][name][field] = {"seeds": [0.5, 0.5], "clips": 7}.get(field, 0.123)
    path.write_text(json.dumps(fields))
    with pytest.raises(BoardError, match=rf"says that .*{name}, .*|says that .* of seed 0 is"):
        board.write(full, known)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clips": {"test": 6000}}, "clips.test is 6000, expected 120"),
        ({"clips": {"groups": 3}}, "clips.groups is 3, expected 60"),
        ({"leak": ["mtt"]}, r"leak is \('mtt',\), expected \(\)"),
    ],
)
def test_what_letters_and_marks_follow_from_cannot_be_edited(
    full: Path, known: Registry, change: dict[str, Any], message: str
) -> None:
    path = records.place(full / "results", "tuned-v1", "toys/one", "same")
    fields = json.loads(path.read_text())
    for part, value in change.items():
        fields[part] = {**fields[part], **value} if isinstance(value, dict) else value
    path.write_text(json.dumps(fields))
    with pytest.raises(BoardError, match=message):
        board.write(full, known)


def test_a_card_that_says_of_other_training_stops_the_board(
    full: Path, known: Registry, cards: Registry
) -> None:
    melstats = cards.backbones["melstats"]
    for heard in (("mtt",), ("mtt", "toys")):
        known.backbones.entries["same"] = replace(
            melstats, card=replace(melstats.card, name="same", trained_on=heard)
        )
        if heard == ("mtt",):
            board.write(full, known)
    with pytest.raises(BoardError, match=r"trained on mtt, its card says mtt, toys; run the pair"):
        board.write(full, known)


@pytest.mark.parametrize("part", ["scores", "per_class"])
def test_no_score_of_a_record_can_be_left_out_or_added(
    full: Path, known: Registry, part: str
) -> None:
    path = records.place(full / "results", "tuned-v1", "toys/one", "same")
    fields = json.loads(path.read_text())
    fields[part]["another"] = next(iter(fields[part].values()))
    path.write_text(json.dumps(fields))
    with pytest.raises(BoardError, match=r"says that .*another.* its predictions give nan"):
        board.write(full, known)
