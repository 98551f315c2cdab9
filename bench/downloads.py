"""Published archives of a data set, brought into its folder one by one."""

import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from bench import assets
from bench.archives import COMPRESSED, SUFFIXES
from bench.assets.cache import move
from bench.assets.unpack import Limits, unpack
from bench.errors import UserError, why_no_room
from bench.progress import Reporter
from bench.store import write_atomically
from tasks import Archive

ALL = Limits(total=1 << 44, entry=1 << 42)
"""What the archives of a data set may hold: more than any does."""

_MEGABYTE = 10**6


class RoomError(UserError):
    """A disk has too little room."""


def bring(archives: Sequence[Archive], place: Path, reporter: Reporter) -> None:
    """Download and unpack what is not there yet; kill it anywhere, and it goes on.

    Args:
        archives: of a data set.
        place: its folder. What users placed there themselves stays as it is.
        reporter: told of bytes.

    Raises:
        AssetError: an archive cannot be had, or is not what its source published.
        RoomError: the disk is too small for what it holds.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(place.with_name(f".{place.name}.lock")):
        note = place.with_name(f".{place.name}.fetched")
        there = place.is_dir() and any(place.iterdir())
        if there and not note.is_file():
            return
        done = note.read_text("utf-8").splitlines() if there else []
        write_atomically(note, "".join(f"{pin}\n" for pin in done).encode())
        for archive in archives:
            if archive.pin not in done:
                _bring(archive, place, reporter)
                done.append(archive.pin)
                write_atomically(note, "".join(f"{pin}\n" for pin in done).encode())
                assets.forget(_whole(archive.pin))


def _bring(archive: Archive, place: Path, reporter: Reporter) -> None:
    file = _downloaded(archive, reporter)
    _expect_room(file, place)
    beginning = f".{place.name}.unpacking-"
    for left in place.parent.glob(f"{beginning}*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=beginning, dir=place.parent) as name:
        folder, member = Path(name), archive.pin.partition("#")[2]
        if file.name.endswith((*SUFFIXES, *COMPRESSED)):
            reporter.say(f"unpacking {file.name} into {place / archive.into}")
            unpack(file, member, folder, wrapped=False, limits=ALL)
        else:
            shutil.copyfile(file, folder / file.name)
        move(folder / member, place / archive.into)


def _downloaded(archive: Archive, reporter: Reporter) -> Path:
    pin = _whole(archive.pin)
    with reporter.step(f"downloading {assets.parse(pin).file_name}", "MB") as step:

        def tell(have: int, total: int | None) -> None:
            step(have // _MEGABYTE, (total or have) // _MEGABYTE)

        return assets.fetch(pin, on_progress=tell)


def _whole(pin: str) -> str:
    return pin.partition("#")[0]


def _expect_room(file: Path, place: Path) -> None:
    """Refuse to unpack more than the disk holds; of a compressed tar only the least is known."""
    needed = file.stat().st_size
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as opened:
            needed = sum(info.file_size for info in opened.infolist())
    short = why_no_room(needed, place.parent)
    if short is not None:
        message = (
            f"{file.name} cannot be unpacked: at least {short}; make room, or name another disk "
            "with --data-root"
        )
        raise RoomError(message)
