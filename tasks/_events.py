"""How well event times, such as beats, agree."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Times: TypeAlias = npt.NDArray[np.float64]
"""(clips, events) [s]; NaN where a clip has fewer."""


def f_measure(truth: Times, found: Times, tolerance: float) -> npt.NDArray[np.float64]:
    """F-measure of each clip's events: (clips,); 0 where either side has none.

    Args:
        truth: (clips, events) [s], NaN where there are fewer.
        found: (clips, detections) [s], likewise.
        tolerance: how far apart a pair may be at most [s]; an event is in one pair at most.
    """
    events = (~np.isnan(truth)).sum(axis=1) + (~np.isnan(found)).sum(axis=1)
    pairs = _pairs(_ascending(truth), _ascending(found), tolerance)
    return np.asarray(2 * pairs / np.maximum(events, 1), dtype=np.float64)


def _ascending(times: Times) -> Times:
    """In order, NaN made infinite, and with one infinity at the end at least."""
    ends = np.full((len(times), 1), np.inf)
    return np.concatenate([np.sort(np.where(np.isnan(times), np.inf, times)), ends], axis=1)


def _pairs(truth: Times, found: Times, tolerance: float) -> npt.NDArray[np.int64]:
    """The most pairs within the tolerance: (clips,).

    The earliest events left on both sides are paired if they are near enough, else the earlier one
    is left out. No matching has more pairs, as every event has the same reach.
    """
    clips = np.arange(len(truth))
    i, j, pairs = (np.zeros(len(truth), np.int64) for _ in range(3))
    for _ in range(truth.shape[1] + found.shape[1]):
        wanted, given = truth[clips, i], found[clips, j]
        early, late = given + tolerance < wanted, given - tolerance > wanted
        hit = ~early & ~late & np.isfinite(wanted)
        pairs += hit
        i += hit | late
        j += hit | early
    return pairs
