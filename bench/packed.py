"""Data sets in archives or on servers, read as if they were unpacked in one folder here."""

import glob
import io
import tarfile
import zipfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, cast

import fsspec
from fsspec import AbstractFileSystem
from upath import UPath
from upath.registry import register_implementation

from bench.archives import (
    COMPRESSED,
    SUFFIXES,
    DamagedError,
    Folder,
    PlaceError,
    Source,
    Tar,
    Zip,
    stamp,
)
from bench.members import Member, by_place

PROTOCOL = "packed"

SILENCE = 60.0
"""After which a server is given up [s]."""

SHOWN = 3
"""Archives that are named where a file could be in any of them."""


class Packed(AbstractFileSystem):  # type: ignore[misc]
    """The files of one or more places, laid over each other; the first that has a file wins.

    Paths are `<name>/<path in the folder>`. A file is read whole, by any number of threads.
    """

    protocol: ClassVar[str] = PROTOCOL

    def __init__(self, name: str, places: Sequence[Sequence[str]], stamp: str) -> None:
        """Open every place and list its files.

        Args:
            name: of the data set.
            places: for each the addresses of its folder or archives; where all files of a place lie
                in a folder that is called as the data set, that is left out.
            stamp: other where an archive is: file systems of equal arguments are one.

        Raises:
            PlaceError: a place is absent, damaged, or of a kind that cannot be read.
        """
        super().__init__()
        del stamp
        self._held: dict[str, tuple[Source, Member]] = {}
        self._inside: dict[str, dict[str, dict[str, Any]]] = {}
        self._sources: list[Source] = []
        for addresses in places:
            self._lay(name, addresses)
        for path, (_, member) in self._held.items():
            self._enter(path, {"name": path, "size": member.size, "type": "file"})

    def _lay(self, name: str, addresses: Sequence[str]) -> None:
        """Add the files of a place, where there are no others."""
        sources = [_source(address) for address in addresses]
        found = [(each, _members(each)) for each in sources]
        inner = f"{name}/"  # as `zip -r name.zip name` wraps all
        wrapped = all(path.startswith(inner) for _, files in found for path in files)
        for source, files in found:
            for path, member in files.items():
                self._held.setdefault(path if wrapped else inner + path, (source, member))
        self._sources += sources

    def _enter(self, path: str, info: dict[str, Any]) -> None:
        """Note a file or folder, and the folders that it lies in."""
        above = path.rpartition("/")[0]
        if above and above not in self._inside:
            self._enter(above, {"name": above, "size": 0, "type": "directory"})
        self._inside.setdefault(above, {})[path] = info

    def ls(self, path: str, detail: bool = True, **_options: object) -> list[Any]:  # noqa: FBT001, FBT002 — fsspec's own signature
        """What lies directly in a folder."""
        place = self._strip_protocol(path)
        if place not in self._inside:
            raise FileNotFoundError(place)
        found = self._inside[place]
        return [dict(each) for each in found.values()] if detail else list(found)

    def info(self, path: str, **_options: object) -> dict[str, Any]:
        """Name, size [bytes] and type of a file or folder."""
        place = self._strip_protocol(path)
        if place in self._held:
            return {"name": place, "size": self._held[place][1].size, "type": "file"}
        if place in self._inside:
            return {"name": place, "size": 0, "type": "directory"}
        raise FileNotFoundError(place)

    def _open(self, path: str, mode: str = "rb", **_options: object) -> io.BytesIO:
        if mode != "rb":
            message = f"{path} can only be read"
            raise PermissionError(message)
        if path not in self._held:
            raise FileNotFoundError(self.where(path))
        source, member = self._held[path]
        try:
            return io.BytesIO(source.read(member))
        except DamagedError:
            raise
        except Exception as error:
            raise PlaceError(_said(self.where(path), error)) from error

    def where(self, path: str) -> str:
        """The archive that a file lies in, and its name there; or the archives it might be in."""
        place = self._strip_protocol(path)
        if place in self._held:
            source, member = self._held[place]
            return f"{source.address}/{member.name.removeprefix('./')}"
        name, rest = place.partition("/")[::2]
        named = [source.address for source in self._sources]
        if not named:
            return f"{PROTOCOL}://{place}"
        if len(named) == 1:
            return f"{named[0]}/{rest}".rstrip("/")
        listed = ", ".join(named[:SHOWN]) + (" …" if len(named) > SHOWN else "")
        return f"{rest or name} in {listed}"

    def version(self, path: str) -> str | None:
        """See `archives.Source.version`."""
        source, member = self._held[self._strip_protocol(path)]
        return source.version(member)


class PackedPath(UPath):
    """A path of `Packed`; as text it says which archive it is of."""

    def __str__(self) -> str:
        """Where it lies; if it is relative, its parts."""
        said = super().__str__()
        if not said.startswith(f"{PROTOCOL}://"):
            return said
        return _opened(**self.storage_options).where(self.path)  # `fs` asks for the text


