"""What an audit finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tasks import Clip


class Kind(StrEnum):
    """What two clips have in common."""

    EXACT = "exact"
    NEAR = "near"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Finding:
    """Two clips that have something in common.

    Attributes:
        kind: the same samples, the same recording, or the same group.
        clip: id of the one that comes first, by split, then by id.
        split: its split, or its fold as in `fold 3`; see `part_of`.
        other: id of the other, or path of a file of a corpus.
        other_split: its split or fold; None for a file of a corpus.
        score: how far they are one recording, 1 for exact copies; see `coherence.compare`.
        delay: when the clip begins in the other [s].
        seconds: how much they share [s]; None for all.
    """

    kind: Kind
    clip: str
    split: str
    other: str
    other_split: str | None
    score: float = 1.0
    delay: float = 0.0
    seconds: float | None = None

    @property
    def is_leak(self) -> bool:
        """Whether it is across splits or folds, or between the test and a corpus."""
        return self.split != self.other_split


def part_of(clip: Clip) -> str:
    """What a clip may share audio with: its split, or the fold that it is tested in."""
    return f"fold {clip.fold}" if clip.fold else clip.split.value


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit found in a task, whichever backbones and corpora there are.

    Attributes:
        task: its name.
        clips: how many there are.
        findings: across splits or folds first.
        leaked: ids of test clips that are in another split or fold too, whole, in part or by group.
        too_plain: ids of clips with so few landmarks that a copy may have been missed.
        unusable: id → why the audio could not be read.
        data: digest of clips, labels and splits.
    """

    task: str
    clips: int
    findings: Sequence[Finding]
    leaked: Sequence[str]
    too_plain: Sequence[str]
    unusable: Mapping[str, str]
    data: str
