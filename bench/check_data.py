"""Decodes every clip of a task and lists what is wrong with the files."""

import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import audio
from bench.audio import BadAudioError, Problem
from tasks import Clip, Progress

ALIKE = 0.9
"""Where this share of the files are as long as the median, to a tenth, all are meant to be."""

SHORT = 0.8
"""Of the median; what is shorter than that is no matter of rounding there."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A clip that cannot be used, or is to be looked at, and why."""

    clip: str
    path: str
    problem: Problem
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was found; lists are in the order of the clips.

    Attributes:
        decoded: how many clips can be used.
        seconds: of audio in the files [s].
        unusable: clips that a run would stop at.
        short: files of less than half the length that nearly all others have.
        duplicated: ids of clips that are the same stretch of the same bytes.
    """

    decoded: int
    seconds: float
    unusable: tuple[Finding, ...]
    short: tuple[Finding, ...]
    duplicated: tuple[tuple[str, ...], ...]

    def hints(self, place: Path, how_to_get: str) -> list[str]:
        """What lies behind many findings, a line each with the remedy."""
        missing = [each for each in self.unusable if each.problem is Problem.MISSING]
        total = self.decoded + len(self.unusable)
        if not missing:
            return []
        if len(missing) == total:
            return [f"none of the {total:,} audio files is under {place}. {how_to_get}"]
        folders = Counter(os.path.dirname(each.path) for each in missing)  # noqa: PTH120 — of an archive too
        worst, count = folders.most_common(1)[0]
        said = f"{len(missing):,} of {total:,} audio files are missing, {count:,} in {worst}"
        return [f"{said}; if an archive was not wholly unpacked, unpack it again. {how_to_get}"]


def look(clips: Sequence[Clip], digests: Mapping[Path, str], progress: Progress) -> Report:
    """Decode every file once, in threads; it never stops at the first that is bad.

    Args:
        clips: of a task.
        digests: sha256 of each file that is there.
        progress: told of clips.
    """
    by_path: defaultdict[Path, list[Clip]] = defaultdict(list)
    for clip in clips:
        by_path[clip.path].append(clip)
    unusable: dict[str, Finding] = {}
    lengths: dict[Path, float] = {}
    done = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, (length, bad) in zip(by_path, pool.map(checked, by_path.values()), strict=True):
            done += len(by_path[path])
            progress(done, len(clips))
            unusable.update((each.clip, each) for each in bad)
            if length is not None:
                lengths[path] = length
    usable = [clip for clip in clips if clip.id not in unusable]
    return Report(
        decoded=len(usable),
        seconds=sum(lengths.values()),
        unusable=tuple(unusable[clip.id] for clip in clips if clip.id in unusable),
        short=tuple(_short(usable, lengths)),
        duplicated=tuple(_duplicated(usable, digests)),
    )


def checked(clips: Sequence[Clip]) -> tuple[float | None, list[Finding]]:
    """The length of a file [s], None if it does not decode; and which of its clips are bad."""
    path = clips[0].path
    try:
        mono, rate = audio.decoded(path)
    except BadAudioError as error:
        return None, [_finding(clip, error) for clip in clips]
    bad = []
    for clip in clips:
        try:
            audio.stretch(path, mono, rate, clip.start, clip.seconds)
        except BadAudioError as error:
            bad.append(_finding(clip, error))
    return len(mono) / rate, bad


def _finding(clip: Clip, error: BadAudioError) -> Finding:
    return Finding(clip.id, str(clip.path), error.problem, error.reason)


def _short(clips: Sequence[Clip], lengths: Mapping[Path, float]) -> list[Finding]:
    """Whole files that are shorter than the others, where the others are all as long."""
    usual = median(lengths.values()) if lengths else 0.0
    alike = sum(abs(length - usual) <= usual / 10 for length in lengths.values())
    if alike < ALIKE * len(lengths):
        return []
    return [
        Finding(
            clip.id,
            str(clip.path),
            Problem.SHORT,
            f"{lengths[clip.path]:.2f} s, others have {usual:.2f} s",
        )
        for clip in clips
        if clip.seconds is None and lengths[clip.path] < SHORT * usual
    ]


def _duplicated(clips: Sequence[Clip], digests: Mapping[Path, str]) -> list[tuple[str, ...]]:
    same: defaultdict[tuple[str, float, float | None], list[str]] = defaultdict(list)
    for clip in clips:
        same[digests[clip.path], clip.start, clip.seconds].append(clip.id)
    return [tuple(ids) for ids in same.values() if len(ids) > 1]
