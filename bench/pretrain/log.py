"""`log.jsonl`: one row a step, also after interruptions."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from bench.store import write_atomically

FILE = "log.jsonl"

Row: TypeAlias = Mapping[str, "float | Row | None"]


class Log:
    """Appends rows; rows of steps that are done again are taken out first.

    Args:
        folder: of the training.
        step: the last that counts as done.
    """

    def __init__(self, folder: Path, step: int) -> None:
        path = folder / FILE
        kept = path.read_bytes().splitlines(keepends=True)[:step] if path.is_file() else []
        write_atomically(path, b"".join(kept))
        self._file = path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, row: Row) -> None:
        """One row; what is not finite becomes null."""
        self._file.write(json.dumps(_plain(row)) + "\n")
        self._file.flush()


def _plain(row: Row) -> Row:
    return {name: _value(value) for name, value in row.items()}


def _value(value: "float | Row | None") -> "float | Row | None":
    if isinstance(value, Mapping):
        return _plain(value)
    return value if value is None or math.isfinite(value) else None
