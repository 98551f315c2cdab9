"""Rows of a table that anybody brings: CSV, TSV or JSON lines."""

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import TypeAlias

from tasks import DoorError
from tasks._asked import is_text

SUFFIXES = (".csv", ".tsv", ".jsonl")

Cell: TypeAlias = str | tuple[str, ...]
Row: TypeAlias = Mapping[str, Cell]


def read(table: Path) -> list[Row]:
    """The rows of a table; all have the same columns.

    Raises:
        DoorError: it cannot be read, or is ragged.
    """
    try:
        text = table.read_text(encoding="utf-8-sig")
        found = _of_json(text) if table.suffix.lower() == ".jsonl" else _of_csv(text)
    except (OSError, ValueError, TypeError, csv.Error) as error:
        message = f"{table} cannot be read: {error}"
        raise DoorError(message) from error
    columns = set(found[0]) if found else set()
    odd = next((line for line, row in enumerate(found, 1) if set(row) != columns), None)
    if odd is not None:
        message = f"{table}: row {odd} has other columns than the first"
        raise DoorError(message)
    return found


def _of_csv(text: str) -> list[Row]:
    first = text.partition("\n")[0]
    mark = max(",;\t", key=first.count)
    header, *rows = csv.reader(io.StringIO(text), delimiter=mark, strict=True) if text else [[]]
    names = [name.strip() for name in header]
    _refuse_twice(names)
    filled = [row for row in rows if row]
    odd = next((line for line, row in enumerate(filled, 1) if len(row) != len(names)), None)
    if odd is not None:
        message = f"row {odd} has {len(filled[odd - 1])} cells, expected {len(names)}"
        raise ValueError(message)
    return [dict(zip(names, row, strict=True)) for row in filled]


def _of_json(text: str) -> list[Row]:
    lines = [(at, line) for at, line in enumerate(text.split("\n"), 1) if line.strip()]
    return [_object(at, line) for at, line in lines]


def _object(at: int, line: str) -> Row:
    try:
        row = json.loads(line, object_pairs_hook=_once)
    except RecursionError as error:
        message = f"line {at} holds lists in lists, too deep to be read"
        raise ValueError(message) from error
    except ValueError as error:
        message = f"line {at}: {error}"
        raise ValueError(message) from error
    if not isinstance(row, dict):
        message = f"line {at} holds no JSON object"
        raise TypeError(message)
    if not is_text(json.dumps(row, ensure_ascii=False)):
        message = f"line {at} has half a character, as of \\ud83d without what follows it"
        raise ValueError(message)
    return {name: _cell(value) for name, value in row.items()}


def _once(pairs: Sequence[tuple[str, object]]) -> Mapping[str, object]:
    """An object none of whose names is there twice."""
    _refuse_twice([name for name, _ in pairs])
    return dict(pairs)


def _refuse_twice(names: Sequence[str]) -> None:
    twice = next((name for name, count in Counter(names).items() if name and count > 1), None)
    if twice is not None:
        message = f"two columns are named {twice!r}"
        raise ValueError(message)


def _cell(value: object) -> Cell:
    """Text, or a list of texts; what holds anything else is told as JSON."""
    if isinstance(value, list) and not any(isinstance(x, list | dict | NoneType) for x in value):
        return tuple(str(each) for each in value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return str(int(value))
    return "" if value is None else str(value)
