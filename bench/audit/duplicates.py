"""Clips of a task that have something in common: samples, a recording, or a group."""

import itertools
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from bench.audit.coherence import SAME, Match, compare
from bench.audit.findings import Finding, Kind, part_of
from bench.audit.hearing import Heard, Listener
from bench.audit.index import Index
from bench.stretch import Stretch
from tasks import Clip, Progress, Split

MOST = 10
"""Candidates of a clip that are compared with it, in each split or fold."""

ORDER = tuple(Split)


def exact(clips: Sequence[Clip], heard: Mapping[str, Heard]) -> list[Finding]:
    """Clips with the same samples.

    Of many copies, each is paired with the first of every split or fold: n copies in p of them make
    at most p n pairs.

    Args:
        clips: of the task.
        heard: clip id → what is kept of it; others are passed over.
    """
    copies: dict[str, list[Clip]] = defaultdict(list)
    for clip in _sorted(clip for clip in clips if clip.id in heard):
        copies[heard[clip.id].digest].append(clip)
    pairs = {pair for same in copies.values() for pair in _pairs(same)}
    return [Finding(Kind.EXACT, a.id, part_of(a), b.id, part_of(b)) for a, b in pairs]


def groups(clips: Sequence[Clip]) -> list[Finding]:
    """Groups with clips in several splits or folds: the first of them in each."""
    members: dict[str, dict[str, Clip]] = defaultdict(dict)
    for clip in _sorted(clips):
        members[clip.group].setdefault(part_of(clip), clip)
    return [
        Finding(Kind.GROUP, a.id, part_of(a), b.id, part_of(b))
        for firsts in members.values()
        for a, b in itertools.combinations(firsts.values(), 2)
    ]


def candidates(
    clips: Sequence[Clip], heard: Mapping[str, Heard], progress: Progress
) -> list[tuple[Clip, Clip]]:
    """Pairs of clips that share landmarks, other than exact copies."""
    listed = _sorted(clip for clip in clips if clip.id in heard)
    index = Index([heard[clip.id].landmarks for clip in listed])
    pairs: set[tuple[int, int]] = set()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda place: _like(place, listed, heard, index), range(len(listed)))
        for place, others in enumerate(found):
            pairs.update((min(place, other), max(place, other)) for other in others)
            progress(place + 1, len(listed))
    return [(listed[one], listed[other]) for one, other in sorted(pairs)]


def near(
    pairs: Sequence[tuple[Clip, Clip]], listener: Listener, progress: Progress
) -> list[Finding]:
    """Those of many pairs that hold the same recording."""
    findings = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        matches = pool.map(lambda pair: _match(pair, listener), pairs)
        for done, ((one, other), match) in enumerate(zip(pairs, matches, strict=True), 1):
            progress(done, len(pairs))
            if match.score >= SAME:
                found = (match.score, match.delay, match.seconds)
                findings.append(
                    Finding(Kind.NEAR, one.id, part_of(one), other.id, part_of(other), *found)
                )
    return findings


def leaked(clips: Iterable[Clip], findings: Iterable[Finding]) -> list[str]:
    """Ids of test clips that are in another split or fold too, whole, in part or by their group."""
    clips = list(clips)
    found = {name for each in findings if each.is_leak for name in (each.clip, each.other)}
    parts: dict[str, set[str]] = defaultdict(set)
    for clip in clips:
        parts[clip.group].add(part_of(clip))
    test = (clip for clip in clips if clip.split is Split.TEST)
    return sorted(clip.id for clip in test if clip.id in found or len(parts[clip.group]) > 1)


def _sorted(clips: Iterable[Clip]) -> list[Clip]:
    return sorted(clips, key=lambda clip: (ORDER.index(clip.split), clip.fold, clip.id))


def _pairs(same: Sequence[Clip]) -> Iterator[tuple[Clip, Clip]]:
    """Each of many sorted copies with the first of every split or fold."""
    firsts: dict[str, int] = {}
    for place, clip in enumerate(same):
        firsts.setdefault(part_of(clip), place)
    for place, first in itertools.product(range(len(same)), firsts.values()):
        if place != first:
            yield same[min(place, first)], same[max(place, first)]


def _like(
    place: int, listed: Sequence[Clip], heard: Mapping[str, Heard], index: Index
) -> list[int]:
    """Places of the clips that may hold the recording of one, the best of each split or fold."""
    own = heard[listed[place].id]
    taken: Counter[str] = Counter()
    found = []
    for candidate in index.candidates(own.landmarks):
        clip = listed[candidate.clip]
        if heard[clip.id].digest != own.digest and taken[part_of(clip)] < MOST:
            taken[part_of(clip)] += 1
            found.append(candidate.clip)
    return found


def _match(pair: tuple[Clip, Clip], listener: Listener) -> Match:
    one, other = (listener.samples(Stretch.of(clip)) for clip in pair)
    return compare(one, other)
