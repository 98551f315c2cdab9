"""How far two stretches of audio are one and the same recording.

Where a clip is a copy of another, their waveforms agree up to a gain and a delay, whatever encoder
lies between; two performances do not, even of the same notes on the same instrument. So each
candidate is aligned, to a fraction of a sample, and compared octave by octave.
"""

import itertools
import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import fft

from bench.audio import Samples
from bench.audit.landmarks import RATE

Spectrum: TypeAlias = npt.NDArray[np.complexfloating[Any, Any]]
"""(bins,)."""

Wave: TypeAlias = npt.NDArray[np.floating[Any]]
"""(samples,)."""

SAME = 0.9
"""The score from which on two clips are one recording: see studies/audit.md."""

LEAST = 0.7
"""A correlation of the whole waveforms below which octaves are not looked at."""

SHARED = 2.0
"""Two clips must share so much, or half of the shorter one where that is less [s]."""

EDGES = (50, 200, 400, 800, 1600, 3200, 4000)
"""Of the bands that are compared [Hz]."""

FAINT = 1e-8
"""Power below which there is nothing to compare."""

FRACTIONS = np.linspace(-1, 1, 17)
"""Delays tried around the best whole one [samples]."""


@dataclass(frozen=True, slots=True)
class Match:
    """What two clips have in common.

    Attributes:
        score: 1 for one waveform, 0 for nothing in common.
        delay: when the first begins in the second [s].
        seconds: how long what they share is [s].
    """

    score: float
    delay: float
    seconds: float


def compare(first: Samples, second: Samples) -> Match:
    """Align two clips at `RATE` wherever they agree best and compare what they share.

    The score is the magnitude-weighted mean over octaves of the normalised cross-correlation, each
    octave weighted by the root of its share of the power.
    """
    lag = _lag(first, second)
    start, stop = max(0, -lag), min(len(first), len(second) - lag)
    one, other = first[start:stop], second[start + lag : stop + lag]
    score = _correlation(one, other)
    if score >= LEAST:
        score = _over_bands(one, other)
    return Match(score, lag / RATE, (stop - start) / RATE)


def _lag(first: Samples, second: Samples) -> int:
    """How much later the first clip is in the second [samples].

    Both are whitened by half, as a tone agrees with itself once a period. At each lag the
    correlation is normalised by the power of what is shared there: a loud passage agrees best with
    everything.
    """
    one, other = _whitened(first), _whitened(second)
    size = fft.next_fast_len(len(one) + len(other), real=True)
    cross = fft.irfft(fft.rfft(other, size) * np.conj(fft.rfft(one, size)), size)
    least = min(round(SHARED * RATE), (min(len(one), len(other)) + 1) // 2)
    lags = np.arange(least - len(one), len(other) - least + 1)
    start, stop = np.maximum(0, -lags), np.minimum(len(one), len(other) - lags)
    powers = [_summed(each) for each in (one, other)]
    power = powers[0][stop] - powers[0][start]
    power *= powers[1][stop + lags] - powers[1][start + lags]
    agreed = np.abs(cross[lags % size]) / np.sqrt(np.maximum(power, FAINT))
    return int(lags[np.argmax(agreed)])


def _whitened(samples: Samples) -> Wave:
    size = fft.next_fast_len(2 * len(samples), real=True)
    spectrum = fft.rfft(samples, size)
    whitened: Wave = fft.irfft(spectrum / np.sqrt(np.maximum(np.abs(spectrum), FAINT)), size)
    return whitened[: len(samples)]


def _summed(samples: Wave) -> npt.NDArray[np.float64]:
    """(samples + 1,): the power up to each sample."""
    return np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])


def _correlation(one: Samples, other: Samples) -> float:
    shared, *powers = (float(np.dot(*pair)) for pair in ((one, other), (one, one), (other, other)))
    return abs(shared) / math.sqrt(max(powers[0] * powers[1], FAINT**2))


def _over_bands(one: Samples, other: Samples) -> float:
    size = fft.next_fast_len(len(one), real=True)
    first, second = (fft.rfft(x.astype(np.float64), size) for x in (one, other))
    bins = np.round(np.array(EDGES) * size / RATE).astype(int)
    bands = [slice(low, high) for low, high in itertools.pairwise(bins)]
    agreed = np.array([_agreement(first[band], second[band], band.start, size) for band in bands])
    shares = np.minimum(_shares(first, bands), _shares(second, bands))
    weights = np.sqrt(shares)
    return float(np.abs(weights @ agreed).max() / max(weights.sum(), FAINT))


def _agreement(first: Spectrum, second: Spectrum, start: int, size: int) -> npt.NDArray[np.float64]:
    """(fractions,): the normalised correlation of a band, for each delay of `FRACTIONS`."""
    turns = np.outer(FRACTIONS, np.arange(start, start + len(first))) / size
    products = np.exp(2j * np.pi * turns) @ (second * np.conj(first))
    power = _power(first) * _power(second)
    agreed: npt.NDArray[np.float64] = products.real / math.sqrt(max(power, FAINT**2))
    return agreed


def _power(spectrum: Spectrum) -> float:
    return float(np.sum(np.abs(spectrum) ** 2))


def _shares(spectrum: Spectrum, bands: list[slice]) -> npt.NDArray[np.float64]:
    """(bands,): the part of the power that each holds."""
    powers = np.array([_power(spectrum[band]) for band in bands])
    shares: npt.NDArray[np.float64] = powers / max(powers.sum(), FAINT)
    return shares
