"""What lies in an uncompressed tar, and where in it."""

import tarfile
from collections.abc import Iterator, Mapping
from typing import IO

from bench.members import LinkError, Member, plain

_CHUNK = 1 << 20


class SparseError(ValueError):
    """A tar holds a file of which it leaves out what is empty."""


def members(file: IO[bytes], whole: int) -> Iterator[Member]:
    """Regular files and links of a tar of so many bytes; other entries hold no content.

    Raises:
        LinkError: a hard link is to nothing that lies before it.
        SparseError: what lies there of a file is not its bytes.
        ReadError: it is damaged or cut off.
    """
    before = dict[str, Member]()
    with tarfile.open(fileobj=file, mode="r:") as tar:
        for info in tar:
            member = _member(info, before, whole)
            if member is not None:
                before[plain(info.name)] = member
                yield member
        _expect_end(file, tar.offset, whole)


def _member(info: tarfile.TarInfo, before: Mapping[str, Member], whole: int) -> Member | None:
    """A hard link stands for what had the name when it was added, whatever came later."""
    if info.islnk():
        held = before.get(plain(info.linkname))
        if held is None:
            message = f"its {info.name} is a hard link to {info.linkname}, which does not lie "
            message += "before it: make the archive anew"
            raise LinkError(message)
        return Member(info.name, held.size, held.start, link=held.link)
    if info.issym():
        return Member(info.name, 0, link=info.linkname)
    if not info.isreg():
        return None
    _expect_plain(info, whole)
    return Member(info.name, info.size, info.offset_data)


def _expect_plain(info: tarfile.TarInfo, whole: int) -> None:
    """Refuse a file that does not lie, byte for byte, in a tar of so many bytes."""
    if info.issparse():
        message = f"it holds {info.name} as a sparse file; make it anew without --sparse"
        raise SparseError(message)
    if info.offset_data + info.size > whole:
        message = f"it ends within {info.name}"
        raise tarfile.ReadError(message)


def _expect_end(file: IO[bytes], end: int, whole: int) -> None:
    """Refuse a tar that has no end, or anything but zeros behind it.

    `tarfile` stops without a word at a damaged header, and where a tar is cut between files.
    """
    if whole - end < tarfile.BLOCKSIZE:
        message = f"it is cut off after {end:,} bytes"
        raise tarfile.ReadError(message)
    file.seek(end)
    while chunk := file.read(_CHUNK):
        if chunk.strip(b"\0"):
            message = f"behind {end:,} of its {whole:,} bytes it is damaged, or another tar"
            raise tarfile.ReadError(message)
