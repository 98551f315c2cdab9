"""Packs the files of a data set into tar shards: a network disk reads few large files faster."""

import io
import os
import tarfile
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from bench.archives import is_here
from bench.errors import UserError, why_no_folder, why_no_room
from tasks import Progress

_MEGABYTE = 10**6


class ShardError(UserError):
    """Shards cannot be written."""


def shards(place: Path, name: str, into: Path, size: int, progress: Progress) -> int:
    """Write `<name>-00000.tar` and so on; what is there of them already stays.

    Args:
        place: the data set's folder, or its archives (`bench.packed`).
        name: of the data set.
        into: a folder, made if need be.
        size: of a shard [MB], but for the file that reaches it.
        progress: told of files.

    Returns:
        How many shards there are.

    Raises:
        ShardError: it is no folder, or lacks a shard or holds one of other files, or the disk is
            too small.
    """
    files = _files(place)
    names = [path.relative_to(place).as_posix() for path in files]
    if message := why_no_folder("--into", into):
        raise ShardError(message)
    if is_here(place) and into.resolve().is_relative_to(place.resolve()):
        message = f"--into {into} is in the data set's own folder, {place}; choose another"
        raise ShardError(message)
    into.mkdir(parents=True, exist_ok=True)
    with FileLock(into / f".{name}.lock"):
        there = sorted(into.glob(f"{name}-[0-9]*.tar"))
        done = 0
        for number, shard in enumerate(there):
            _expect_next(shard, f"{name}-{number:05}.tar")
            done += _held(shard, files[done:], names[done:])
        _expect_room(files[done:], into)
        number = len(there)
        while done < len(files):
            path = into / f"{name}-{number:05}.tar"
            done += _write(path, files[done:], names[done:], size * _MEGABYTE)
            number += 1
            progress(done, len(files))
    return number


def _files(place: Path) -> list[Path]:
    """Every file, in folders that are links too, but not in a folder that holds itself."""
    if not is_here(place):
        return sorted(path for path in place.rglob("*") if path.is_file())
    found, seen = list[Path](), set[str]()
    for folder, inner, names in os.walk(place, followlinks=True):
        if os.path.realpath(folder) in seen:
            inner.clear()
            continue
        seen.add(os.path.realpath(folder))
        found += [path for name in names if (path := Path(folder, name)).is_file()]
    return sorted(found)


def _expect_next(shard: Path, name: str) -> None:
    if shard.name != name:
        message = (
            f"{shard} is there without {name}, which comes before it: bring that back, or remove "
            f"{shard.name} and those behind it"
        )
        raise ShardError(message)


def _held(shard: Path, files: Sequence[Path], names: Sequence[str]) -> int:
    """How many of the files a shard holds: the next ones, in their order, as they are."""
    held = 0
    try:
        with tarfile.open(shard, "r:") as tar:
            for info in tar:
                packed = tar.extractfile(info)
                known = held < len(names) and info.name == names[held]
                if packed is None or not known or packed.read() != files[held].read_bytes():
                    message = (
                        f"{shard} holds {info.name}, which is not what comes next in the data "
                        "set: it has changed; remove the shards, or take another folder"
                    )
                    raise ShardError(message)
                held += 1
    except (tarfile.TarError, EOFError) as error:
        message = f"{shard} is no whole tar ({error}): remove it, and run again"
        raise ShardError(message) from error
    return held


def _expect_room(files: Sequence[Path], into: Path) -> None:
    needed = sum(path.stat().st_size for path in files)
    short = why_no_room(needed, into)
    if short is not None:
        message = f"{short}: make room, or take another folder"
        raise ShardError(message)


def _write(path: Path, files: Sequence[Path], names: Sequence[str], size: int) -> int:
    """Write one shard, whole or not at all; how many files it took."""
    unfinished = path.with_name(f".{path.name}.tmp")
    taken = written = 0
    with tarfile.open(unfinished, "w") as tar:
        for file, name in zip(files, names, strict=True):
            content = file.read_bytes()
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
            taken, written = taken + 1, written + len(content)
            if written >= size:
                break
    unfinished.replace(path)
    return taken
