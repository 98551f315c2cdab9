"""What a page shows: plain data, computed elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass

from leaderboard.audits import Audit
from leaderboard.records import Record, Score, TaskFacts


@dataclass(frozen=True, slots=True)
class Rank:
    """Mean rank over the tasks of a suite, with its 95 % interval over tasks; 1 is best."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Clean:
    """A row without the test clips that are known from elsewhere.

    Attributes:
        left_out: how many that were.
        score: the primary metric on the others; None where it has no value there.
    """

    left_out: int
    score: Score | None


@dataclass(frozen=True, slots=True)
class Line:
    """A backbone in a suite.

    Attributes:
        records: by task name; a task it was not run on is not there.
        letters: by task name; lines that share a letter cannot be told apart.
        rank: None unless it was run on every task of the suite.
        clean: by task name, where test clips leak.
    """

    records: Mapping[str, Record]
    letters: Mapping[str, str]
    rank: Rank | None
    clean: Mapping[str, Clean]

    @property
    def name(self) -> str:
        """The backbone's."""
        return next(iter(self.records.values())).backbone.name

    @property
    def family(self) -> str:
        """The backbone's."""
        return next(iter(self.records.values())).backbone.family


@dataclass(frozen=True, slots=True)
class Suite:
    """One table: tasks as columns, backbones as lines, the best mean rank first.

    Attributes:
        name: of the suite.
        protocol: that probed all its rows.
        tasks: columns.
        lines: backbones.
        detectable: by task name, the difference that a comparison of two lines finds 80 times in
            100; a task with one line is not there.
        worth: by task name, the number of groups of equal size that its test clips are worth.
        audits: by task name; a task that was not audited is not there.
    """

    name: str
    protocol: str
    tasks: tuple[TaskFacts, ...]
    lines: tuple[Line, ...]
    detectable: Mapping[str, float]
    worth: Mapping[str, float]
    audits: Mapping[str, Audit]

    @property
    def title(self) -> str:
        """What the table is called."""
        return f"{self.name}, {self.protocol}"
