"""Reads audio: decode, mono, resample, cut into windows. A bad file is an error with a reason."""

import io
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from bench import mpeg, pcm
from bench.archives import DamagedError, is_file, is_here
from tasks._asked import is_text

Samples: TypeAlias = npt.NDArray[np.float32]
"""(samples,): mono, in [-1, 1]."""

Content: TypeAlias = Path | io.BytesIO
"""A file, or where it lies in an archive or on a server, all of its bytes."""

VERSION = 2
"""Part of every feature's key; raise it when the same file gives other samples."""

SILENCE = 1.5 * 2.0**-15
"""A peak at or under this is silence: one and a half steps of 16-bit audio."""

LEAST_DECODED = 0.99
"""The share of its declared length that a file must decode to."""

STREAMED = 0x7FFF_F000
"""From here on, the 32-bit size in a header is what a pipe writes for want of the true one."""


class Problem(StrEnum):
    """What is wrong with a file."""

    MISSING = "missing"
    CORRUPT = "corrupt"
    TRUNCATED = "truncated"
    SHORT = "too short"
    SILENT = "silent"


class BadAudioError(ValueError):
    """A file cannot be used."""

    def __init__(self, path: Path, reason: str, problem: Problem = Problem.CORRUPT) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
        self.problem = problem


def seconds(path: Path) -> float:
    """The length a file declares in its header [s], without decoding.

    Raises:
        BadAudioError: the file is missing, empty or has no readable header.
    """
    return _declared(path, _content(path))


def _content(path: Path) -> Content:
    """What decoders are given."""
    if not is_file(path):
        raise BadAudioError(path, "missing", Problem.MISSING)
    try:
        opened = is_here(path) and is_text(str(path))  # libsndfile takes no other name
        content = path if opened else io.BytesIO(path.read_bytes())
    except DamagedError as error:
        raise BadAudioError(path, f"corrupt: {error}") from error
    size = path.stat().st_size if isinstance(content, Path) else content.getbuffer().nbytes
    if size == 0:
        raise BadAudioError(path, "empty file")
    return as_decoders_need_it(content)


def as_decoders_need_it(content: Content) -> Content:
    """An mp3 with its length said; WAV and AIFF, which libsndfile misreads there, untagged."""
    try:
        with _opened(content) as file:
            head = file.read(4)
            if head[:3] != b"ID3" and head[:1] != b"\xff":
                return content
            data = head + file.read()
    except OSError:  # the decoder, which cannot read it either, says why
        return content
    tagged = mpeg.tag_length(data)
    if data[tagged : tagged + 4] in {b"RIFF", b"FORM"}:
        return io.BytesIO(data[tagged:])
    whole = mpeg.with_length(data)
    return content if whole is None else io.BytesIO(whole)


def _declared(path: Path, content: Content) -> float:
    try:
        info = soundfile.info(rewound(content))
    except soundfile.LibsndfileError as error:
        from bench import salvage

        return salvage.seconds(path, content, error.error_string)
    if info.format == "RAW":  # libsndfile's guess where a name ends in .au and no header follows
        raise BadAudioError(path, "corrupt: it has no header")
    return float(info.duration)


def read(path: Path, rate: int, start: float = 0.0, length: float | None = None) -> Samples:
    """Decode a stretch of a file to mono float32.

    Args:
        path: any format of libsndfile; others and damaged files through PyAV where installed.
        rate: sample rate of the result [Hz] (soxr HQ where the file has another).
        start: where the stretch begins [s].
        length: how long it is [s]; None for the rest of the file.

    Raises:
        BadAudioError: missing, empty, truncated, corrupt, silent, or not finite.
    """
    whole, native = decoded(path)
    mono = stretch(path, whole, native, start, length)
    if native != rate:
        mono = soxr.resample(mono, native, rate, quality="HQ")
    return np.clip(mono, -1, 1, out=mono)


def decoded(path: Path) -> tuple[Samples, int]:
    """All of a file as mono float32, not clipped, and its own rate [Hz].

    Raises:
        BadAudioError: missing, empty, truncated or corrupt.
    """
    content = _content(path)
    declared = _declared(path, content)
    mono, native = _decode(path, content, declared)
    refuse_short(path, len(mono) / native, declared)
    refuse_cut_off(path, content, len(mono) / native)
    return mono, native


def stretch(
    path: Path, mono: Samples, rate: int, start: float = 0.0, length: float | None = None
) -> Samples:
    """A stretch of what a file decodes to, without a copy.

    Raises:
        BadAudioError: the file ends before it, or it is silent or not finite.
    """
    first = round(start * rate)
    mono = mono[first : None if length is None else first + round(length * rate)]
    if len(mono) == 0 or len(mono) < LEAST_DECODED * (length or 0) * rate:
        expected = "more" if length is None else f"{length:.2f} s"
        reason = f"{len(mono) / rate:.2f} s from {start:.2f} s on, expected {expected}"
        raise BadAudioError(path, reason, Problem.SHORT)
    peak = max(mono.max(), -mono.min())  # NaN where any sample is
    if not np.isfinite(peak):
        raise BadAudioError(path, "holds NaN or infinite samples")
    if peak <= SILENCE:
        raise BadAudioError(path, "silent", Problem.SILENT)
    return mono


