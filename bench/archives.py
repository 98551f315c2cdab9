"""Where the files of a data set lie: a folder, a tar or a zip, here or on a server."""

import lzma
import os
import stat
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias
from urllib.parse import unquote

from bench import tars
from bench.errors import UserError
from bench.members import Member, below

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

SETTLED = 2.0
"""A file changed within this many seconds may change again in the same clock tick [s]."""

SETTLED_AWAY = 60.0
"""The same of a server, which tells whole seconds of a clock of its own [s]."""

SUFFIXES = (".tar", ".zip")
COMPRESSED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
"""Of archives that have to be read from the beginning to reach a file."""

MARKS = (
    *("ETag", "etag", "md5Hash", "generation", "Content-MD5", "Digest"),
    *("Last-Modified", "LastModified", "last_modified", "updated", "mtime", "ino"),
)
"""By which a file system says that a file is another one now, in `info` of fsspec."""

_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError),
    *(RuntimeError, NotImplementedError),
)
"""Raised by `zipfile` for a member that is damaged, encrypted, or packed in an unknown way."""

Info: TypeAlias = Mapping[str, object]


class PlaceError(UserError):
    """Files cannot be read from where they are said to lie."""


class DamagedError(ValueError):
    """An archive holds a file whose content cannot be had from it."""


class Source(Protocol):
    """Something that holds files."""

    @property
    def address(self) -> str:
        """Of the folder or archive."""

    def members(self) -> Iterator[Member]:
        """Every file of it."""

    def read(self, member: Member) -> bytes:
        """The content of a file.

        Raises:
            DamagedError: it is damaged, encrypted, or packed in an unknown way.
            OSError: it cannot be reached, or something else came.
        """

    def version(self, member: Member) -> str | None:
        """Other than before wherever the content may be; None where that cannot be told."""


@dataclass(frozen=True)
class Folder:
    """Files below a folder.

    Attributes:
        system: the file system.
        root: the folder on it.
    """

    system: "AbstractFileSystem"
    root: str

    @property
    def address(self) -> str:
        """Of the folder."""
        return _address(self.system, self.root.rstrip("/"))

    def members(self) -> Iterator[Member]:
        """Every file below it; archives are files like others, links here are followed."""
        from fsspec.implementations.local import LocalFileSystem

        if isinstance(self.system, LocalFileSystem):
            yield from below(self.root)
            return
        beginning = self.root.rstrip("/") + "/"
        for path, info in self.system.find(self.root, detail=True).items():
            name = path.removeprefix(beginning)
            plain = unquote(name) if self.root.startswith(("http://", "https://")) else name
            yield Member(name, int(info.get("size") or 0), plain=plain)

    def read(self, member: Member) -> bytes:
        """The content of a file."""
        path = self._path(member)
        return _whole(self.system.cat_file(path), self.system.info(path).get("size"))

    def version(self, member: Member) -> str | None:
        """By the file's own marks."""
        return version(self.system, self._path(member))

    def _path(self, member: Member) -> str:
        return f"{self.root.rstrip('/')}/{member.name}"


@dataclass(frozen=True)
class Tar:
    """An uncompressed tar.

    Attributes:
        system: the file system.
        path: the tar on it.
    """

    system: "AbstractFileSystem"
    path: str

    @property
    def address(self) -> str:
        """Of the archive."""
        return _address(self.system, self.path)

    def members(self) -> Iterator[Member]:
        """Regular files and links; other entries hold no content."""
        whole = int(self.system.info(self.path)["size"])
        with self.system.open(self.path) as file:
            yield from tars.members(file, whole)

    def read(self, member: Member) -> bytes:
        """The content of a file: one request of its bytes."""
        if not member.size:
            return b""
        end = member.start + member.size
        return _whole(self.system.cat_file(self.path, start=member.start, end=end), member.size)

    def version(self, member: Member) -> str | None:
        """By the marks of the tar, and where in it the file lies."""
        mine = self._version
        return mine and f"{mine} {member.start} {member.size}"

    @cached_property
    def _version(self) -> str | None:
        return version(self.system, self.path)


