"""Read TensorFlow V2 checkpoints ("tensor bundles") with NumPy alone.

A bundle is an `.index` file, a LevelDB table (leveldb/doc/table_format.md) of name →
`BundleEntryProto` (tensorflow/core/protobuf/tensor_bundle.proto), and the data file in which
each entry says where the tensor lies. Only what TensorFlow's saver writes by default is read:
one shard, uncompressed blocks, little-endian, whole tensors.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

MAGIC = 0xDB4775248B80FB57
FOOTER = 48
TRAILER = 5  # a byte for the compression and four of checksum after every block
SLICES = 7  # field of an entry
DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8"}

Proto = dict[int, list[int | bytes]]


class DamagedBundleError(ValueError):
    """The files are not a readable checkpoint."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path} is not a readable TensorFlow checkpoint: {problem}; fetch it anew"
        )


def read_bundle(prefix: Path) -> dict[str, npt.NDArray[np.generic]]:
    """Every tensor of a checkpoint.

    Args:
        prefix: what TensorFlow calls the checkpoint's path; a folder holds files named `.index`
            and `.data-00000-of-00001`.

    Returns:
        Tensor by variable name, as copies.

    Raises:
        DamagedBundleError: a file is missing, truncated, altered, or of a kind that is not read.
    """
    index, data = _file(prefix, ".index"), _file(prefix, ".data-00000-of-00001")
    raw, stored = index.read_bytes(), np.fromfile(data, np.uint8)
    try:
        entries = {key.decode(): _message(value) for key, value in _table(index, raw)}
    except (IndexError, ValueError, struct.error) as error:
        raise DamagedBundleError(index, str(error)) from error
    header = entries.pop("", {})
    if header.get(1) != [1]:
        raise DamagedBundleError(index, f"expected one shard, its header says {header.get(1)}")
    return {name: _tensor(data, stored, name, entry) for name, entry in entries.items()}


def _file(prefix: Path, suffix: str) -> Path:
    path = prefix / suffix if prefix.is_dir() else prefix.with_name(prefix.name + suffix)
    if not path.is_file():
        raise DamagedBundleError(path, "there is no such file")
    return path


def _table(path: Path, raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of every row: the footer points to the index block, that to data blocks."""
    if len(raw) < FOOTER or struct.unpack("<Q", raw[-8:])[0] != MAGIC:
        raise DamagedBundleError(path, "its last eight bytes are not those of a table")
    footer, at = raw[-FOOTER:], 0
    handle = []
    for _ in range(4):
        value, at = _varint(footer, at)
        handle.append(value)
    for _, pointer in _rows(_block(path, raw, handle[2], handle[3])):
        offset, at = _varint(pointer, 0)
        yield from _rows(_block(path, raw, offset, _varint(pointer, at)[0]))


def _block(path: Path, raw: bytes, offset: int, size: int) -> bytes:
    block = raw[offset : offset + size]
    trailer = raw[offset + size : offset + size + TRAILER]
    if len(trailer) != TRAILER or trailer[0] != 0:
        raise DamagedBundleError(path, f"the block at byte {offset} is cut off or compressed")
    if _crc32c(block + trailer[:1]) != struct.unpack("<I", trailer[1:])[0]:
        raise DamagedBundleError(path, f"the block at byte {offset} fails its checksum")
    return block


def _rows(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Rows of a block; each key leaves out the prefix it shares with the one before."""
    restarts = struct.unpack("<I", block[-4:])[0]
    end, at, key = len(block) - 4 * (restarts + 1), 0, b""
    while at < end:
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        size, at = _varint(block, at)
        key = key[:shared] + block[at : at + own]
        at += own
        yield key, block[at : at + size]
        at += size


def _message(raw: bytes) -> Proto:
    """Fields of a protocol buffer message, by number."""
    fields: Proto = {}
    at = 0
    while at < len(raw):
        tag, at = _varint(raw, at)
        value: int | bytes
        match tag & 7:
            case 0:
                value, at = _varint(raw, at)
            case 2:
                size, at = _varint(raw, at)
                value, at = raw[at : at + size], at + size
            case 5:
                value, at = struct.unpack_from("<I", raw, at)[0], at + 4
            case wire:
                message = f"unknown wire type {wire}"
                raise ValueError(message)
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _tensor(
    path: Path, stored: npt.NDArray[np.uint8], name: str, entry: Proto
) -> npt.NDArray[np.generic]:
    """Fields of an entry: 1 dtype, 2 shape, 4 offset, 5 size, 7 slices."""
    dtype = DTYPES.get(_int(entry, 1))
    if dtype is None or SLICES in entry:
        raise DamagedBundleError(path, f"{name!r} has data type {_int(entry, 1)} or is in slices")
    shape = [_int(_message(dim), 1) for dim in _shape(entry)]
    offset, size = _int(entry, 4), _int(entry, 5)
    piece = stored[offset : offset + size]
    expected = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if not piece.size == size == expected:
        problem = f"{name!r} of shape {shape} needs {expected} bytes, {piece.size} are there"
        raise DamagedBundleError(path, problem)
    return piece.view(dtype).reshape(shape).copy()


def _int(fields: Proto, number: int) -> int:
    value = fields.get(number, [0])[0]
    return value if isinstance(value, int) else 0


def _shape(entry: Proto) -> list[bytes]:
    shape = entry.get(2, [b""])[0]
    dims = _message(shape).get(2, []) if isinstance(shape, bytes) else []
    return [dim for dim in dims if isinstance(dim, bytes)]


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """A base-128 number and the place after it."""
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7


def _crc32c(raw: bytes) -> int:
    """CRC-32C (Castagnoli), masked the way LevelDB stores it."""
    crc = 0xFFFFFFFF
    for byte in raw:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