def cut(
    samples: Samples, rate: int, window: float | None, hop: float | None, shortest: float
) -> list[Samples]:
    """The windows of `spans`, of which one is padded if the clip is shorter than `shortest`."""
    covered = spans(len(samples), rate, window, hop, shortest)
    missing = covered[-1].stop - len(samples)
    whole = np.pad(samples, (0, missing)) if missing else samples
    return [whole[span] for span in covered]


def spans(
    samples: int, rate: int, window: float | None, hop: float | None, shortest: float
) -> list[slice]:
    """Windows that cover a clip; none reaches beyond it unless it is shorter than `shortest`.

    Where the hop leaves a rest, the last window ends where the clip ends and overlaps the one
    before it. A clip shorter than the window is one window of its own length.
    """
    least = round(shortest * rate)
    if samples < least:
        return [slice(0, least)]
    size = samples if window is None else min(samples, round(window * rate))
    step = size if hop is None else round(hop * rate)
    starts = list(range(0, samples - size + 1, step))
    if starts[-1] + size < samples:
        starts.append(samples - size)
    return [slice(start, start + size) for start in starts]


def rewound(content: Content) -> Content:
    """With the next byte to be read at its beginning."""
    if isinstance(content, io.BytesIO):
        content.seek(0)
    return content


def _decode(path: Path, content: Content, declared: float) -> tuple[Samples, int]:
    plain = pcm.read(rewound(content))
    if plain is not None and len(plain[0]) / plain[1] == declared:
        return _mono(*plain)
    try:
        audio, native = soundfile.read(rewound(content), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        from bench import salvage

        return salvage.decode(path, content, error.error_string)
    except MemoryError:
        raise BadAudioError(path, "corrupt: its header declares more than memory holds") from None
    return _mono(audio, native)


def _mono(audio: npt.NDArray[np.float32], rate: int) -> tuple[Samples, int]:
    """The mean of the channels, and the rate as it is."""
    if audio.shape[1] == 1:
        return audio[:, 0], rate
    return np.einsum("tc->t", audio) / audio.shape[1], rate


def refuse_short(path: Path, came: float, declared: float) -> None:
    """Compare what was decoded with what the header promised [s].

    Raises:
        BadAudioError: it is less.
    """
    if came < LEAST_DECODED * declared:
        reason = f"truncated: {came:.2f} s decode of {declared:.2f} s declared"
        raise BadAudioError(path, reason, Problem.TRUNCATED)


def refuse_cut_off(path: Path, content: Content, seconds: float) -> None:
    """Compare the size of a file with that which its header promised, or look for its end.

    Args:
        path: named in the error.
        content: the file.
        seconds: that it holds.

    Raises:
        BadAudioError: its end is missing.
    """
    with _opened(content) as file:
        head = file.read(28)
        size = file.seek(0, io.SEEK_END)
        complete = size >= LEAST_DECODED * _promised_bytes(head)
        cut_off = not complete or (head.startswith(b"OggS") and _ogg_is_cut(file, size))
    if cut_off:
        reason = f"truncated: the file ends after {seconds:.2f} s, before its end"
        raise BadAudioError(path, reason, Problem.TRUNCATED)


def _promised_bytes(head: bytes) -> int:
    """The size of the whole file by the header of WAV, AIFF, AU or RF64; 0 where not told.

    libsndfile takes the rest of the file for whatever such a header says.
    """
    if head.startswith(b"RF64"):
        return int.from_bytes(head[20:28], "little")
    sizes = {
        b"RIFF": int.from_bytes(head[4:8], "little"),
        b"FORM": int.from_bytes(head[4:8], "big"),
        b".snd": int.from_bytes(head[8:12], "big"),
    }
    size = sizes.get(head[:4], 0)
    return size if size < STREAMED else 0


def _opened(content: Content) -> AbstractContextManager[BinaryIO]:
    file = rewound(content)
    return nullcontext(file) if isinstance(file, io.BytesIO) else file.open("rb")


def _ogg_is_cut(file: BinaryIO, size: int) -> bool:
    """Whether the last Ogg page is torn or does not end the stream (RFC 3533, section 6)."""
    longest_page = 65_307
    file.seek(max(0, size - 2 * longest_page))
    tail = file.read()
    page = tail[max(0, tail.rfind(b"OggS")) :]
    header = 27
    if len(page) < header:
        return True
    size = header + page[26] + sum(page[header : header + page[26]])
    return len(page) < size or not page[5] & 0x04
