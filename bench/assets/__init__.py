"""Pinned files from PyPI, npm, Debian, the Hugging Face hub, an address or a folder.

A file is downloaded once by the ordinary client of its source, verified by sha256, and kept in
the platform's cache folder. A mirror folder (`BENCH_MIRROR`) is looked into first. A file that is
pinned by a commit of the hub is verified against what the hub declares of it; the sha256 that it
came with is noted, and it is held to that from then on. So is a file whose source publishes no
checksum, which nothing but its address vouches for when it first comes.
"""

import contextlib
import shutil
from dataclasses import replace
from pathlib import Path, PurePosixPath

from bench import digests
from bench.assets import first_use
from bench.assets.cache import Shelf, at_hand, cache_folder, link_or_copy, placed_folder
from bench.assets.checksums import FIRST_USE
from bench.assets.errors import AssetError, DownloadError, MissingFileError, NoSuchFileError
from bench.assets.members import local, unpacked
from bench.assets.parsing import KINDS, parse
from bench.assets.pins import Pin, Progress
from bench.assets.sources import CLIENTS, why_not
from bench.assets.unpack import Limits

__all__ = [
    "AssetError",
    "Limits",
    "Pin",
    "Progress",
    "cache_folder",
    "cached",
    "clients",
    "fetch",
    "forget",
    "parse",
    "remembered",
    "settled",
]


def fetch(
    pin: str,
    *,
    mirror: Path | None = None,
    on_progress: Progress | None = None,
    limits: Limits | None = None,
) -> Path:
    """The verified local file or folder that a pin names; downloaded at most once.

    Args:
        pin: see `parse`.
        mirror: a folder that is looked into first; `BENCH_MIRROR` unless given.
        on_progress: called while an address is downloaded, and once when another client is done.
        limits: what may come out of the archive.

    Raises:
        AssetError: it cannot be had; one line says why and how to place it by hand.
    """
    parsed = parse(pin)
    try:
        if parsed.kind == "file":
            return local(parsed, limits or Limits())
        report, most = on_progress or _in_silence, limits or Limits()
        if parsed.is_first_use:
            parsed = replace(parsed, sha256=_first_came(parsed, mirror, report))
        if not parsed.files:
            return _on_shelf(parsed) or _bring(parsed, mirror, report, most)
        found = [
            _held(parsed, each) or _first(parsed, each, mirror, report, most)
            for each in parsed.files
        ]
        with Shelf(parsed.key).lock():
            return Shelf(parsed.key).together(dict(found))
    except OSError as error:
        message = f"{parsed} cannot be kept in {cache_folder()}: {error}"
        raise AssetError(message) from error


def cached(pin: str) -> Path | None:
    """Where the file or folder of a pin lies if it is already here; never uses a network.

    A member of a local archive is here: it is unpacked if need be.

    Raises:
        AssetError: the pin is malformed, or a local path is not what it says.
    """
    parsed = parse(pin)
    if parsed.files and parsed.kind != "file":
        here = [held for each in parsed.files if (held := _held(parsed, each)) is not None]
        whole = len(here) == len(parsed.files)
        return Shelf(parsed.key).together(dict(here)) if whole else None
    if parsed.is_first_use:
        parsed = replace(parsed, sha256=first_use.remembered(replace(parsed, member="")))
    if parsed.kind != "file":
        return _on_shelf(parsed)
    return local(parsed, Limits()) if Path(parsed.name).expanduser().exists() else None


def forget(pin: str) -> None:
    """Remove what the cache holds of a pin that is not local; what came first stays noted."""
    shelf = Shelf(parse(remembered(pin)).key)
    with shelf.lock():
        shutil.rmtree(shelf.folder)


def remembered(pin: str) -> str:
    """A pin of first use with the sha256 of the file that came first; any other as it is.

    Raises:
        AssetError: the pin is malformed, or what was noted is damaged.
    """
    parsed = parse(pin)
    digest = first_use.remembered(replace(parsed, member="")) if parsed.is_first_use else ""
    return pin.replace(f"checksum={FIRST_USE}", f"checksum=sha256:{digest}") if digest else pin


def settled(pin: str) -> str:
    """As `remembered`; the file of a first use is brought if none came yet.

    Raises:
        AssetError: the pin is malformed, or its file cannot be had.
    """
    if parse(remembered(pin)).is_first_use:
        fetch(pin)
    return remembered(pin)


def clients() -> dict[str, str]:
    """For each kind of source `ok` if its client is here, or what is missing. None is asked."""
    return {kind: why_not(kind) for kind in KINDS}


def _in_silence(_done: int, _total: int | None) -> None:
    """Report no progress."""


def _on_shelf(pin: Pin) -> Path | None:
    shelf = Shelf(pin.key)
    if not pin.is_whole:
        return shelf.member(pin.member)
    archive = shelf.archive()
    if archive and (pin.is_first_use or not pin.sha256):
        _expect_as_it_came(archive, shelf, pin.sha256 or shelf.noted())
    return archive


