"""Says what is being done: bars on a terminal, plain lines in a log; always on standard error."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

EVERY = 5.0
"""Seconds between lines of one step in a log [s]."""


SLOWEST = 0.1
"""A rate below is not shown [1/s]."""


class Step(Protocol):
    """One thing that takes time."""

    def __call__(self, done: int, total: int) -> None:
        """Tell how far it is."""


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.1f}/s" if task.speed else "")


class Reporter:
    """What the command line shows while it works."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)

    def say(self, line: str) -> None:
        """One line."""
        self._console.print(line, markup=False, soft_wrap=True)

    @contextmanager
    def step(self, title: str, unit: str) -> Iterator[Step]:
        """Report one step: a bar with rate and time left, or a line now and then."""
        if self._console.is_terminal:
            with self._bar(title, unit) as step:
                yield step
        else:
            yield _Lines(title, unit)

    @contextmanager
    def _bar(self, title: str, unit: str) -> Iterator[Step]:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn(unit),
            _Rate(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task(title, total=None)

            def update(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total)

            yield update


class Silent(Reporter):
    """Shows nothing: of several processes that do one thing, the first speaks."""

    def say(self, line: str) -> None:
        """Nothing."""

    @contextmanager
    def step(self, title: str, unit: str) -> Iterator[Step]:
        """Report nothing."""
        del title, unit
        yield lambda _done, _total: None


class _Lines:
    """Progress as lines of a log: the first, the last, and one every few seconds."""

    def __init__(self, title: str, unit: str) -> None:
        self._title, self._unit = title, unit
        self._begun = time.monotonic()
        self._due = self._begun + EVERY
        sys.stderr.write(f"{title} …\n")
        sys.stderr.flush()

    def __call__(self, done: int, total: int) -> None:
        """Print a line if one is due."""
        now = time.monotonic()
        if now < self._due and done < total:
            return
        self._due = now + EVERY
        rate = done / max(now - self._begun, 1e-9)
        speed = f", {rate:,.1f}/s" if rate >= SLOWEST else ""
        left = f", {(total - done) / rate:.0f} s left" if 0 < done < total else ""
        sys.stderr.write(f"{self._title}: {done:,}/{total:,} {self._unit}{speed}{left}\n")
        sys.stderr.flush()
