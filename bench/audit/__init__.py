"""The leakage audit: audio that a task has in more than one split, or that a corpus has too."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from backbones import Backbone
from bench import data
from bench.audit.findings import Finding, Kind, Report
from bench.progress import Reporter
from bench.registry import Catalogue, Entry
from bench.stretch import Stretch
from tasks import Clip, Split, Task, digest_of

if TYPE_CHECKING:
    from bench.audit.corpus import Overlap

__all__ = ["Audit", "Finding", "Kind", "Report", "trained_on"]


class Audit:
    """Audits tasks; audio that several tasks share is decoded once.

    Attributes:
        near: whether recordings that were encoded again, cut or made louder are looked for, or
            copies of the same samples only.
    """

    def __init__(self, reporter: Reporter, *, near: bool = True) -> None:
        from bench.audit.hearing import Listener

        self.near = near
        self._reporter = reporter
        self._listener = Listener(near=near)

    def task(self, entry: Entry[Task]) -> Report:
        """Compare the clips of a task with each other.

        Raises:
            DataError: the data are missing, or not what the card says.
        """
        from bench.audit import duplicates

        clips = self._clips(entry)
        name, listener = entry.card.name, self._listener
        with self._reporter.step(f"hearing {name}", "clips") as step:
            known = listener.hear(map(Stretch.of, clips), step)
        heard = {c.id: known[Stretch.of(c)] for c in clips if Stretch.of(c) in known}
        findings = duplicates.exact(clips, heard) + duplicates.groups(clips)
        if self.near:
            with self._reporter.step(f"looking up {name}", "clips") as step:
                pairs = duplicates.candidates(clips, heard, step)
            with self._reporter.step(f"comparing {name}", "pairs") as step:
                findings += duplicates.near(pairs, listener, step)
        return Report(
            task=name,
            clips=len(clips),
            findings=sorted(findings, key=_order),
            leaked=duplicates.leaked(clips, findings),
            too_plain=[n for n in sorted(heard) if self.near and heard[n].landmarks.is_plain],
            unusable={c.id: listener.unusable[Stretch.of(c)] for c in clips if c.id not in heard},
            data=digest_of(clips),
        )

    def corpus(self, entry: Entry[Task], files: Sequence[Path]) -> "Overlap":
        """Look the files of a corpus up among the test clips of a task."""
        from bench.audit import corpus

        test = [clip for clip in self._clips(entry) if clip.split is Split.TEST]
        with self._reporter.step(f"corpus and {entry.card.name}", "files") as step:
            return corpus.overlap(files, test, self._listener, step)

    def _clips(self, entry: Entry[Task]) -> list[Clip]:
        with self._reporter.step(f"data of {entry.card.name}", "steps") as step:
            return data.clips(entry.card, data.ready(entry, step))


def trained_on(backbones: Catalogue[Backbone], task: Task) -> dict[str, list[str]]:
    """Backbones whose weights have seen data sets whose audio the task holds: name → data sets."""
    shared = {e.card.name: set(e.card.trained_on) & set(task.corpora) for e in backbones}
    return {name: sorted(names) for name, names in shared.items() if names}


def _order(finding: Finding) -> tuple[bool, str, str, str]:
    return not finding.is_leak, finding.kind, finding.clip, finding.other
