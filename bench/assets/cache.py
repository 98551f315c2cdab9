"""Where verified files lie, and how they get there whole.

    <cache>/assets/<sha256>/<archive>        the verified download
    <cache>/assets/<sha256>/unpacked/...     members of it
    <cache>/assets/<sha256>/complete/...     the archive's name; a mark for each whole member
    <cache>/assets/<sha256>/complete/sha256  of a file of the hub that is pinned by its commit
    <cache>/assets/<sha256>/together/...     several files of one commit of the hub
    <cache>/placed/                          files put here by hand are taken before any download
    <cache>/partial/<sha256>                 a download to be resumed
    <cache>/first-use/<key>                  see `bench.assets.first_use`

Everything is made beside its place and renamed into it: a process killed at any moment leaves
nothing that looks finished.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import platformdirs

from bench.assets.errors import AssetError
from bench.assets.pins import Pin


def cache_folder() -> Path:
    """`BENCH_CACHE`, or the platform's folder for caches; made if need be.

    Raises:
        AssetError: the folder cannot be made.
    """
    given = os.environ.get("BENCH_CACHE")
    try:
        if given:
            folder = Path(given).expanduser().absolute()
        else:
            folder = platformdirs.user_cache_path("mulap-bench", appauthor=False)
    except RuntimeError as error:
        message = f"BENCH_CACHE is {given!r}, and there is no such user; give a path without ~"
        raise AssetError(message) from error
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the cache folder {folder} cannot be made ({error.strerror}); "
        message += "set BENCH_CACHE to a folder that can"
        raise AssetError(message) from error
    return folder


def placed_folder() -> Path:
    """Where a user puts a file that could not be downloaded."""
    return cache_folder() / "placed"


@dataclass(frozen=True, slots=True)
class Shelf:
    """The folder of the cache that belongs to one archive."""

    sha256: str

    @property
    def folder(self) -> Path:
        """Holds the archive and its members."""
        return cache_folder() / "assets" / self.sha256

    @property
    def partial(self) -> Path:
        """A download that has not come to its end."""
        return cache_folder() / "partial" / self.sha256

    def archive(self) -> Path | None:
        """The archive, if it has come."""
        if not self._name.exists():
            return None
        path = self.folder / self._name.read_text()
        return path if path.exists() else None

    def member(self, name: str) -> Path | None:
        """A member that is all there, by itself or within a folder that is."""
        steps = [PurePosixPath(name), *PurePosixPath(name).parents]
        if any(self._mark(str(step)).exists() for step in steps):
            path = self.folder / "unpacked" / name
            return path if path.exists() else None
        return None

    def noted(self) -> str:
        """The sha256 that the file had when it came, where no pin says what it is."""
        return self._note.read_text() if self._note.exists() else ""

    def note(self, sha256: str) -> None:
        """Keep the sha256 of a file as it came."""
        self._note.parent.mkdir(exist_ok=True)
        new = self._note.with_suffix(".new")
        new.write_text(sha256)
        new.replace(self._note)

    def together(self, files: Mapping[str, Path]) -> Path:
        """One folder of files that lie on other shelves."""
        for name, path in files.items():
            place = self.folder / "together" / name
            if not _is_the_same(path, place):
                place.parent.mkdir(parents=True, exist_ok=True)
                fresh = place.with_name(f".{place.name}.{os.getpid()}")
                fresh.unlink(missing_ok=True)
                link_or_copy(path, fresh).replace(place)
        return self.folder / "together"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from changing the folder."""
        from filelock import FileLock

        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder.with_suffix(".lock")):
            yield

    @contextmanager
    def workplace(self) -> Iterator[Path]:
        """An empty folder on the same disk; what a killed process left behind is removed."""
        for left in self.folder.glob("work-*"):
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(prefix="work-", dir=self.folder) as folder:
            yield Path(folder)

    def keep_archive(self, path: Path, file_name: str) -> Path:
        """Take a verified file of the same disk as the archive, then note what it is called."""
        kept = path.replace(self.folder / file_name)
        self._name.parent.mkdir(exist_ok=True)
        note = self._name.with_suffix(".new")
        note.write_text(file_name)
        note.replace(self._name)
        return kept

    def keep_member(self, name: str, unpacked: Path) -> Path:
        """Take the files of a member, then mark it as complete."""
        root = self.folder / "unpacked"
        move(unpacked, root)
        mark = self._mark(name)
        mark.parent.mkdir(exist_ok=True)
        mark.touch()
        return root / name

    @property
    def _name(self) -> Path:
        return self.folder / "complete" / "archive"

    @property
    def _note(self) -> Path:
        return self.folder / "complete" / "sha256"

    def _mark(self, name: str) -> Path:
        return self.folder / "complete" / hashlib.sha256(name.encode()).hexdigest()


def at_hand(pin: Pin, mirror: Path | None) -> Path | None:
    """The archive in the mirror or the folder of placed files, verified.

    Raises:
        AssetError: the mirror is no folder, or a file with the archive's name is another file.
    """
    given = mirror or os.environ.get("BENCH_MIRROR")
    if given and not Path(given).is_dir():
        message = f"the mirror {given} is no folder: make it, or unset BENCH_MIRROR"
        raise AssetError(message)
    folders = [Path(given)] if given else []
    if placed_folder().is_dir():
        folders.append(placed_folder())
    return next(filter(None, (_verified(pin, folder) for folder in folders)), None)


def _verified(pin: Pin, folder: Path) -> Path | None:
    """The file of that name or digest; several may fit a name that is known in part only."""
    named = [p for p in sorted(folder.iterdir()) if p.name == pin.sha256 or pin.is_called(p.name)]
    found = {path: pin.differs(path) for path in named}
    for path, digest in found.items():
        if not digest:
            return path
    if not found:
        return None
    path, digest = next(iter(found.items()))
    message = f"{path} has {digest}, but {pin} is pinned: replace or remove that file"
    raise AssetError(message)


def move(unpacked: Path, into: Path) -> None:
    """Put files of the same disk where they belong, into folders that may be there already."""
    for path in sorted(unpacked.rglob("*")):
        target = into / path.relative_to(unpacked)
        if path.is_dir() and not path.is_symlink():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)


def link_or_copy(source: Path, target: Path) -> Path:
    """A second name for a file, or a copy where the file system has none."""
    try:
        target.hardlink_to(source.resolve())
    except OSError:
        shutil.copy2(source, target)
    return target


def _is_the_same(source: Path, target: Path) -> bool:
    """Whether `link_or_copy` made it of this file."""
    if not target.exists():
        return False
    one, other = source.stat(), target.stat()
    copied = (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)
    return target.samefile(source) or copied
