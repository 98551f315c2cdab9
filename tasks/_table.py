"""Rows of a table of clips: which column holds what, by its name or by what is asked for."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tasks import DoorError, Kind, Split, Task, _custom, _rows
from tasks._asked import Asked
from tasks._custom import Item
from tasks._labels import MOST_ODD
from tasks._rows import Cell, Row
from tasks._splits import NAMES

COLUMNS = {
    "path": ("file_name", "path", "file", "filename", "filepath", "file_path", "audio"),
    "label": ("label", "labels", "tags", "class", "category", "target", "genre"),
    "split": ("split", "subset", "set"),
    "fold": ("fold",),
    "group": ("group", "artist", "artist_id", "song", "track", "speaker", "singer"),
    "start": ("start", "start_time", "onset"),
    "seconds": ("seconds", "duration", "length"),
}
"""What a column may hold → what it is called, most telling first."""

OPTIONS = (*COLUMNS, "kind", "seed", "name")

NO_LABEL = re.compile(r"^(|[Ii]ndex|Unnamed: \d+)$|(^|[\W_])(id|Id|ID)$|(?<=[a-z])I[Dd]$")
"""Columns that number the rows; but acid and valid are labels."""

LISTED = re.compile(r"\[\s*(null)?\s*\]|\[.*[\"',\[{].*\]|\{.*\}", re.DOTALL)
"""How a list or a mapping looks in a cell of text; but [rock] is a name."""

TAGS = frozenset(("tags", "labels"))
"""Columns that hold lists."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """Names of the columns; an empty one where there is none."""

    path: str
    labels: tuple[str, ...]
    split: str
    fold: str
    group: str
    start: str
    seconds: str


def task(asked: Asked, tables: Sequence[Path]) -> Task:
    """The task of one table, or of one a split.

    Raises:
        DoorError: a table cannot be read, or lacks what a task needs.
    """
    read = {table: _rows.read(table) for table in tables}
    rows = [row for each in read.values() for row in each]
    if not rows:
        message = f"{tables[0]} has no rows"
        raise DoorError(message)
    columns = _columns(asked, rows)
    tags = len(columns.labels) == 1 and _are_tags(asked, rows, columns.labels[0])
    mark = _mark([row[columns.labels[0]] for row in rows]) if tags else ""
    items = [
        _item(asked, table, line, row, columns, mark)
        for table, each in read.items()
        for line, row in enumerate(each, 1)
    ]
    if not columns.split and not columns.fold and "split" not in asked.options:
        items = _by_folder(items)
    return _custom.task(
        asked,
        items,
        columns.labels,
        columns.group or "file",
        kind=asked.kind,
        tags=tags,
        unsplit="name its clips {}, or draw splits with split=",
        left_out=_unlisted(asked, items),
    )


def _by_folder(items: Sequence[Item]) -> list[Item]:
    """The same in the splits that their folders are named as, if some train and some test.

    Raises:
        DoorError: some are in no folder of a split.
    """
    folders = [item.id.partition("/")[0] for item in items]
    splits = [NAMES.get(folder.lower()) for folder in folders]
    if not {*splits} >= {Split.TRAIN, Split.TEST}:
        return [*items]
    if None in splits:
        lost = items[splits.index(None)].id
        message = f"{lost} is in no folder of a split, others are; move it, or draw with split="
        raise DoorError(message)
    return [replace(item, split=split) for item, split in zip(items, folders, strict=True)]


def _unlisted(asked: Asked, items: Sequence[Item]) -> str:
    """How many audio files of a folder no row lists, as the end of a sentence."""
    if not asked.path.is_dir():
        return ""
    listed = {os.path.normpath(item.path) for item in items}
    below = _custom.audio_below(asked.path)[0]
    others = [path for path in below if os.path.normpath(path) not in listed]
    return f"; no row lists {len(others):,} other files, e.g. {others[0].name}" if others else ""


def _columns(asked: Asked, rows: Sequence[Row]) -> _Columns:
    known = list(rows[0])
    found = {noun: _column(asked, noun, known) for noun in COLUMNS if noun != "label"}
    named = asked.options.get("label", "")
    labels = [each for each in named.split(",") if each] or _labels(known, rows, found)
    strange = next((each for each in labels if each not in known), None)
    if strange is not None or not found["path"]:
        what = f"column {strange!r}" if strange else f"path column, e.g. {COLUMNS['path'][0]!r}"
        message = f"there is no {what}; the columns are {', '.join(known)}"
        raise DoorError(message)
    if not labels:
        message = f"no column is a label; name one of {', '.join(known)} with label="
        raise DoorError(message)
    return _Columns(
        path=found["path"],
        labels=tuple(labels),
        split=found["split"],
        fold=found["fold"],
        group=found["group"],
        start=found["start"],
        seconds=found["seconds"],
    )


def _column(asked: Asked, noun: str, known: Sequence[str]) -> str:
    """The column that holds a noun, or an empty name."""
    if noun not in asked.options:
        return next((name for name in COLUMNS[noun] if name in known), "")
    name = asked.options[noun]
    if name and name not in known:
        message = f"{noun} is {name!r}, which is no column; the columns are {', '.join(known)}"
        raise DoorError(message)
    return name


def _labels(known: Sequence[str], rows: Sequence[Row], taken: Mapping[str, str]) -> list[str]:
    """The column that is called a label; else all that hold nothing but numbers."""
    called = [name for name in COLUMNS["label"] if name in known]
    rest = [name for name in known if name not in taken.values() and not NO_LABEL.search(name)]
    return called[:1] or [name for name in rest if _are_numbers(name, [row[name] for row in rows])]


def _are_numbers(name: str, cells: Sequence[Cell]) -> bool:
    """Whether all cells that are not empty are numbers, and some are.

    Raises:
        DoorError: most are, which others would make no label of in silence.
    """
    filled = [cell for cell in cells if cell]
    odd = [cell for cell in filled if not _is_number(cell)]
    if 0 < len(odd) < len(filled) * MOST_ODD:
        message = (
            f"row {cells.index(odd[0]) + 1}: {name} is {odd[0]!r}, and a number in most rows; mend "
            "it, or name the columns of labels with label="
        )
        raise DoorError(message)
    return bool(filled) and not odd


def _are_tags(asked: Asked, rows: Sequence[Row], column: str) -> bool:
    """Whether the cells of the only label column are lists."""
    if asked.kind is not None:
        return asked.kind is Kind.MULTILABEL
    return column in TAGS or any(isinstance(row[column], tuple) for row in rows)


def _mark(cells: Sequence[Cell]) -> str:
    """What stands between tags."""
    return next((m for m in "|;," if any(m in c for c in cells if isinstance(c, str))), ",")


def _item(asked: Asked, table: Path, line: int, row: Row, columns: _Columns, mark: str) -> Item:
    where = f"{table}, row {line}"
    start = _seconds(row, columns.start, where) or 0.0
    name = _text(row, columns.path)
    if not name:
        message = f"{where}: {columns.path} is empty"
        raise DoorError(message)
    cells = tuple(_text(row, each) for each in columns.labels)
    listed = next((cell for cell in cells if LISTED.fullmatch(cell)), None)
    if listed is not None:
        message = f"{where}: {listed[:60]!r} is a list as programs write it; write tags as a|b, "
        message += "or as a list of texts in JSON lines"
        raise DoorError(message)
    if mark:
        cell = row[columns.labels[0]]
        tags = cell.split(mark) if isinstance(cell, str) else cell
        cells = tuple(tag for tag in map(str.strip, tags) if tag)
    elif len(cells) == 1 and not cells[0]:
        message = f"{where}: {columns.labels[0]} is empty"
        raise DoorError(message)
    path = table.parent / name
    placed = _placed(asked.path if asked.path.is_dir() else asked.path.parent, path, name)
    return Item(
        id=f"{placed}#{start:.12g}" if columns.start else placed,
        path=path,
        cells=cells,
        split=_text(row, columns.split),
        fold=_text(row, columns.fold),
        group=_text(row, columns.group) or placed,
        start=start,
        seconds=_seconds(row, columns.seconds, where),
    )


def _placed(folder: Path, path: Path, name: str) -> str:
    """A file as it is called from a folder, however its row spells it."""
    whole, below = (Path(os.path.abspath(each)) for each in (path, folder))  # noqa: PTH100 — `..` too
    if Path(name).is_absolute() and below not in whole.parents:
        return whole.as_posix()
    return Path(os.path.relpath(whole, below)).as_posix()


def _text(row: Row, column: str) -> str:
    cell = row[column] if column else ""
    return cell.strip() if isinstance(cell, str) else ",".join(cell)


def _seconds(row: Row, column: str, where: str) -> float | None:
    text = _text(row, column)
    if text and not _is_number(text):
        message = f"{where}: {column} is {text!r}, expected a number of seconds"
        raise DoorError(message)
    return float(text) if text else None


def _is_number(cell: Cell) -> bool:
    try:
        float(cell if isinstance(cell, str) else "")
    except ValueError:
        return False
    return True
