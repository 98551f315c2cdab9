"""Members of an archive, taken out without trusting it.

Refused are names that are absolute, hold `..`, a drive letter or
a backslash; links that lead
outside or nowhere, and anything behind a link; devices; encrypted entries; more entries or bytes
than the limits allow, where the bytes are those that come out and not those that are announced.
"""

import difflib
import lzma
import re
import shutil
import stat
import subprocess
import tarfile
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, cast

from bench.assets.errors import AssetError

_CHUNK = 1 << 20
_ZIP, _DEB = b"PK", b"!<arch>\n"
_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may come out of an archive.

    Attributes:
        total: bytes of all that is taken out.
        entry: bytes of one file.
        entries: files and folders that the archive lists.
    """

    total: int = 4 << 30
    entry: int = 4 << 30
    entries: int = 1_000_000


def unpack(archive: Path, member: str, into: Path, *, wrapped: bool, limits: Limits) -> None:
    """Write a member to `into / member`.

    Args:
        archive: a zip, tar or Debian package, told apart by content.
        member: a file or folder, relative to the package's root.
        into: an empty folder.
        wrapped: whether the archive's one folder is the package's root.
        limits: what may come out.

    Raises:
        AssetError: the member is not there, or the archive is broken or unsafe.
    """
    taking = _Taking(PurePosixPath(member).parts, into, limits, int(wrapped))
    with archive.open("rb") as file:
        magic = file.read(len(_DEB))
    try:
        if magic.startswith(_ZIP):
            _from_zip(archive, taking)
        elif magic == _DEB:
            _from_deb(archive, taking)
        elif tarfile.is_tarfile(archive):
            with tarfile.open(archive) as tar:
                _from_tar(tar, taking)
        else:
            message = "it is no zip, no tar that this Python reads, and no Debian package"
            raise tarfile.ReadError(message)
        taking.check_links()
    except _BROKEN as error:
        message = f"{archive.name} cannot be unpacked: {error}"
        raise AssetError(message) from error
    except _UnsafeError as error:
        message = f"{archive.name} is refused: {error}"
        raise AssetError(message) from error
    if not taking.found:
        near = difflib.get_close_matches(member, taking.seen, n=3, cutoff=0.4)
        hint = f"nearest are {', '.join(near)}" if near else f"it has {len(taking.seen)} entries"
        message = f"{archive.name} holds no {member!r}; {hint}"
        raise AssetError(message)


class _UnsafeError(Exception):
    """What an archive must not hold."""


@dataclass(slots=True)
class _Taking:
    """What has come out of an archive so far."""

    wanted: tuple[str, ...]
    into: Path
    limits: Limits
    wrappers: int
    seen: list[str] = field(default_factory=list)
    taken: int = 0
    found: bool = False

    def place_of(self, name: str) -> PurePosixPath | None:
        """Where an entry goes below `into`; None if it is not wanted."""
        parts = PurePosixPath(name).parts
        if (
            name.startswith("/")
            or ".." in parts
            or re.match(r"[A-Za-z]:|.*[\\\0]", name, re.DOTALL)
        ):
            message = f"it holds the name {name!r}, which may lead outside"
            raise _UnsafeError(message)
        parts = parts[self.wrappers :]
        self.seen.append("/".join(parts))
        if len(self.seen) > self.limits.entries:
            message = f"it holds more than {self.limits.entries} entries"
            raise _UnsafeError(message)
        if parts[: len(self.wanted)] != self.wanted:
            return None
        self.found = True
        self._refuse_links_on_the_way(parts)
        return PurePosixPath(*parts)

    def count(self, entry: int, more: int, name: str) -> None:
        """Add bytes to the total, of an entry that has that many by now."""
        self.taken += more
        if entry > self.limits.entry or self.taken > self.limits.total:
            message = (
                f"{name!r} brings more than {self.limits.entry} bytes a file "
                f"or {self.limits.total} in all"
            )
            raise _UnsafeError(message)

    def copy(self, source: IO[bytes], target: IO[bytes], name: str) -> None:
        """Write an entry out, counting what really comes."""
        size = 0
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            self.count(size, len(chunk), name)
            target.write(chunk)

    def check_links(self) -> None:
        """Refuse links to what was not taken out."""
        root = self.into.resolve()
        for path in self.into.rglob("*"):
            if path.is_symlink() and not _inside(path, root):
                name = path.relative_to(self.into)
                message = f"the link {name} leads to {path.readlink()}, which was not asked for"
                raise _UnsafeError(message)

    def _refuse_links_on_the_way(self, parts: tuple[str, ...]) -> None:
        path = self.into
        for part in parts:
            path = path / part
            if path.is_symlink():
                message = f"{'/'.join(parts)!r} lies behind a link"
                raise _UnsafeError(message)


def _inside(path: Path, root: Path) -> bool:
    target = path.resolve()
    return target.exists() and target.is_relative_to(root)


def _from_zip(archive: Path, taking: _Taking) -> None:
    with zipfile.ZipFile(archive) as source:
        for info in source.infolist():
            place = taking.place_of(info.orig_filename)
            if place is None:
                continue
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR} or info.flag_bits & 1:
                message = f"{info.filename!r} is encrypted, a link or a device"
                raise _UnsafeError(message)
            target = taking.into / place
            if info.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with source.open(info) as packed, target.open("xb") as file:
                taking.copy(packed, file, info.filename)


def _from_tar(tar: tarfile.TarFile, taking: _Taking) -> None:
    for info in tar:
        place = taking.place_of(info.name)
        if place is None:
            continue
        taking.count(info.size, info.size, info.name)
        entry = info.replace(name=str(place), deep=False)
        tar.extract(entry, taking.into, filter="data")


def _from_deb(archive: Path, taking: _Taking) -> None:
    program = shutil.which("dpkg-deb")
    if program is None:
        message = f"{archive.name} is a Debian package: unpacking it needs dpkg-deb"
        raise AssetError(message)
    command = [program, "--fsys-tarfile", str(archive)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        stream = cast("IO[bytes]", process.stdout)  # a pipe was asked for
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            _from_tar(tar, taking)
        while stream.read(_CHUNK):
            pass
        complaint = process.communicate()[1].decode(errors="replace")
    if process.returncode:
        raise tarfile.ReadError(" ".join(complaint.split()))
