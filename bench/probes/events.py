"""Events in time: targets of frames, and events from what a probe says of each frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]
"""(events,) [s]."""

Activation = npt.NDArray[np.float64]
"""(frames,) how much a frame is like one with an event, from 0 to 1."""

BESIDE = 0.5
"""The target of a frame beside one with an event."""


@dataclass(frozen=True, slots=True)
class Picking:
    """How events are picked.

    Attributes:
        threshold: that the activation reaches at an event.
        apart: the least time between two events [s].
    """

    threshold: float
    apart: float


def targets(times: Times, frames: int, rate: float) -> Activation:
    """1 for the frame nearest to an event, 0.5 for those beside it, else 0 (Böck & Davies, 2020).

    Args:
        times: (events,) [s].
        frames: of the clip; frame k is at k / rate.
        rate: frames a second [Hz].

    Returns:
        (frames,).
    """
    nearest = np.minimum(np.round(times * rate).astype(np.int64), frames - 1)
    wide = np.zeros(frames + 2)
    wide[nearest] = wide[nearest + 2] = BESIDE
    wide[nearest + 1] = 1.0
    return wide[1:-1]


def peaks(activation: Activation, rate: float, picking: Picking) -> Times:
    """The times of the activation's peaks [s]; of two too near each other the higher one."""
    from scipy.signal import find_peaks

    distance = max(1, round(picking.apart * rate))
    found, _ = find_peaks(np.pad(activation, 1), height=picking.threshold, distance=distance)
    return np.asarray((found - 1) / rate, dtype=np.float64)


def padded(rows: Sequence[Times]) -> npt.NDArray[np.float64]:
    """(clips, most events), one at least; NaN where a clip has fewer."""
    most = max([1, *map(len, rows)])
    found = np.full((len(rows), most), np.nan)
    for row, times in zip(found, rows, strict=True):
        row[: len(times)] = times
    return found
