"""Records → the board: letters, ranks and pages."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from backbones import Backbone
from bench import assets, statistics
from bench.errors import why_no_folder
from bench.registry import Registry
from bench.rows import BoardError, Rows, alone, comparable, of_board, reopened
from bench.statistics import Samples
from bench.store import write_atomically
from leaderboard import page, records
from leaderboard.board import Clean, Line, Rank, Suite
from leaderboard.records import RecordError
from tasks import Task

COMMAND = "bench leaderboard"

MARK = f"Written by `{COMMAND}`; do not edit."
"""A line of every page of ours; no other page is overwritten."""

DEFAULT = "tuned-v1"
"""The protocol whose tables come first."""


def suites(board: Path, registry: Registry) -> list[Suite]:
    """Every suite that has a record, with ties and ranks.

    Raises:
        BoardError: a record or its predictions are damaged.
    """
    found: dict[tuple[str, str], Rows] = {}
    for protocol, rows in of_board(board, registry).items():
        for (name, backbone), row in rows.items():
            for suite in row.record.task.suites or (name.partition("/")[0],):
                found.setdefault((protocol, suite), {})[name, backbone] = row
    ordered = sorted(found, key=lambda table: (table[0] != DEFAULT, table))
    return [_suite(name, protocol, found[protocol, name]) for protocol, name in ordered]


def write(board: Path, registry: Registry) -> list[Suite]:
    """Render the page of a board, and its tables into the README beside it if that asks for them.

    Returns:
        What the page shows.

    Raises:
        BoardError: a record is damaged, or that README has a mark without an end.
    """
    with alone(board):
        shown = suites(board, registry)
        for path, content in _pages(board, shown).items():
            write_atomically(path, content)
    return shown


def stale(board: Path, registry: Registry) -> list[Path]:
    """The pages that are not what the records render to."""
    pages = _pages(board, suites(board, registry))
    return [p for p, content in pages.items() if not p.is_file() or p.read_bytes() != content]


def claim(board: Path, registry: Registry) -> list[str]:
    """Make sure that a page can be written there, before anything is computed for it.

    Returns:
        What is to be known of rows whose data have moved or changed, a line each.

    Raises:
        BoardError: no folder can be there, a page of somebody else's is, or rows that are damaged
            or of tasks that are not known here, or the README beside it has a mark without an end.
    """
    if message := why_no_folder("--board", board):
        raise BoardError(message)
    page_file = board / "README.md"
    if page_file.is_file() and MARK.encode() not in page_file.read_bytes():
        message = f"{page_file} is no leaderboard of ours; choose another folder with --board"
        raise BoardError(message)
    _beside(board, [])
    try:
        rows = [records.read(path) for path in records.paths(board / "results")]
    except RecordError as error:
        raise BoardError(str(error)) from error
    found = [(record, reopened(record, registry)) for record in rows]
    missed = [(record, reason) for record, reason in found if isinstance(reason, str)]
    strangers = {record.task.name for record, _ in missed if not record.provenance.reference}
    if strangers:
        names = ", ".join(sorted(strangers))
        message = f"{board} has rows of {names}, not known here; name their files with --include"
        raise BoardError(message)
    return list(dict.fromkeys(reason for _, reason in missed))


def replaced(
    board: Path, protocol: str, backbones: Sequence[Backbone], tasks: Sequence[Task]
) -> list[str]:
    """What is to be known of rows that a run replaces by those of other weights.

    Returns:
        A line a backbone that has such rows. Weights that come without a pin are not compared,
        nor those without a published checksum before they first came.
    """
    found = []
    for card in backbones:
        places = [records.place(board / "results", protocol, t.name, card.name) for t in tasks]
        rows = [records.read(place) for place in places if place.is_file()]
        old = {_weights(row.provenance.weights): row.task.name for row in rows}
        mine = card.weights and assets.remembered(card.weights)
        old.pop(new := _weights(mine), None)
        if old and not (mine and assets.parse(mine).is_first_use):
            found.append(
                f"{card.name}: rows of other weights ({', '.join(old)}) are replaced by those of "
                f"{new}, such as {next(iter(old.values()))}; give one another name to keep both"
            )
    return found


def _weights(pin: str | None) -> str:
    """The digest of weights, shortened, wherever they lie."""
    return "none" if pin is None else f"{assets.parse(pin).key[:12]}…"


def _pages(board: Path, shown: list[Suite]) -> dict[Path, bytes]:
    """Pages by place; that beside the board is among them."""
    return {board / "README.md": page.render(shown, MARK).encode(), **_beside(board, shown)}


def _beside(board: Path, shown: list[Suite]) -> dict[Path, bytes]:
    """The README beside the board, with the board's tables where it asks for them."""
    path = board.absolute().parent / "README.md"
    if not path.is_file():
        return {}
    text = path.read_bytes().decode(errors="surrogateescape")
    try:
        filled = page.filled(text, board.absolute().name, shown)
    except ValueError as error:
        message = f"{path}: {error}"
        raise BoardError(message) from error
    return {path: filled.encode(errors="surrogateescape")} if filled != text else {}


