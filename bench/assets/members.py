"""Members of archives, and files and folders of a user's own."""

from pathlib import Path

from bench import digests
from bench.assets.cache import Shelf
from bench.assets.errors import AssetError
from bench.assets.pins import Pin
from bench.assets.unpack import Limits, unpack


def unpacked(pin: Pin, shelf: Shelf, archive: Path, limits: Limits) -> Path:
    """Take a member out of an archive onto its shelf, which the caller holds."""
    with shelf.workplace() as folder:
        unpack(archive, pin.member, folder, wrapped=pin.wrapped, limits=limits)
        return shelf.keep_member(pin.member, folder)


def local(pin: Pin, limits: Limits) -> Path:
    """A local file or folder in place, or a member of a local archive.

    Raises:
        AssetError: it is not there, or not what the pin says.
    """
    path = Path(pin.name).expanduser().absolute()
    if pin.files:
        return _local_files(pin, path)
    if pin.member and path.is_file():
        return _local_member(pin, path, limits)
    path = path / pin.member
    if not path.exists():
        message = f"{path} does not exist"
        raise AssetError(message)
    if pin.sha256:
        _verify_local(path, pin.sha256)
    return path


def _local_files(pin: Pin, folder: Path) -> Path:
    """A local folder of which some files are pinned together."""
    try:
        digest = digests.of_files(folder, pin.files)
    except OSError as error:
        message = f"{error.filename} does not exist, or cannot be read"
        raise AssetError(message) from error
    if digest != pin.sha256:
        message = f"{folder} has sha256 {digest} of {pin.files}, but {pin.sha256} is pinned"
        raise AssetError(message)
    return folder


def _verify_local(path: Path, sha256: str) -> None:
    if path.is_dir():
        message = f"{path} is a folder, which has no sha256: pin a file of it, or no checksum"
        raise AssetError(message)
    digest = digests.of_file(path)
    if digest != sha256:
        message = f"{path} has sha256 {digest}, but {sha256} is pinned"
        raise AssetError(message)


def _local_member(pin: Pin, archive: Path, limits: Limits) -> Path:
    shelf = Shelf(pin.sha256 or digests.of_file(archive))
    found = shelf.member(pin.member)
    if found:
        return found
    with shelf.lock():
        _verify_local(archive, shelf.sha256)
        return shelf.member(pin.member) or unpacked(pin, shelf, archive, limits)
