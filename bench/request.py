"""What a user asks of a run, and what becomes of each pair."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from backbones import Precision
from bench.audio import BadAudioError
from bench.errors import UserError
from bench.extraction import Settings

if TYPE_CHECKING:
    from leaderboard.records import Record


class OnBadAudio(StrEnum):
    """What becomes of a run when a file cannot be used."""

    STOP = "stop"
    SKIP = "skip"


class Status(StrEnum):
    """What became of a pair."""

    DONE = "done"
    KEPT = "kept"
    SKIPPED = "skipped"
    FAILED = "failed"


class BadAudioFoundError(UserError):
    """Files cannot be used, and the run was not told to go on without them."""

    def __init__(self, backbone: str, bad: Sequence[BadAudioError]) -> None:
        files = "1 audio file" if len(bad) == 1 else f"{len(bad):,} audio files"
        super().__init__(
            f"{files} cannot be used; nothing was scored with {backbone}. "
            "Mend them, or leave them out with --on-bad-audio skip."
        )
        self.bad = bad


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """How to run pairs.

    Attributes:
        include: files of cards, and what doors were asked for.
        protocol: of the probes.
        trials: budget of a search.
        budget_seconds: of a search; None for no such end.
        seeds: of a chosen probe.
        layer: the only one to use; None for the protocol's.
        settings: of extraction.
        on_bad_audio: stop, or go on without the bad files.
        results: the folder records are written to.
    """

    include: tuple[Path | str, ...]
    protocol: str
    trials: int
    budget_seconds: float | None
    seeds: int
    layer: str | None
    settings: Settings
    on_bad_audio: OnBadAudio
    results: Path

    def command(self, backbone: str, task: str) -> str:
        """The command that makes one row, in the folder that this one ran in.

        Args:
            backbone: its name, or what a door was asked for.
            task: likewise.
        """
        words = ["bench", "run", "--backbone", backbone, "--task", task]
        words += ["--protocol", self.protocol, "--trials", str(self.trials)]
        words += ["--seeds", str(self.seeds)]
        if self.budget_seconds is not None:
            words += ["--budget-seconds", f"{self.budget_seconds:g}"]
        if self.layer is not None:
            words += ["--layer", self.layer]
        if self.settings.precision is not Precision.FP32:
            words += ["--precision", self.settings.precision]
        if self.on_bad_audio is not OnBadAudio.STOP:
            words += ["--on-bad-audio", self.on_bad_audio]
        for path in self.include:
            words += ["--include", _from_here(path)] if isinstance(path, Path) else []
        return shlex.join(words)


def _from_here(path: Path) -> str:
    """Relative to the working directory if it lies below: a record then names no machine's path."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a pair, and why if nothing came of it."""

    backbone: str
    task: str
    status: Status
    reason: str = ""
    record: "Record | None" = None
