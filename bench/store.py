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
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

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
        sha256: of the .npy file.
        cost: of the whole shard.
        packages: versions that made it.
    """

    windows: Mapping[str, int]
    sha256: str
    cost: Cost
    packages: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """Parse a manifest file."""
        fields = json.loads(path.read_bytes())
        return cls(**{**fields, "cost": Cost(**fields["cost"])})


def write_atomically(path: Path, data: bytes | memoryview) -> None:
    """Write a file so that `path` holds either what it held before or all of `data`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with unfinished.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


class Store:
    """Features of one backbone with one preprocessing, by clip key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._manifests: dict[str, Manifest] = {}
        self._places: dict[str, tuple[str, int, int]] = {}
        self.refresh()

    def refresh(self) -> None:
        """Take in shards that other processes have finished since."""
        for path in sorted(self.folder.glob("*.json")):
            if path.stem not in self._manifests:
                self._enter(path.stem, Manifest.read(path))

    def _enter(self, shard: str, manifest: Manifest) -> None:
        self._manifests[shard] = manifest
        start = 0
        for key, count in manifest.windows.items():
            self._places.setdefault(key, (shard, start, start + count))
            start += count

    def missing(self, keys: Iterable[str]) -> set[str]:
        """Keys that have no features yet."""
        return set(keys) - self._places.keys()

    def discard_damaged(self, keys: Iterable[str]) -> list[str]:
        """Remove shards of `keys` whose bytes are not those that were written; their ids."""
        shards = {self._places[key][0] for key in keys if key in self._places}
        damaged = sorted(shard for shard in shards if not self._is_sound(shard))
        for shard in damaged:
            (self.folder / f"{shard}.json").unlink(missing_ok=True)
            (self.folder / f"{shard}.npy").unlink(missing_ok=True)
        if damaged:
            self._manifests.clear()
            self._places.clear()
            self.refresh()
        return damaged

    def _is_sound(self, shard: str) -> bool:
        path = self.folder / f"{shard}.npy"
        return path.is_file() and digests.of_file(path) == self._manifests[shard].sha256

    def __contains__(self, shard: str) -> bool:
        """Whether the shard is finished, by this process or another."""
        self.refresh()
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
            yield True
        finally:
            lock.release()

    def write(
        self, shard: str, clips: Mapping[str, Rows], cost: Cost, packages: Mapping[str, str]
    ) -> None:
        """Store a shard; its clips keep their order."""
        buffer = io.BytesIO()
        np.save(buffer, np.concatenate(list(clips.values())))
        data = buffer.getbuffer()
        windows = {key: len(rows) for key, rows in clips.items()}
        manifest = Manifest(windows, hashlib.sha256(data).hexdigest(), cost, packages)
        write_atomically(self.folder / f"{shard}.npy", data)
        text = json.dumps(asdict(manifest), indent=1).encode()
        write_atomically(self.folder / f"{shard}.json", text)
        self._enter(shard, manifest)

    def read(self, keys: Sequence[str], columns: slice) -> list[Rows]:
        """The windows of each clip: (windows, width of `columns`), in the order of `keys`.

        Raises:
            KeyError: a clip has no features.
        """
        opened: dict[str, npt.NDArray[np.float32]] = {}
        clips = []
        for key in keys:
            shard, start, stop = self._places[key]
            if shard not in opened:
                opened[shard] = np.load(self.folder / f"{shard}.npy", mmap_mode="r")
            clips.append(np.array(opened[shard][start:stop, columns]))
        return clips

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
