"""`log.jsonl`: one row a step, also after interruptions; the same for TensorBoard, if asked."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias

from bench.errors import UserError
from bench.store import write_atomically

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FILE = "log.jsonl"
CURVES = "tensorboard"
"""The folder of TensorBoard's files beside the log."""

Row: TypeAlias = Mapping[str, "float | Row | None"]


class Log:
    """Appends rows; rows of steps that are done again are taken out first.

    Args:
        folder: of the training.
        step: the last that counts as done.
        tensorboard: write every number for TensorBoard too.
    """

    def __init__(self, folder: Path, step: int, *, tensorboard: bool = False) -> None:
        path = folder / FILE
        lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else []
        write_atomically(path, b"".join(line for line in lines if _step(line) <= step))
        self._file = path.open("a", encoding="utf-8")
        self._curves = writer(folder / CURVES, step) if tensorboard else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if self._curves is not None:
            self._curves.close()

    def add(self, row: Row) -> None:
        """One row; what is not finite becomes null."""
        self._file.write(json.dumps(_plain(row)) + "\n")
        self._file.flush()
        if self._curves is not None:
            for name, value in _numbers(row):
                self._curves.add_scalar(name, value, row["step"])


def writer(folder: Path, step: int) -> "SummaryWriter":
    """What writes TensorBoard's files; what they hold of later steps counts no more.

    Raises:
        UserError: TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        message = "--tensorboard needs tensorboard: pip install 'mulap-bench[tensorboard]'"
        raise UserError(message) from error
    return SummaryWriter(folder, purge_step=step + 1)


def _step(line: bytes) -> float:
    """Of a row; infinite for one that a kill has cut."""
    try:
        return float(json.loads(line)["step"])
    except ValueError:
        return math.inf


def _numbers(row: Row, prefix: str = "") -> Iterator[tuple[str, float]]:
    """Names and values, those of a validation as `validation/…`."""
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{name}/")
        elif value is not None:
            yield prefix + name, value


def _plain(row: Row) -> Row:
    return {name: _value(value) for name, value in row.items()}


def _value(value: "float | Row | None") -> "float | Row | None":
    if isinstance(value, Mapping):
        return _plain(value)
    return value if value is None or math.isfinite(value) else None
