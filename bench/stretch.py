"""A part of an audio file."""

from dataclasses import dataclass
from pathlib import Path

from tasks import Clip


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a file.

    Attributes:
        path: the file.
        start: where it begins [s].
        seconds: how long it is [s]; None for the rest of the file.
    """

    path: Path
    start: float = 0.0
    seconds: float | None = None

    @classmethod
    def of(cls, clip: Clip) -> "Stretch":
        """The audio of a clip."""
        return cls(clip.path, clip.start, clip.seconds)
