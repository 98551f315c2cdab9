"""What is kept in the cache to save work: files whose damage is noticed, and that are made again.

A file is a zip archive, so that every part has a checksum; one that cannot be read is taken for
absent.
"""

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.store import write_atomically


def write(path: Path, parts: Mapping[str, bytes]) -> None:
    """Put parts, by name, into one file that is whole or absent."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    write_atomically(path, buffer.getbuffer())


def read(path: Path) -> dict[str, bytes] | None:
    """The parts; None where there is no file, or a damaged one.

    Raises:
        OSError: it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except FileNotFoundError:
        return None
    except (EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error):
        return None


def packed(array: npt.NDArray[np.floating]) -> bytes:
    """An array as a part."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def unpacked(part: bytes) -> npt.NDArray[np.floating]:
    """The array that `packed` was given."""
    array: npt.NDArray[np.floating] = np.load(io.BytesIO(part))
    return array
