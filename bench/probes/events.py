"""Events in time: targets of frames, and events from what a probe says of each frame."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]
"""(events,) [s]."""


def padded(rows: Sequence[Times]) -> npt.NDArray[np.float64]:
    """(clips, most events), one at least; NaN where a clip has fewer."""
    most = max([1, *map(len, rows)])
    found = np.full((len(rows), most), np.nan)
    for row, times in zip(found, rows, strict=True):
        row[: len(times)] = times
    return found