def _expect_as_it_came(archive: Path, shelf: Shelf, expected: str) -> None:
    found = digests.of_file(archive)
    if found != expected:
        message = (
            f"{archive} has sha256 {found}, but came with {expected}: remove {shelf.folder} "
            "to download it again"
        )
        raise AssetError(message)


def _first_came(pin: Pin, mirror: Path | None, on_progress: Progress) -> str:
    """The sha256 of the first file that came from an address; brought now if none did."""
    whole = replace(pin, member="")
    shelf = Shelf(whole.key)
    with shelf.lock():
        if known := first_use.remembered(whole):
            return known
        shelf.partial.unlink(missing_ok=True)  # nothing would tell that it is of another file
        with shelf.workplace() as folder:
            name, brought = _brought(whole, shelf, folder, mirror, on_progress)
            digest = digests.of_file(brought)
            home = Shelf(digest)
            with home.lock():
                home.keep_archive(brought, _name_in_cache(whole, name))
        first_use.remember(whole, digest)
    return digest


def _held(pin: Pin, choice: str) -> tuple[str, Path] | None:
    """Which of the files `a|b` is here already, and where."""
    pins = [pin.one_of(name) for name in choice.split("|")]
    shelves = ((each.member, _on_shelf(each)) for each in pins)
    return next(((name, path) for name, path in shelves if path is not None), None)


def _first(
    pin: Pin, choice: str, mirror: Path | None, on_progress: Progress, limits: Limits
) -> tuple[str, Path]:
    """The first of the files `a|b` that there is, and where it lies now."""
    *others, last = [pin.one_of(name) for name in choice.split("|")]
    for each in others:
        with contextlib.suppress(MissingFileError):
            return each.member, _bring(each, mirror, on_progress, limits)
    return last.member, _bring(last, mirror, on_progress, limits)


def _bring(pin: Pin, mirror: Path | None, on_progress: Progress, limits: Limits) -> Path:
    """Fetch what is not there, or wait until another process has."""
    shelf = Shelf(pin.key)
    with shelf.lock():
        found = _on_shelf(pin)
        if found:
            return found
        archive = _archive(pin, shelf, mirror, on_progress)
        return archive if pin.is_whole else unpacked(pin, shelf, archive, limits)


def _archive(pin: Pin, shelf: Shelf, mirror: Path | None, on_progress: Progress) -> Path:
    """The verified archive: as it lies in the cache, from the mirror, or downloaded."""
    kept = shelf.archive()
    if kept and pin.sha256 and not pin.differs(kept):
        return kept
    if kept:
        kept.unlink()
    with shelf.workplace() as folder:
        name, brought = _brought(pin, shelf, folder, mirror, on_progress)
        if not pin.sha256:
            shelf.note(digests.of_file(brought))
        return shelf.keep_archive(brought, _name_in_cache(pin, name))


def _brought(
    pin: Pin, shelf: Shelf, folder: Path, mirror: Path | None, on_progress: Progress
) -> tuple[str, Path]:
    """What the source calls the archive, and the verified file: from the mirror or downloaded."""
    given = at_hand(pin, mirror) if pin.sha256 or pin.declared else None
    if given:
        return given.name, link_or_copy(given, folder / "given")
    brought = _download(pin, shelf, folder, on_progress)
    return brought.name, brought


def _name_in_cache(pin: Pin, name: str) -> str:
    if pin.kind == "huggingface":
        return PurePosixPath(pin.member).name
    return name if "*" in pin.file_name else pin.file_name


def _download(pin: Pin, shelf: Shelf, folder: Path, on_progress: Progress) -> Path:
    client = CLIENTS.get(pin.kind)
    where = client.where if client else f"from {pin.url}"
    try:
        brought = client.bring(pin, folder) if client else _from_address(pin, shelf, on_progress)
        _verify_download(brought, pin)
    except DownloadError as error:
        placed = pin.sha256 or pin.declared
        by_hand = f"; put it at {placed_folder() / pin.file_name}" if placed else ""
        message = f"{pin} cannot be downloaded {where}: {error}{by_hand}"
        kind = MissingFileError if isinstance(error, NoSuchFileError) else AssetError
        raise kind(message) from error
    if client:
        size = brought.stat().st_size
        on_progress(size, size)
    return brought


def _from_address(pin: Pin, shelf: Shelf, on_progress: Progress) -> Path:
    from bench.assets.web import download

    shelf.partial.parent.mkdir(parents=True, exist_ok=True)
    download(pin.url, shelf.partial, on_progress)
    return shelf.partial


def _verify_download(brought: Path, pin: Pin) -> None:
    if wrong := pin.differs(brought):
        brought.unlink()
        message = f"what came has {wrong}"
        if pin.is_first_use:
            place = first_use.note(replace(pin, member="", sha256=""))
            message += f", no longer what came first: remove {place} if it may be another"
        raise DownloadError(message)
