"""MPEG layer III (mp3): streams that do not say how long they are.

libsndfile takes the bit rate of the first frame for that of all and stops where the samples should
end by that. A stream whose bit rate varies says how many frames it has in a frame of its own, the
Xing header, if it was written with one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_KBITS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates [kbit/s] of MPEG 1, and of 2 and 2.5."""

_HERTZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Sample rates by the bits of the version: MPEG 1, 2, 2.5."""

_AT = {(True, False): 36, (True, True): 21, (False, False): 21, (False, True): 13}
"""Where a Xing header begins in a frame [bytes], by (MPEG 1, mono)."""

_LONGEST_FRAME = 2881
_HEADER = 4
_XING, _VBRI, _VBRI_AT = (b"Xing", b"Info"), b"VBRI", 36
_HAS_FRAMES = b"\0\0\0\1"


@dataclass(frozen=True, slots=True)
class _Frame:
    """What four bytes say of a frame.

    Attributes:
        first: whether it is of MPEG 1.
        mono: whether it has one channel.
        kbits: bit rate [kbit/s].
        length: with its header [bytes].
    """

    first: bool
    mono: bool
    kbits: int
    length: int


def tag_length(data: bytes) -> int:
    """How many bytes the ID3v2 tags in front take; 0 where there are none."""
    end = 0
    while data[end : end + 3] == b"ID3" and len(data) >= end + 10:
        size = data[end + 6 : end + 10]
        footer = 10 if data[end + 5] & 0x10 else 0
        end += 10 + footer + sum(each << 7 * (3 - place) for place, each in enumerate(size))
    return end


def with_length(data: bytes) -> bytes | None:
    """A stream of varying bit rate that does not say its length, with a frame in front that does.

    Returns:
        The bytes to decode; None for any other stream, and for what is no mp3.
    """
    begin = tag_length(data)
    first = _frame(data, begin)
    if first is None or _says_its_length(data[begin : begin + first.length], first):
        return None
    frames = list(_frames(data, begin))
    end = begin + sum(frame.length for frame in frames)
    torn = len(data) - end > _LONGEST_FRAME and data[end : end + 3] not in {b"TAG", b"APE", b"ID3"}
    if torn or len({frame.kbits for frame in frames}) == 1:
        return None
    return _header(data[begin : begin + _HEADER], first, len(frames)) + data[begin:]


def _frames(data: bytes, at: int) -> Iterator[_Frame]:
    while (frame := _frame(data, at)) is not None:
        yield frame
        at += frame.length


def _frame(data: bytes, at: int) -> _Frame | None:
    """What begins there; None where no frame of layer III with a bit rate does."""
    head = data[at : at + _HEADER]
    if len(head) < _HEADER or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:  # noqa: PLR2004 — sync, layer III
        return None
    version, kbits, hertz = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version not in _HERTZ or hertz == 3 or kbits in {0, 15}:  # noqa: PLR2004 — reserved
        return None
    first = version == 3  # noqa: PLR2004
    rate = _KBITS[first][kbits]
    length = (144 if first else 72) * rate * 1000 // _HERTZ[version][hertz] + (head[2] >> 1 & 1)
    return _Frame(first, head[3] >> 6 == 3, rate, length)  # noqa: PLR2004


def _says_its_length(content: bytes, frame: _Frame) -> bool:
    at = _AT[frame.first, frame.mono]
    return content[at : at + 4] in _XING or content[_VBRI_AT : _VBRI_AT + 4] == _VBRI


def _header(head: bytes, frame: _Frame, frames: int) -> bytes:
    """A frame of 64 kbit/s, without a checksum, that says how many follow."""
    kbits = _KBITS[frame.first].index(64)
    made = bytes([head[0], head[1] | 1, kbits << 4 | head[2] & 0x0C, head[3]])
    found = _frame(made, 0)
    length = found.length if found else 0
    said = made.ljust(_AT[frame.first, frame.mono], b"\0") + _XING[0] + _HAS_FRAMES
    return (said + frames.to_bytes(4, "big")).ljust(length, b"\0")