def _suite(name: str, protocol: str, rows: Rows) -> Suite:
    tasks = {task: rows[task, backbone].record.task for task, backbone in sorted(rows)}
    backbones = sorted({backbone for _, backbone in rows})
    compared = {task: comparable(task, rows) for task in tasks}
    letters = {task: _letters(rows, compared[task], task) for task in tasks}
    ranks = _ranks(rows, compared)
    lines = [
        Line(
            records={t: rows[t, backbone].record for t in tasks if (t, backbone) in rows},
            letters={t: letters[t][backbone] for t in tasks if backbone in letters[t]},
            rank=ranks.get(backbone),
            clean=_clean(rows, backbone),
        )
        for backbone in backbones
    ]
    lines.sort(key=lambda line: (line.rank.value if line.rank else float("inf"), line.name))
    detectable = {
        task: statistics.detectable(list(column.values()), _groups(rows, column, task))
        for task, column in compared.items()
        if len(column) > 1
    }
    worth = {task: _worth(rows, task) for task in tasks}
    audits = {task: row.audit for (task, _), row in rows.items() if row.audit is not None}
    return Suite(name, protocol, tuple(tasks.values()), tuple(lines), detectable, worth, audits)


def _clean(rows: Rows, backbone: str) -> dict[str, Clean]:
    """By task."""
    mine = {task: row.clean for (task, name), row in rows.items() if name == backbone}
    return {task: clean for task, clean in mine.items() if clean is not None}


def _groups(rows: Rows, compared: Mapping[str, Samples], task: str) -> Sequence[str]:
    """The group of each test clip, which the compared rows share."""
    return rows[task, next(iter(compared))].groups


def _worth(rows: Rows, task: str) -> float:
    """How many groups of equal size the test clips are worth, of the row with most of them."""
    mine = [row.groups for (name, _), row in rows.items() if name == task]
    return statistics.effective_number(max(mine, key=len))


def _letters(rows: Rows, compared: Mapping[str, Samples], task: str) -> dict[str, str]:
    """Letters by backbone."""
    if not compared:
        return {}
    mine = [rows[task, backbone].record for backbone in compared]
    values = [record.primary.value for record in mine]
    found = statistics.ties(values, list(compared.values()), _groups(rows, compared, task))
    return dict(zip(compared, found, strict=True))


def _ranks(rows: Rows, compared: Mapping[str, Mapping[str, Samples]]) -> dict[str, Rank]:
    """Mean rank of every backbone that can be compared on all the tasks."""
    complete = sorted(set.intersection(*(set(column) for column in compared.values())))
    by_task = [
        statistics.ranks([rows[task, backbone].record.primary.value for backbone in complete])
        for task in compared
    ]
    return {
        backbone: Rank(*statistics.mean_rank([ranks[i] for ranks in by_task], len(complete)))
        for i, backbone in enumerate(complete)
    }
