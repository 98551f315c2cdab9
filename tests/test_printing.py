"""Tables on a narrow terminal, and in a pipe."""

import pytest

from bench.cli import printing

HEADER = ("name", "licence", "what")
ROWS = [
    ("a-rather-long-name-of-a-thing", "Apache-2.0", "it is a thing with a long story"),
    ("b",) * 3,
]
SPARE = ("licence",)


def shown(columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setenv("COLUMNS", columns)
    printing.listing("things", HEADER, ROWS, SPARE)
    return capsys.readouterr().out


def test_a_narrow_terminal_has_whole_names_and_is_told_what_it_has_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for columns in ("60", "66"):
        out = shown(columns, monkeypatch, capsys)
        assert "│ a-rather-long-name-of-a-thing │ it is a thing" in out
        assert "Apache" not in out
        assert "no room for: licence; a wider terminal or --json has all" in " ".join(out.split())
        assert max(map(len, out.splitlines())) <= int(columns)


def test_where_there_is_room_nothing_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for columns in ("73", "100", "0"):
        out = shown(columns, monkeypatch, capsys)
        assert "│ a-rather-long-name-of-a-thing │ Apache-2.0 │ it is a thing" in out
        assert "no room" not in out


def test_a_name_is_whole_however_little_room_is_left_for_the_rest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "│ a-rather-long-name-of-a-thing │" in shown("42", monkeypatch, capsys)
