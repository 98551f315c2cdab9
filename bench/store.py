"""The feature store: window vectors in shards that are whole or absent.

A folder holds the features of one backbone with one preprocessing; its name is their key. A
shard is `<id>.npy`, (windows, dim) with all layers side by side, and `<id>.json`, its manifest.
The manifest is written last: a shard without one does not exist.
"""

import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from bench import digests

Rows: TypeAlias = npt.NDArray[np.float32]
"""(windows, dim)."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What encoding took.

    Attributes:
        encode_seconds: inside the encoder [s].
        audio_seconds: length of the audio encoded [s].
        device: where.
    """

    encode_seconds: float
    audio_seconds: float
    device: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a shard holds.

    Attributes:
        windows: clip key → number of rows, in the order of the rows.
        bad: clip key → why it was left out.
        sha256: of the .npy file.
        cost: of the whole shard.
        packages: versions that made it.
    """

    windows: Mapping[str, int]
    bad: Mapping[str, str]
    sha256: str
    cost: Cost
    packages: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """Parse a manifest file."""
        fields = json.loads(path.read_bytes())
        parts = {name: dict(fields[name]) for name in ("windows", "bad", "packages")}
        return cls(**{**fields, **parts, "cost": Cost(**fields["cost"])})


def write_atomically(path: Path, data: bytes | memoryview) -> None:
    """Write a file so that `path` holds either what it held before or all of `data`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


class Store:
    """Features of one backbone with one preprocessing, by clip key.

    Attributes:
        folder: where the shards lie.
        bad: clip key → why its audio could not be used.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._manifests: dict[str, Manifest] = {}
        self._places: dict[str, tuple[str, int, int]] = {}
        self.bad: dict[str, str] = {}
        self.refresh()

    def refresh(self) -> None:
        """Take in shards that other processes have finished since."""
        for path in self.folder.glob("*.json"):
            self._take_in(path.stem)

    def _take_in(self, shard: str) -> None:
        """Enter a shard if it is finished; a torn manifest is none."""
        if shard not in self._manifests:
            with suppress(FileNotFoundError, ValueError, TypeError, KeyError):
                self._enter(shard, Manifest.read(self.folder / f"{shard}.json"))

    def _enter(self, shard: str, manifest: Manifest) -> None:
        """Of two shards with a clip the first by name counts, whichever was entered first."""
        self._manifests[shard] = manifest
        self.bad.update(manifest.bad)
        start = 0
        for key, count in manifest.windows.items():
            place = (shard, start, start + count)
            self._places[key] = min(place, self._places.get(key, place))
            start += count

    def missing(self, keys: Iterable[str]) -> set[str]:
        """Keys that have no features yet."""
        return set(keys) - self._places.keys()

    def discard_damaged(self, keys: Iterable[str]) -> list[str]:
        """Remove shards of `keys` whose bytes are not those that were written; their ids."""
        shards = {self._places[key][0] for key in keys if key in self._places}
        damaged = sorted(shard for shard in shards if not self._is_sound(shard))
        for shard in damaged:
            with self.lock(shard, wait=True):
                del self._manifests[shard]  # another process may have mended it, to other bits
                self._take_in(shard)
                if not self._is_sound(shard):
                    (self.folder / f"{shard}.json").unlink(missing_ok=True)
                    (self.folder / f"{shard}.npy").unlink(missing_ok=True)
        if damaged:
            self._manifests.clear()
            self._places.clear()
            self.bad.clear()
            self.refresh()
        return damaged

    def _is_sound(self, shard: str) -> bool:
        path = self.folder / f"{shard}.npy"
        known = self._manifests.get(shard)
        return known is not None and path.is_file() and digests.of_file(path) == known.sha256

    def __contains__(self, shard: str) -> bool:
        """Whether the shard is finished, by this process or another."""
        self._take_in(shard)
        return shard in self._manifests

    @contextmanager
    def lock(self, shard: str, *, wait: bool) -> Iterator[bool]:
        """Hold a shard against other processes; False where another one has it.

        A process that dies lets go of what it held.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / f"{shard}.lock")
        try:
            lock.acquire(timeout=-1 if wait else 0)
        except Timeout:
            yield False
            return
        try:
            for unfinished in self.folder.glob(f".{shard}.*.tmp"):
                unfinished.unlink()
            yield True
        finally:
            lock.release()

    def write(
        self,
        shard: str,
        clips: Mapping[str, Rows],
        bad: Mapping[str, str],
        cost: Cost,
        packages: Mapping[str, str],
    ) -> None:
        """Store a shard that is locked; its clips keep their order."""
        buffer = io.BytesIO()
        np.save(buffer, np.concatenate(list(clips.values())))
        data = buffer.getbuffer()
        windows = {key: len(rows) for key, rows in clips.items()}
        manifest = Manifest(windows, bad, hashlib.sha256(data).hexdigest(), cost, packages)
        write_atomically(self.folder / f"{shard}.npy", data)
        text = json.dumps(asdict(manifest), indent=1).encode()
        write_atomically(self.folder / f"{shard}.json", text)
        self._enter(shard, manifest)

    def read(self, keys: Sequence[str], columns: slice) -> list[Rows]:
        """The windows of each clip: (windows, width of `columns`), in the order of `keys`.

        Raises:
            KeyError: a clip has no features.
        """
        clips: dict[str, Rows] = {}
        ordered = sorted(set(keys), key=self._places.__getitem__)
        for shard, group in groupby(ordered, key=lambda key: self._places[key][0]):
            opened = np.load(self.folder / f"{shard}.npy", mmap_mode="r")
            for key in group:
                _, start, stop = self._places[key]
                clips[key] = np.array(opened[start:stop, columns])
        return [clips[key] for key in keys]

    def windows(self, keys: Iterable[str]) -> list[int]:
        """How many windows each clip has, in the order of `keys`.

        Raises:
            KeyError: a clip has no features.
        """
        return [stop - start for _, start, stop in map(self._places.__getitem__, keys)]

    def cost(self, keys: Iterable[str]) -> Cost:
        """What the features of `keys` took: each shard's cost by its share of windows."""
        encode = audio = 0.0
        devices = set()
        for key in set(keys):
            shard, start, stop = self._places[key]
            manifest = self._manifests[shard]
            share = (stop - start) / sum(manifest.windows.values())
            encode += share * manifest.cost.encode_seconds
            audio += share * manifest.cost.audio_seconds
            devices.add(manifest.cost.device)
        return Cost(encode, audio, ", ".join(sorted(devices)))
