"""Which sample material a General MIDI program of a sound font plays.

The format is the SoundFont 2.04 specification (Creative, 2006), section 7.
"""

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

INSTRUMENT, SAMPLE = 41, 53
WINDOW = 48

Hashes = npt.NDArray[np.uint64]


class SoundFont:
    """The parts of a file that lead from a program to its samples."""

    def __init__(self, path: Path) -> None:
        chunks = dict(_chunks(path.read_bytes()))
        self.audio = np.frombuffer(chunks["smpl"], "<i2")
        self.presets = list(struct.iter_unpack("<20sHHHIII", chunks["phdr"]))
        self.instruments = list(struct.iter_unpack("<20sH", chunks["inst"]))
        self.headers = list(struct.iter_unpack("<20sIIIIIBbHH", chunks["shdr"]))
        self._bags = {n: list(struct.iter_unpack("<HH", chunks[n])) for n in ("pbag", "ibag")}
        self._generators = {n: list(struct.iter_unpack("<HH", chunks[n])) for n in ("pgen", "igen")}

    def samples(self, program: int) -> set[int]:
        """Indices of the samples that a program of bank 0 plays."""
        found: set[int] = set()
        for index, preset in enumerate(self.presets[:-1]):
            if preset[1] == program and preset[2] == 0:
                for number in self._named("p", preset[3], self.presets[index + 1][3], INSTRUMENT):
                    begin, end = self.instruments[number][1], self.instruments[number + 1][1]
                    found.update(self._named("i", begin, end, SAMPLE))
        return found

    def hashes(self, samples: Iterable[int], stride: int) -> Hashes:
        """Hash of each `stride`-th stretch of `WINDOW` audio samples, silence left out."""
        return np.unique(np.concatenate([self._hashes(number, stride) for number in samples]))

    def _named(self, level: str, begin: int, end: int, operator: int) -> Iterator[int]:
        bags, generators = self._bags[f"{level}bag"], self._generators[f"{level}gen"]
        for zone in range(begin, end):
            for kind, amount in generators[bags[zone][0] : bags[zone + 1][0]]:
                if kind == operator:
                    yield amount

    def _hashes(self, number: int, stride: int) -> Hashes:
        _, begin, end, *_ = self.headers[number]
        audio = self.audio[begin:end]
        if len(audio) < WINDOW:
            return np.zeros(0, np.uint64)
        windows = np.lib.stride_tricks.sliding_window_view(audio, WINDOW)[::stride]
        windows = windows[windows.max(axis=1) != windows.min(axis=1)]
        factors = np.random.default_rng(0).integers(1, 2**63, WINDOW, dtype=np.uint64)
        total = np.zeros(len(windows), np.uint64)
        for column, factor in zip(windows.T, factors, strict=True):
            total += column.astype(np.int64).astype(np.uint64) * factor
        return total


def _chunks(data: bytes, begin: int = 0, end: int | None = None) -> Iterator[tuple[str, bytes]]:
    end = len(data) if end is None else end
    while begin < end:
        name, size = struct.unpack_from("<4sI", data, begin)
        if name in {b"RIFF", b"LIST"}:
            yield from _chunks(data, begin + 12, begin + 8 + size)
        else:
            yield name.decode(), data[begin + 8 : begin + 8 + size]
        begin += 8 + size + size % 2
