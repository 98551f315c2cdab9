"""What the study is made of: cells that are measured one by one, and what they find."""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

import numpy as np
from scipy.stats import binom, binomtest, t

from bench import provenance
from bench.store import write_atomically

LEVEL = 0.99
"""Of Monte Carlo intervals."""

MANY = 1000
"""Repetitions from which on bounds are taken as they are."""

Interval: TypeAlias = tuple[float, float]

Argument: TypeAlias = str | int | float


class Verdict(StrEnum):
    """Whether a claim holds."""

    PASSED = "pass"
    FAILED = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim, and what was measured of it.

    Attributes:
        claim: in a few words.
        measured: the number it is about.
        interval: of that number, from the repetitions; at `LEVEL`.
        bounds: that it must lie in.
        details: other numbers, by name.
    """

    claim: str
    measured: float
    interval: Interval
    bounds: Interval
    details: Mapping[str, float] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """Whether the number lies within its bounds, both of which belong to it."""
        low, high = self.bounds
        return Verdict.PASSED if low <= self.measured <= high else Verdict.FAILED


@dataclass(frozen=True, slots=True)
class Cell:
    """A part of the study that is measured at once.

    Attributes:
        function: of a module, so that another process can call it.
        arguments: of the function; with its code they are the name of the result.
    """

    function: Callable[..., Sequence[Finding]]
    arguments: tuple[Argument, ...]

    def measure(self) -> list[Finding]:
        """Do it."""
        return list(self.function(*self.arguments))

    def path(self, folder: Path) -> Path:
        """Where the result is kept."""
        file = Path(inspect.getfile(self.function))
        asked = [self.function.__name__, *self.arguments, provenance.code_digest(file)]
        return folder / f"{file.stem}-{provenance.digest(asked)[:16]}.json"


@dataclass(frozen=True, slots=True)
class Part:
    """Cells with one heading.

    Attributes:
        name: on the command line.
        heading: of its table.
        about: what is claimed, and how it was measured.
        whole: what is measured.
        small: what is measured where a minute is all there is.
        percent: whether its numbers are shown × 100.
    """

    name: str
    heading: str
    about: str
    whole: Sequence[Cell]
    small: Sequence[Cell]
    percent: bool = True


def save(findings: Sequence[Finding], path: Path) -> None:
    """Write what a cell found."""
    write_atomically(path, json.dumps([asdict(each) for each in findings], indent=1).encode())


def load(path: Path) -> list[Finding]:
    """Read what a cell found."""
    facts = json.loads(path.read_bytes())
    for each in facts:
        each["interval"], each["bounds"] = tuple(each["interval"]), tuple(each["bounds"])
    return [Finding(**each) for each in facts]


def random_numbers(*names: Argument) -> np.random.Generator:
    """A stream of its own for every cell."""
    return np.random.default_rng(list("|".join(map(str, names)).encode()))


def share(count: int, trials: int) -> Interval:
    """The interval of a probability (Clopper & Pearson, 1934)."""
    found = binomtest(count, trials).proportion_ci(LEVEL, "exact")
    return float(found.low), float(found.high)


def half_width(values: Sequence[float]) -> float:
    """Of the interval of a mean, by Student's t."""
    quantile = t.ppf((1 + LEVEL) / 2, len(values) - 1)
    return float(quantile * np.std(values, ddof=1) / np.sqrt(len(values)))


def between(low: float, high: float, trials: int) -> Interval:
    """Bounds of a share; of few trials as far apart as chance moves the share of a good method."""
    if trials >= MANY:
        return low, high
    tail = (1 - LEVEL) / 2
    fewest, most = binom.ppf(tail, trials, low), binom.ppf(1 - tail, trials, high)
    return float(fewest / trials), float(most / trials)


def at_most(rate: float, trials: int) -> Interval:
    """Bounds of the share of errors of a method that errs at that rate, and of all better ones."""
    return 0.0, float(binom.ppf(LEVEL, trials, rate) / trials)
