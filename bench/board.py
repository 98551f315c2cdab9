"""Records → the board: letters, ranks and pages."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from bench import provenance, resamples, statistics
from bench.errors import UserError
from bench.registry import Registry, UnknownNameError
from bench.statistics import Samples
from bench.store import write_atomically
from leaderboard import page, records
from leaderboard.board import Line, Rank, Suite
from leaderboard.records import Predictions, Record, RecordError

COMMAND = "bench leaderboard"

DEFAULT = "tuned-v1"
"""The protocol whose tables come first."""

TOLERANCE = 1e-6
"""How far a record may be from its predictions."""


class BoardError(UserError):
    """The records of a board cannot be used."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A record and what its comparison with others needs.

    Attributes:
        record: of one pair.
        samples: the primary metric on the shared resamples; None for a task not known here.
        clips: digest of the test clips, groups and labels; rows with another are not compared.
    """

    record: Record
    samples: Samples | None
    clips: str


_Rows: TypeAlias = dict[tuple[str, str], _Row]
"""(task, backbone) → row."""


def suites(board: Path, registry: Registry) -> list[Suite]:
    """Every suite that has a record, with ties and ranks.

    Raises:
        BoardError: a record or its predictions are damaged.
    """
    found: dict[tuple[str, str], _Rows] = {}
    try:
        for path in records.paths(board / "results"):
            row = _row(path, board / "results", registry)
            task = row.record.task
            protocol = row.record.search.protocol
            for suite in task.suites or (task.name.partition("/")[0],):
                rows = found.setdefault((protocol, suite), {})
                rows[task.name, row.record.backbone.name] = row
    except RecordError as error:
        raise BoardError(str(error)) from error
    ordered = sorted(found, key=lambda table: (table[0] != DEFAULT, table))
    return [_suite(name, protocol, found[protocol, name]) for protocol, name in ordered]


def write(board: Path, registry: Registry, into: Path | None = None) -> list[Suite]:
    """Render the page of a board, and its tables into another page if one is named.

    Returns:
        What the page shows.

    Raises:
        BoardError: a record is damaged, or the other page has no place for tables.
    """
    shown = suites(board, registry)
    for path, text in _pages(board, shown, into).items():
        write_atomically(path, text.encode())
    return shown


def stale(board: Path, registry: Registry, into: Path | None = None) -> list[Path]:
    """The pages that are not what the records render to."""
    pages = _pages(board, suites(board, registry), into)
    return [p for p, text in pages.items() if not p.is_file() or p.read_bytes() != text.encode()]


def unknown_tasks(board: Path, registry: Registry) -> list[str]:
    """Tasks that have rows and no card here: what their rows cannot be compared by."""
    known = {entry.card.name for entry in registry.tasks}
    results = board / "results"
    named = (p.parent.relative_to(results).parts[1:] for p in records.paths(results))
    return sorted({"/".join(parts) for parts in named} - known)


def _pages(board: Path, shown: list[Suite], into: Path | None) -> dict[Path, str]:
    pages = {board / "README.md": page.render(shown, COMMAND)}
    if into is not None:
        try:
            pages[into] = page.filled(into.read_text(encoding="utf-8"), shown)
        except (OSError, ValueError) as error:
            message = f"tables cannot be put into {into}: {error}"
            raise BoardError(message) from error
    return pages


def _row(path: Path, results: Path, registry: Registry) -> _Row:
    """Read a record, and compare what it says with the predictions beside it.

    Raises:
        RecordError: they are damaged or contradict each other.
    """
    record = records.read(path)
    names = (record.search.protocol, record.task.name, record.backbone.name)
    if path != records.place(results, *names):
        protocol, task, backbone = names
        message = f"{path} holds a record of {backbone} on {task} by {protocol}; move it"
        raise RecordError(message)
    predictions = Predictions.load(path.with_suffix(".npz"))
    asked = (predictions.ids, predictions.groups, predictions.truth)
    clips = provenance.digest([array.tolist() for array in asked])
    try:
        entry = registry.tasks[record.task.name]
    except UnknownNameError:
        return _Row(record, None, clips)
    try:
        found = resamples.of(entry, predictions, path.with_suffix(".npz"))
    except (ValueError, TypeError, IndexError) as error:
        message = f"{path.with_suffix('.npz')} does not hold predictions: {error}"
        raise RecordError(message) from error
    said = record.primary.value
    if not math.isclose(found.value, said, abs_tol=TOLERANCE):
        message = f"{path} says {said:.6f}, its predictions give {found.value:.6f}"
        raise RecordError(message)
    return _Row(record, found.samples, clips)


def _suite(name: str, protocol: str, rows: _Rows) -> Suite:
    tasks = {task: rows[task, backbone].record.task for task, backbone in sorted(rows)}
    backbones = sorted({backbone for _, backbone in rows})
    comparable = {task: _comparable(task, rows) for task in tasks}
    letters = {task: _letters(rows, comparable[task], task) for task in tasks}
    ranks = _ranks(rows, comparable)
    lines = [
        Line(
            records={t: rows[t, backbone].record for t in tasks if (t, backbone) in rows},
            letters={t: letters[t][backbone] for t in tasks if backbone in letters[t]},
            rank=ranks.get(backbone),
        )
        for backbone in backbones
    ]
    lines.sort(key=lambda line: (line.rank.value if line.rank else float("inf"), line.name))
    detectable = {
        task: statistics.detectable(list(compared.values()), _groups(rows, compared, task))
        for task, compared in comparable.items()
        if len(compared) > 1
    }
    return Suite(name, protocol, tuple(tasks.values()), tuple(lines), detectable)


def _comparable(task: str, rows: _Rows) -> dict[str, Samples]:
    """Resampled scores by backbone, of the rows that were scored on the same test clips.

    Where rows left out different clips, the set that most rows share is compared.
    """
    mine = {backbone: row for (name, backbone), row in sorted(rows.items()) if name == task}
    shared = Counter(row.clips for row in mine.values()).most_common(1)[0][0]
    return {
        backbone: row.samples
        for backbone, row in mine.items()
        if row.samples is not None and row.clips == shared
    }


def _groups(rows: _Rows, compared: Mapping[str, Samples], task: str) -> int:
    """How many groups of test clips the compared rows share."""
    return rows[task, next(iter(compared))].record.clips.groups


def _letters(rows: _Rows, compared: Mapping[str, Samples], task: str) -> dict[str, str]:
    """Letters by backbone."""
    if not compared:
        return {}
    mine = [rows[task, backbone].record for backbone in compared]
    values = [record.primary.value for record in mine]
    found = statistics.ties(values, list(compared.values()), _groups(rows, compared, task))
    return dict(zip(compared, found, strict=True))


def _ranks(rows: _Rows, comparable: Mapping[str, Mapping[str, Samples]]) -> dict[str, Rank]:
    """Mean rank of every backbone that can be compared on all the tasks."""
    complete = sorted(set.intersection(*(set(column) for column in comparable.values())))
    by_task = [
        statistics.ranks([rows[task, backbone].record.primary.value for backbone in complete])
        for task in comparable
    ]
    return {
        backbone: Rank(*statistics.mean_rank([ranks[i] for ranks in by_task], len(complete)))
        for i, backbone in enumerate(complete)
    }
