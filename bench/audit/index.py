"""Which clips may hold the same audio: an inverted index of landmarks.

Every landmark that two clips share votes for the delay between them. Landmarks that are in very
many places say nothing and are left out, so a lookup does not grow with the index.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.audit.landmarks import Ints, Print

CROWD = 100
"""A landmark found in more places than this is left out."""

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
        none = np.empty(0, np.int64)
        hashes = np.concatenate([none, *(each.hashes for each in prints)])
        frames = np.concatenate([none, *(each.frames for each in prints)])
        clips = np.repeat(np.arange(len(prints)), [len(each) for each in prints])
        order = np.argsort(hashes, kind="stable")
        _, places = np.unique(hashes, return_counts=True)
        order = order[np.repeat(places <= CROWD, places)]
        self._hashes, self._frames, self._clips = hashes[order], frames[order], clips[order]
        self._sizes = np.bincount(self._clips, minlength=len(prints))

    def candidates(self, query: Print) -> list[Candidate]:
        """Clips that may hold the audio of `query`, those with most votes first."""
        first, last = (np.searchsorted(self._hashes, query.hashes, s) for s in ("left", "right"))
        places = last - first
        rows = _ranges(first, places)
        delays = self._frames[rows] - np.repeat(query.frames, places)
        clips, delays, votes = _elect(self._clips[rows], delays)
        smaller = np.minimum(self._sizes[clips], len(query))
        enough = np.flatnonzero(votes >= np.maximum(VOTES, SHARE * smaller))
        order = enough[np.argsort(-votes[enough], kind="stable")]
        return [Candidate(int(clips[i]), int(delays[i]), int(votes[i])) for i in order]


def _ranges(starts: Ints, lengths: Ints) -> Ints:
    """The numbers of all ranges, one range after the other."""
    before = np.cumsum(lengths) - lengths
    ranges: Ints = np.repeat(starts - before, lengths) + np.arange(lengths.sum())
    return ranges


def _elect(clips: Ints, delays: Ints) -> tuple[Ints, Ints, Ints]:
    """Each clip once, with the delay that most votes are for, and how many those are.

    A delay between two frames has its votes at both.
    """
    keys, counts = np.unique(clips * LONGEST + delays + LONGEST // 2, return_counts=True)
    votes = counts.copy()
    neighbours = np.flatnonzero(np.diff(keys) == 1)
    votes[neighbours] += counts[neighbours + 1]
    order = np.lexsort((-votes, keys // LONGEST))
    elected, first = np.unique(keys[order] // LONGEST, return_index=True)
    best = order[first]
    return elected, keys[best] % LONGEST - LONGEST // 2, votes[best]
