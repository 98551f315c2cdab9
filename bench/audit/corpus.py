"""What a folder of audio has in common with the test clips of a task."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.audio import BadAudioError, Samples
from bench.audit.coherence import SAME, compare
from bench.audit.findings import Finding, Kind, part_of
from bench.audit.hearing import Listener, heard
from bench.audit.index import Candidate, Index
from bench.audit.landmarks import HOP, RATE
from bench.errors import UserError
from bench.stretch import Stretch
from tasks import Clip, Progress
from tasks._custom import SUFFIXES

MOST = 100
"""Test clips that are compared with a file."""

AROUND = 1.0
"""Audio before and after the place where a test clip may lie that is compared too [s]."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a corpus and a test have in common.

    Attributes:
        files: how many the corpus has.
        findings: a test clip and a file each.
        unusable: path → why a file could not be read.
    """

    files: int
    findings: Sequence[Finding]
    unusable: Mapping[str, str]


def files_of(folder: Path) -> list[Path]:
    """The audio files in a folder and the folders in it.

    Raises:
        UserError: there are none.
    """
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not found:
        message = (
            f"--corpus {folder} holds no audio; give a folder with files that end in "
            f"{', '.join(sorted(SUFFIXES))}"
        )
        raise UserError(message)
    return found


def overlap(
    files: Sequence[Path], test: Sequence[Clip], listener: Listener, progress: Progress
) -> Overlap:
    """Look every file of a corpus up among the test clips; the corpus is never held in memory."""
    search = _Search(test, listener)
    findings: list[Finding] = []
    unusable: dict[str, str] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(search.file, files)
        for done, (path, found) in enumerate(zip(files, results, strict=True), 1):
            progress(done, len(files))
            if isinstance(found, BadAudioError):
                unusable[str(path)] = found.reason
            else:
                findings += found
    return Overlap(len(files), findings, unusable)


class _Search:
    """Test clips by digest and by landmarks."""

    def __init__(self, test: Sequence[Clip], listener: Listener) -> None:
        self.listener = listener
        known = listener.hear([part for clip in test for part in _parts(clip)], _nothing)
        self.test = [clip for clip in test if Stretch.of(clip) in known]
        self.index = Index([known[Stretch.of(clip)].landmarks for clip in self.test])
        self.places: dict[str, set[int]] = defaultdict(set)
        for place, clip in enumerate(self.test):
            for part in _parts(clip):
                if part in known:
                    self.places[known[part].digest].add(place)

    def file(self, path: Path) -> list[Finding] | BadAudioError:
        """What a file has in common with the test."""
        try:
            whole, samples = heard(Stretch(path), near=self.listener.near)
        except BadAudioError as error:
            return error
        copies = sorted(self.places.get(whole.digest, ()))
        findings = [self._finding(Kind.EXACT, place, path) for place in copies]
        candidates = self.index.candidates(whole.landmarks)
        others = [each for each in candidates if each.clip not in copies]
        found = (self._near(each, path, samples) for each in others[:MOST])
        return findings + [finding for finding in found if finding is not None]

    def _near(self, candidate: Candidate, path: Path, samples: Samples) -> Finding | None:
        """Compare a test clip with the place in the file where its landmarks are."""
        clip = self.listener.samples(Stretch.of(self.test[candidate.clip]))
        begin = -candidate.delay * HOP
        first = max(0, begin - round(AROUND * RATE))
        match = compare(clip, samples[first : begin + len(clip) + round(AROUND * RATE)])
        if match.score < SAME:
            return None
        delay = match.delay + first / RATE
        return self._finding(Kind.NEAR, candidate.clip, path, match.score, delay, match.seconds)

    def _finding(
        self,
        kind: Kind,
        place: int,
        path: Path,
        score: float = 1.0,
        delay: float | None = None,
        seconds: float | None = None,
    ) -> Finding:
        clip = self.test[place]
        begins = clip.start if delay is None else delay
        return Finding(kind, clip.id, part_of(clip), str(path), None, score, begins, seconds)


def _parts(clip: Clip) -> list[Stretch]:
    """The audio of a clip, and the file that it is cut from."""
    return list(dict.fromkeys([Stretch.of(clip), Stretch(clip.path)]))


def _nothing(_done: int, _total: int) -> None:
    """Test clips were heard before, all but the files that they are cut from."""
