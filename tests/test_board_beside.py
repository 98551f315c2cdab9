"""The README beside a board shows its tables where it asks for them."""

from pathlib import Path

import pytest

from bench import board
from bench.registry import Registry
from bench.rows import BoardError
from leaderboard import page
from tests.boards import put


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    put(tmp_path / "shown", "one", "toys/one", 0.85)
    return tmp_path / "shown"


def test_tables_are_put_between_the_marks_and_nothing_else_changes(
    shown: Path, known: Registry
) -> None:
    beside = shown.parent / "README.md"
    beside.write_bytes(b"# caf\xe9\r\n<!-- board shown -->gone<!-- /board -->\r\nmore")
    (suite,) = board.write(shown, known)
    begin, _, end = beside.read_bytes().partition(page.scores(suite).encode())
    assert begin.startswith(b"# caf\xe9\r\n<!-- board shown -->")
    assert end.endswith(b"<!-- /board -->\r\nmore")
    assert board.stale(shown, known) == []
    beside.write_bytes(begin + end)
    assert board.stale(shown, known) == [beside]


@pytest.mark.parametrize("text", [b"caf\xe9", b"<!-- board other -->"])
def test_a_readme_that_asks_for_no_tables_stays_as_it_is(
    text: bytes, shown: Path, known: Registry
) -> None:
    beside = shown.parent / "README.md"
    beside.write_bytes(text)
    board.claim(shown, known)
    board.write(shown, known)
    assert beside.read_bytes() == text


def test_a_mark_without_an_end_is_said_before_anything_is_computed(
    shown: Path, known: Registry
) -> None:
    (shown.parent / "README.md").write_text("<!-- board shown -->", encoding="utf-8")
    with pytest.raises(BoardError, match="has no <!-- /board --> after it"):
        board.claim(shown, known)
