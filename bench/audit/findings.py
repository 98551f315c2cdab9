"""What an audit finds, and where it is kept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from bench import assets, data, provenance
from bench.digests import Digests
from bench.registry import Entry
from bench.store import write_atomically
from tasks import Clip, Split, Task, digest_of

VERSION = 1
"""Of the audit; raise it when the same audio gives other findings."""


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
        split: its split.
        other: id of the other, or path of a file of a corpus.
        other_split: its split; None for a file of a corpus.
        score: how far they are one recording, 1 for exact copies; see `coherence.compare`.
        delay: when the clip begins in the other [s].
        seconds: how much they share [s]; None for all.
    """

    kind: Kind
    clip: str
    split: Split
    other: str
    other_split: Split | None
    score: float = 1.0
    delay: float = 0.0
    seconds: float | None = None

    @property
    def is_leak(self) -> bool:
        """Whether it is across splits, or between the test and a corpus."""
        return self.split is not self.other_split


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit found in a task, whichever backbones and corpora there are.

    Attributes:
        task: its name.
        clips: how many there are.
        findings: across splits first.
        leaked: ids of test clips that are in another split too, whole, in part or by their group.
        too_plain: ids of clips with so few landmarks that a copy may have been missed.
        unusable: id → why the audio could not be read.
        content: of clips and audio, so that a report of other audio is none.
        version: of the audit.
    """

    task: str
    clips: int
    findings: Sequence[Finding]
    leaked: Sequence[str]
    too_plain: Sequence[str]
    unusable: Mapping[str, str]
    content: str
    version: int = VERSION


def content_of(clips: Sequence[Clip]) -> str:
    """The digest of a task's clips and of all their files."""
    files = Digests(assets.cache_folder() / "digests.sqlite").of(clip.path for clip in clips)
    audio = sorted([clip.id, files.get(clip.path, "missing")] for clip in clips)
    return provenance.digest([digest_of(clips), audio])


def place_of(clips: Sequence[Clip]) -> Path:
    """Where the report on these clips lies or would lie."""
    return assets.cache_folder() / "audits" / f"{digest_of(clips)}.json"


def save(report: Report, clips: Sequence[Clip]) -> Path:
    """Keep a report in the cache, whole or not at all."""
    place = place_of(clips)
    write_atomically(place, json.dumps(asdict(report), indent=1).encode())
    return place


def leaked(entry: Entry[Task]) -> frozenset[str] | None:
    """Ids of test clips that are in another split too; None where these data were never audited.

    It decodes nothing: a report counts while clips and audio are those that it was made of.
    """
    place = data.folder(entry)
    if not place.is_dir():
        return None
    clips = data.clips(entry.card, place)
    kept = place_of(clips)
    if not kept.is_file():
        return None
    report = json.loads(kept.read_bytes())
    if [report["version"], report["content"]] != [VERSION, content_of(clips)]:
        return None
    return frozenset(report["leaked"])
