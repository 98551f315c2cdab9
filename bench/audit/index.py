"""Which clips may hold the same audio: an inverted index of landmarks.

Every landmark that two clips share votes for the delay between them. The rarest say most: a lookup
begins with them and ends at a number of places, so that it does not grow with the index.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.audit.landmarks import Ints, Marks, Print

PLACES = 50
"""The most that are looked at, for each landmark of a query, all together."""

VOTES = 4
"""The fewest that make a candidate."""

SHARE = 0.02
"""The part of the landmarks that must agree, of whichever clip has fewer."""

LONGEST = 2**32
"""No clip has as many frames."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A clip of the index that may hold the same audio.

    Attributes:
        clip: its position in the index.
        delay: how much later the audio is in the clip of the index [frames].
        votes: landmarks that agree on that delay.
    """

    clip: int
    delay: int
    votes: int


class Index:
    """Landmarks of clips, sorted by their hashes."""

    def __init__(self, prints: Sequence[Print]) -> None:
        none = np.empty(0, np.int32)
        hashes = np.concatenate([none, *(each.hashes for each in prints)])
        frames = np.concatenate([none, *(each.frames for each in prints)])
        sizes = np.array([len(each) for each in prints], np.int64)
        clips = np.repeat(np.arange(len(prints), dtype=np.int32), sizes)
        order = np.argsort(hashes, kind="stable")
        self._hashes, self._frames, self._clips = hashes[order], frames[order], clips[order]
        self._sizes = sizes

    def candidates(self, query: Print) -> list[Candidate]:
        """Clips that may hold the audio of `query`, those with most votes first."""
        first, last = (np.searchsorted(self._hashes, query.hashes, s) for s in ("left", "right"))
        told = _rarest(last - first)
        first, places, frames = first[told], (last - first)[told], query.frames[told]
        rows = _ranges(first, places)
        delays = self._frames[rows] - np.repeat(frames, places)
        clips, delays, votes = _elect(self._clips[rows], delays)
        smaller = np.minimum(self._sizes[clips], len(told))
        enough = np.flatnonzero(votes >= np.maximum(VOTES, SHARE * smaller))
        order = enough[np.argsort(-votes[enough], kind="stable")]
        return [Candidate(int(clips[i]), int(delays[i]), int(votes[i])) for i in order]


def _rarest(places: Ints) -> Ints:
    """Which landmarks are looked at, given in how many places each is."""
    order = np.argsort(places, kind="stable")
    last = np.searchsorted(np.cumsum(places[order]), PLACES * len(places), side="right")
    return order[:last]


def _ranges(starts: Ints, lengths: Ints) -> Ints:
    """The numbers of all ranges, one range after the other."""
    before = np.cumsum(lengths) - lengths
    ranges: Ints = np.repeat(starts - before, lengths) + np.arange(lengths.sum())
    return ranges


def _elect(clips: Marks, delays: Marks) -> tuple[Ints, Ints, Ints]:
    """Each clip once, with the delay that most votes are for, and how many those are.

    A delay between two frames has its votes at both.
    """
    places = clips.astype(np.int64) * LONGEST + delays + LONGEST // 2
    keys, counts = np.unique(places, return_counts=True)
    votes = counts.copy()
    neighbours = np.flatnonzero(np.diff(keys) == 1)
    votes[neighbours] += counts[neighbours + 1]
    order = np.lexsort((-votes, keys // LONGEST))
    elected, first = np.unique(keys[order] // LONGEST, return_index=True)
    best = order[first]
    return elected, keys[best] % LONGEST - LONGEST // 2, votes[best]