@lru_cache(maxsize=16)
def _opened(name: str, places: Sequence[Sequence[str]], stamp: str) -> Packed:
    """What `fsspec` keeps for these arguments, found without spelling them out each time."""
    return cast("Packed", fsspec.filesystem(PROTOCOL, name=name, places=places, stamp=stamp))


fsspec.register_implementation(PROTOCOL, Packed, clobber=True)
register_implementation(PROTOCOL, PackedPath, clobber=True)


def version_of(path: Path) -> str | None:
    """What changes with the content of a packed file; None where that cannot be told."""
    found: str | None = cast("Any", path).fs.version(cast("Any", path).path)
    return found


def folder(name: str, places: Sequence[str]) -> Path:
    """The folder of a data set, be it unpacked or not.

    It has what reading a folder needs of `Path`: `/`, `glob`, `iterdir`, `open`, `read_text`,
    `read_bytes`, `is_file`, `is_dir`, `relative_to` and the parts of a name.

    Args:
        name: of the data set; a place all of whose files lie in a folder of that name is taken
            without it.
        places: folders, tars or zips, here or by an address that fsspec knows; `*` stands for
            anything in the name of an archive. One place may lack the suffix of its archives:
            where there is no folder `x`, `x.zip`, `x.tar` and `x-00000.tar`, … are looked for.

    Returns:
        The folder; one that is absent where the only place is, and it is no archive.

    Raises:
        PlaceError: nothing is there, or what is there cannot be read.
    """
    found = {place: _found(place) for place in places}
    absent = [place for place, addresses in found.items() if not addresses]
    if absent and len(places) == 1 and not places[0].endswith(SUFFIXES):
        return Path(places[0]) if "://" not in places[0] else _tree(name, ())
    if absent:
        message = f"{name} is not at {', '.join(absent)}: neither a folder nor archives are there"
        raise PlaceError(message)
    return _tree(name, [*found.values()])


def _tree(name: str, places: Sequence[Sequence[str]]) -> Path:
    stamps = " ".join(_stamp(address) for addresses in places for address in addresses)
    laid = tuple(map(tuple, places))
    path = PackedPath(f"{PROTOCOL}://{name}", name=name, places=laid, stamp=stamps)
    return cast("Path", cast("object", path))


def _found(place: str) -> Sequence[str]:
    """Addresses of the folder or the archives that a place stands for."""
    system, path = _system(place)
    try:
        if path.endswith((*SUFFIXES, *COMPRESSED)):
            found = [path] if system.exists(path) else sorted(system.glob(path))
        elif system.isdir(path):
            found = [path]
        else:
            found = [each for each in (f"{path}.zip", f"{path}.tar") if system.exists(each)]
            found = found or sorted(system.glob(f"{glob.escape(path)}-[0-9]*.tar"))
    except FileNotFoundError:
        found = []
    except Exception as error:
        raise PlaceError(_said(place, error)) from error
    return [system.unstrip_protocol(each) for each in found]


def _system(place: str) -> tuple[AbstractFileSystem, str]:
    if "://" not in place:
        return fsspec.filesystem("file"), str(Path(place).absolute())
    try:
        system, path = fsspec.url_to_fs(place, **options(place))
    except (ImportError, ValueError) as error:
        remedy = "`pip install 'mulap-bench[remote]'` reads https://, s3:// and gs://"
        message = f"{place} cannot be read: {' '.join(str(error).split())}; {remedy}"
        raise PlaceError(message) from error
    return system, str(path)


def options(place: str) -> dict[str, Any]:
    """Of the file system: a web server that is silent for a minute is given up."""
    if not place.startswith(("http://", "https://")):
        return {}
    from aiohttp import ClientTimeout

    return {"client_kwargs": {"timeout": ClientTimeout(sock_connect=SILENCE, sock_read=SILENCE)}}


def _stamp(place: str) -> str:
    """Of an archive as it is now; a folder is listed once a process."""
    system, path = _system(place)
    return stamp(system.info(path)) if path.endswith(SUFFIXES) else ""


def _source(place: str) -> Source:
    system, path = _system(place)
    if path.endswith(COMPRESSED):
        message = f"{place} is compressed as a whole: unpack it, or make it a plain .tar"
        raise PlaceError(message)
    if path.endswith(".zip"):
        return Zip(system, path)
    return Tar(system, path) if path.endswith(".tar") else Folder(system, path)


def _members(source: Source) -> dict[str, Member]:
    try:
        return by_place(source.members())
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        message = f"{source.address} is not a whole archive ({error}): fetch it again"
        raise PlaceError(message) from error
    except Exception as error:
        raise PlaceError(_said(source.address, error)) from error


def _said(place: str, error: Exception) -> str:
    reason = " ".join(str(error).split()) or type(error).__name__
    return f"{place} cannot be read: {reason}"