@dataclass(frozen=True)
class Zip:
    """A zip; its files may be compressed.

    Attributes:
        system: the file system.
        path: the zip on it.
    """

    system: "AbstractFileSystem"
    path: str

    @property
    def address(self) -> str:
        """Of the archive."""
        return _address(self.system, self.path)

    def members(self) -> Iterator[Member]:
        """Every file, and every link."""
        for info in self._opened.infolist():
            if stat.S_ISLNK(info.external_attr >> 16):
                target = self._opened.read(info).decode("utf-8", "surrogateescape")
                yield Member(info.filename, 0, link=target)
            elif not info.is_dir():
                yield Member(info.filename, info.file_size)

    def read(self, member: Member) -> bytes:
        """The content of a file; threads take turns."""
        try:
            return self._opened.read(member.name)
        except _BROKEN as error:
            raise DamagedError(str(error)) from error
        except OSError as error:
            if error.errno is not None:
                raise
            raise DamagedError(str(error)) from error  # as bz2 says that a stream is damaged

    def version(self, member: Member) -> str | None:
        """By the checksum that the zip holds of the file, where the zip itself has marks."""
        info = self._opened.getinfo(member.name)
        mine = self._version
        return mine and f"{mine} {info.header_offset} {info.CRC} {info.file_size}"

    @cached_property
    def _opened(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self.system.open(self.path))

    @cached_property
    def _version(self) -> str | None:
        return version(self.system, self.path)


def _address(system: "AbstractFileSystem", path: str) -> str:
    """A path of this machine as it is, any other with its protocol."""
    return str(system.unstrip_protocol(path)).removeprefix("file://")


def is_here(path: Path) -> bool:
    """Whether a path is one of this machine's own file systems, not `bench.packed`."""
    return isinstance(path, os.PathLike)


def is_file(path: Path) -> bool:
    """Whether there is such a file; no file has a name of any length, for which `Path` raises."""
    return os.path.isfile(path) if is_here(path) else path.is_file()  # noqa: PTH113


def version(system: "AbstractFileSystem", path: str) -> str | None:
    """What a file system says of a file that changes with its content.

    None where it says nothing of the kind, or where the file was changed so lately that it may
    change again within the same tick of the clock.
    """
    info: Info = system.info(path)
    marked = any(info.get(name) for name in MARKS)
    return (
        f"{system.unstrip_protocol(path)} {stamp(info)}" if marked and _is_settled(info) else None
    )


def _is_settled(info: Info) -> bool:
    """Whether a file was changed so long ago that a change from now on gives it another time."""
    here = info.get("created")
    if isinstance(here, float):
        return time.time() - here >= SETTLED
    told = (
        _time(info[name]) for name in ("Last-Modified", "LastModified", "updated") if name in info
    )
    return all(time.time() - when >= SETTLED_AWAY for when in told if when is not None)


def _time(said: object) -> float | None:
    """A date of a server [s]; None where it cannot be read."""
    try:
        if isinstance(said, str):
            said = parsedate_to_datetime(said) if "," in said else datetime.fromisoformat(said)
    except ValueError:
        return None
    return said.timestamp() if isinstance(said, datetime) else None


def _whole(content: bytes, size: object) -> bytes:
    """What came, if it is as long as it has to be.

    Raises:
        OSError: it is not.
    """
    if isinstance(size, int) and len(content) != size:
        message = f"{len(content):,} bytes came of {size:,}; does the server give parts of files?"
        raise OSError(message)
    return bytes(content)


def stamp(info: Info) -> str:
    """Size, times and marks of a file, as a file system tells them."""
    said = {name: str(info[name]) for name in ("size", "created", *MARKS) if info.get(name)}
    return str(sorted(said.items()))
