"""Small copies of published data sets, in the layout of the real ones."""

import csv
import importlib
import io
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from bench.registry import Entry
from tasks import Split, Task

RATE = 16_000


@dataclass(frozen=True)
class Spoilt:
    """A mistake in a copy, and what is said of it."""

    how: Callable[[Path], object]
    said: str


@dataclass(frozen=True)
class Layout:
    """A small copy of the data of one task.

    Attributes:
        task: the real card.
        write: fills the data set's folder, and returns the published lists that go with it.
        counts: clips a split that it holds.
        left_out: ids that are in its tables and must not be among the clips.
        spoilt: mistakes.
    """

    task: Task
    write: Callable[[Path], Sequence[Path]]
    counts: tuple[int, int, int]
    left_out: frozenset[str] = frozenset()
    spoilt: Mapping[str, Spoilt] = field(default_factory=dict)

    def place(self, root: Path) -> Entry[Task]:
        """Write the copy below a data root; the card of what is there."""
        folder = root / self.task.data.name
        lists = tuple(f"file:{path}" for path in self.write(folder))
        counts = dict(zip(Split, self.counts, strict=True))
        card = replace(self.task, counts=counts, digest=None, lists=lists)
        module = self.task.data.name.replace("-", "_")
        return Entry(card, Path(__file__).parents[1] / "tasks" / f"{module}.py")


def every_layout() -> list[Layout]:
    """Those of every module in `tests/datasets`."""
    place = [str(Path(__file__).with_name("datasets"))]
    modules = sorted(module.name for module in pkgutil.iter_modules(place))
    loaded = [importlib.import_module(f"tests.datasets.{name}") for name in modules]
    return [layout for module in loaded for layout in module.LAYOUTS]


def sound(path: Path, number: int, seconds: float = 1.0) -> None:
    """A tone in noise, in the format of the path's ending; another number is another tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_encoded(path.suffix[1:], number, seconds))


@cache
def _encoded(kind: str, number: int, seconds: float) -> bytes:
    """Encoding takes longer than all else of a copy, and copies share their sounds."""
    rng = np.random.default_rng(number)
    time = np.arange(round(RATE * seconds)) / RATE
    wave = 0.3 * np.sin(2 * np.pi * (200 + 37 * (number % 50)) * time)
    written = io.BytesIO()
    soundfile.write(written, wave + rng.normal(0, 0.02, len(time)), RATE, format=kind)
    return written.getvalue()


def table(
    path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ","
) -> None:
    """A table with a header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(columns)
        writer.writerows(rows)


def text(path: Path, content: str) -> Path:
    """A text file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def edit(name: str, old: str, new: str) -> Callable[[Path], object]:
    """Put something else into a file of the data set's folder; the text must be there."""

    def change(folder: Path) -> None:
        content = (folder / name).read_text(encoding="utf-8")
        assert old in content
        (folder / name).write_text(content.replace(old, new, 1), encoding="utf-8")

    return change


def remove(name: str) -> Callable[[Path], object]:
    """Take a file of the data set's folder away."""
    return lambda folder: (folder / name).unlink()
