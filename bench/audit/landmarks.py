"""Landmarks of a spectrogram: what is left of a clip that is encoded again, louder or later.

A landmark is a pair of spectral peaks, told by both frequencies and the time between them (A. Wang,
An industrial-strength audio search algorithm, ISMIR 2003). A peak is louder than the frequencies
around it and, but for its trend, than the moments around it, so a note that fades has peaks after
its onset too. In each second the strongest count: gain changes nothing, a quiet passage little.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from bench.audio import Samples

Ints: TypeAlias = npt.NDArray[np.int64]
"""(landmarks,) or (peaks,)."""

Marks: TypeAlias = npt.NDArray[np.int32]
"""(landmarks,), as many are kept."""

Levels: TypeAlias = npt.NDArray[np.float32]
"""(frames, bins) [dB of full scale]."""

RATE = 8_000
"""Of the audio that is compared [Hz]: what is above 4 kHz is the first that an encoder drops."""

WINDOW = 512
"""Of the spectrogram [samples]."""

HOP = 128
"""From one frame to the next [samples]."""

SECOND = round(RATE / HOP)
"""Frames that share a budget of peaks."""

PEAKS = 24
"""The most in a second."""

MOMENTS = 9
"""Frames of which a peak is the loudest."""

NEIGHBOURS = 5
"""Bins of which a peak is the loudest."""

TREND = 15
"""Frames whose mean a moment is compared with."""

RANGE = 60.0
"""How far below the loudest bin of the seconds around it a peak may lie [dB]."""

FLOOR = -100.0
"""Below this there is nothing but the steps of 16-bit audio [dB of full scale]."""

LOWEST = 3
"""The first bin that may hold a peak; below are mains hum and rumble."""

FAN = 10
"""The next peaks that a peak makes landmarks with."""

PLAIN = 120
"""A clip with fewer different landmarks is too plain to be told for certain."""

FRAME_BITS = 6
BIN_BITS = 8
FURTHEST = 2**FRAME_BITS - 1
"""The longest time inside a landmark [frames], and the widest step [bins]."""


@dataclass(frozen=True, slots=True)
class Print:
    """The landmarks of a clip.

    Attributes:
        hashes: (landmarks,) the two frequencies and the time between them in one number.
        frames: (landmarks,) when the first peak is.
    """

    hashes: Marks
    frames: Marks

    def __len__(self) -> int:
        """How many landmarks there are."""
        return len(self.hashes)

    @property
    def is_plain(self) -> bool:
        """Whether so few landmarks differ that a copy may be missed where it begins elsewhere."""
        return len(np.unique(self.hashes)) < PLAIN


def of(samples: Samples) -> Print:
    """The landmarks of mono audio at `RATE`."""
    frames, bins = peaks(samples)
    hashes, anchors = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
    for step in range(1, min(FAN, len(frames) - 1) + 1):
        later = frames[step:] - frames[:-step]
        higher = bins[step:] - bins[:-step]
        near = (later <= FURTHEST) & (np.abs(higher) <= FURTHEST)
        interval = (higher + FURTHEST << FRAME_BITS) | later
        joined = (interval << BIN_BITS) | bins[:-step]
        hashes.append(joined[near].astype(np.int32))
        anchors.append(frames[:-step][near].astype(np.int32))
    return Print(np.concatenate(hashes), np.concatenate(anchors))


def peaks(samples: Samples) -> tuple[Ints, Ints]:
    """Frames and bins of the spectral peaks, in the order of time, then frequency."""
    level = _levels(samples)
    loudest = ndimage.maximum_filter1d(level.max(axis=1), 2 * SECOND + 1, mode="nearest")
    rise = level - ndimage.uniform_filter1d(level, TREND, axis=0, mode="nearest")
    is_peak = level > np.maximum(loudest - RANGE, FLOOR)[:, None]
    is_peak &= level == ndimage.maximum_filter1d(level, NEIGHBOURS, axis=1)
    is_peak &= rise == ndimage.maximum_filter1d(rise, MOMENTS, axis=0)
    is_peak[:, :LOWEST] = False
    frames, bins = np.nonzero(is_peak)
    kept = _strongest(frames // SECOND, level[frames, bins])
    return frames[kept], bins[kept]


def _levels(samples: Samples) -> Levels:
    """The spectrogram; a clip shorter than its window is padded."""
    padded = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    cut = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    spectrum = np.abs(fft.rfft(cut * np.hanning(WINDOW).astype(np.float32)))
    amplitude = spectrum[:, : 2**BIN_BITS] / (WINDOW / 4)
    levels: Levels = 20 * np.log10(np.maximum(amplitude, 1e-10))
    return levels


def _strongest(seconds: Ints, level: npt.NDArray[np.float32]) -> Ints:
    """Which peaks are among the strongest of their second, in their order."""
    order = np.lexsort((-level, seconds))
    sorted_seconds = seconds[order]
    rank = np.arange(len(order)) - np.searchsorted(sorted_seconds, sorted_seconds)
    kept: Ints = np.sort(order[rank < PEAKS])
    return kept
