"""What commands print on standard output."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from bench.describe import Json
from bench.request import Outcome, Status

if TYPE_CHECKING:
    from leaderboard.board import Suite

WIDE = 240
"""Columns of a table that goes into a file or a pipe."""

ROOM = 24
"""Columns of text in which a cell can be read, folded."""

_reserved: ContextVar[TextIO | None] = ContextVar("reserved", default=None)


@contextmanager
def reserved() -> Iterator[None]:
    """Keep standard output for this module; what others print meanwhile goes to standard error.

    Libraries that are no Python write to the descriptor, so it is the descriptor that is lent.
    """
    with _own_descriptor() as output, redirect_stdout(sys.stderr):
        token = _reserved.set(output)
        try:
            yield
        finally:
            _reserved.reset(token)


@contextmanager
def _own_descriptor() -> Iterator[TextIO]:
    """Standard output under another descriptor; `sys.stdout` itself where it is no file."""
    sys.stdout.flush()
    try:
        lent = sys.stdout.fileno()
        own = os.dup(lent)
    except OSError:
        yield sys.stdout
        return
    with os.fdopen(own, "w", encoding="utf-8", errors="backslashreplace") as output:
        os.dup2(sys.stderr.fileno(), lent)
        try:
            yield output
        finally:
            os.dup2(own, lent)


def _output() -> TextIO:
    return _reserved.get() or sys.stdout


def console() -> Console:
    """Standard output; wide where it is no terminal and nobody says how wide."""
    output = _output()
    told = os.environ.get("COLUMNS", "0") not in {"", "0"}
    width = None if output.isatty() or told else WIDE
    return Console(file=output, width=width, highlight=False, markup=False, soft_wrap=False)


def line(text: str) -> None:
    """One line, never folded."""
    _output().write(f"{text}\n")


def document(value: Json) -> None:
    """One JSON document."""
    _output().write(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def pairs(rows: Iterable[tuple[str, str]]) -> None:
    """Two columns."""
    table = Table(show_header=False, box=None, padding=(0, 1))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    console().print(table)


def listing(
    title: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    spare: Sequence[str] = (),
) -> None:
    """A table with a title, whose first column is never folded.

    Args:
        title: above it.
        header: names of columns.
        rows: a cell for each.
        spare: columns that a narrow terminal goes without, the first of them first.
    """
    to, lines = console(), [list(row) for row in rows]
    left_out = _too_many(header, lines, spare, to.width) if spare and to.width < WIDE else []
    places = [place for place, name in enumerate(header) if name not in left_out]
    table = Table(title=title, title_justify="left")
    for place in places:
        table.add_column(header[place], overflow="fold", no_wrap=place == 0)
    for row in lines:
        table.add_row(*(row[place] for place in places))
    to.print(table)
    if left_out:
        to.print(f"no room for: {', '.join(left_out)}; a wider terminal or --json has all")


def _too_many(
    header: Sequence[str], rows: Sequence[Sequence[str]], spare: Sequence[str], width: int
) -> list[str]:
    """The spare columns without which the others have room: the first whole, `ROOM` for each."""
    cells = zip(header, *rows, strict=True)
    needed = {column[0]: max(cell_len(cell) for cell in column) for column in cells}
    room = {name: min(ROOM, most) for name, most in needed.items()}
    room[header[0]] = needed[header[0]]
    number = 0
    while number < len(spare) and 1 + sum(3 + each for each in room.values()) > width:
        del room[spare[number]]
        number += 1
    return list(spare[:number])


def outcomes(
    found: Sequence[Outcome], suites: "Sequence[Suite]", board: Path, *, as_json: bool
) -> None:
    """The board, and the pairs that have no row."""
    if as_json:
        document({"board": str(board / "README.md"), "outcomes": [_plain(each) for each in found]})
        return
    from leaderboard.terminal import table

    ran = {each.task for each in found if each.record is not None}
    for suite in suites:
        if ran & {task.name for task in suite.tasks}:
            console().print(table(suite))
    for each in found:
        if each.status in {Status.SKIPPED, Status.FAILED}:
            old = "; its row is of an earlier run" if _has_row(each, suites) else ""
            line(f"{each.backbone} × {each.task}: {each.status} ({each.reason}){old}")
        elif each.record is not None and each.record.clips.skipped:
            number = len(each.record.clips.skipped)
            clips = "1 clip" if number == 1 else f"{number} clips"
            line(f"{each.backbone} × {each.task}: {clips} left out")
    done = sum(each.record is not None for each in found)
    if done:
        rows = "1 row" if done == 1 else f"{done} rows"
        line(f"{board / 'README.md'} has every row with its interval; {rows} of this run.")


def _has_row(outcome: Outcome, suites: "Sequence[Suite]") -> bool:
    lines = (line for suite in suites for line in suite.lines if line.name == outcome.backbone)
    return any(outcome.task in line.records for line in lines)


def _plain(outcome: Outcome) -> dict[str, Json]:
    record = None if outcome.record is None else outcome.record.model_dump(mode="json")
    return {
        "backbone": outcome.backbone,
        "task": outcome.task,
        "status": outcome.status.value,
        "reason": outcome.reason,
        "record": record,
    }
