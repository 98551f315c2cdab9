"""Decodes stretches of audio and keeps of each its digest and its landmarks."""

import functools
import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import soxr

from bench import audio
from bench.audio import BadAudioError, Samples
from bench.audit import landmarks
from bench.audit.landmarks import RATE, Print
from bench.stretch import Stretch
from tasks import Progress

REMEMBERED = 128
"""Clips that are kept decoded while they are compared."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is kept of a stretch.

    Attributes:
        digest: of its samples, mono at their own rate: the same in WAV and FLAC.
        landmarks: what is told after it is encoded again.
    """

    digest: str
    landmarks: Print


class Listener:
    """Hears every stretch once, however many tasks have it.

    Attributes:
        near: whether landmarks are wanted; without, all have none.
        unusable: stretch → why it could not be read.
    """

    def __init__(self, *, near: bool) -> None:
        self.near = near
        self.unusable: dict[Stretch, str] = {}
        self._heard: dict[Stretch, Heard] = {}
        self.samples = functools.lru_cache(REMEMBERED)(samples)

    def hear(self, stretches: Iterable[Stretch], progress: Progress) -> dict[Stretch, Heard]:
        """Decode in threads what was not heard before; those that cannot be read are left out."""
        wanted = dict.fromkeys(stretches)
        fresh = list(wanted.keys() - self._heard.keys() - self.unusable.keys())
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            results = zip(fresh, pool.map(self._try, fresh), strict=True)
            for done, (stretch, result) in enumerate(results, 1):
                if isinstance(result, BadAudioError):
                    self.unusable[stretch] = result.reason
                else:
                    self._heard[stretch] = result
                progress(done, len(fresh))
        return {each: self._heard[each] for each in wanted if each in self._heard}

    def _try(self, stretch: Stretch) -> Heard | BadAudioError:
        try:
            return heard(stretch, near=self.near)[0]
        except BadAudioError as error:
            return error


def heard(stretch: Stretch, *, near: bool) -> tuple[Heard, Samples]:
    """Decode a stretch: what is kept of it, and its samples at `RATE`; none unless `near`.

    Raises:
        BadAudioError: it cannot be read, or is silent.
    """
    whole, rate = audio.decoded(stretch.path)
    native = audio.stretch(stretch.path, whole, rate, stretch.start, stretch.seconds).clip(-1, 1)
    compared = soxr.resample(native, rate, RATE, quality="HQ") if near else native[:0]
    return Heard(_digest(native, rate), landmarks.of(compared)), compared


def samples(stretch: Stretch) -> Samples:
    """A stretch at `RATE`."""
    return audio.read(stretch.path, RATE, stretch.start, stretch.seconds)


def _digest(native: Samples, rate: int) -> str:
    """Sha256 of rate and samples; adding zero turns -0.0, which no integer format has, into 0."""
    content = hashlib.sha256(f"{rate} Hz ".encode())
    content.update((native + 0.0).data)
    return content.hexdigest()
