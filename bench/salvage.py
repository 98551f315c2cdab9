"""What libsndfile cannot read: m4a, wma and damaged files, packet by packet through PyAV."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bench.audio import BadAudioError, Content, rewound

if TYPE_CHECKING:
    from av.container import InputContainer

UNTOLD = ("File does not exist", "Format not recognised", "Internal ", "Unspecified ", "System ")
"""How libsndfile's words begin where they tell nothing of a file, or say that it is not there."""


def seconds(path: Path, content: Content, problem: str) -> float:
    """The length that the container declares [s].

    Raises:
        BadAudioError: PyAV is absent, or cannot open the file either, or finds no length.
    """
    with _opened(path, content, problem) as container:
        stream = container.streams.audio[0]
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        if container.duration is not None:
            return container.duration / 1e6
    raise BadAudioError(path, f"corrupt: {_unread(problem)}; it declares no length")


def decode(path: Path, content: Content, problem: str) -> tuple[npt.NDArray[np.float32], int]:
    """Every packet that decodes, as mono samples and their rate [Hz]; broken packets are dropped.

    The caller compares the length with the declared one.

    Raises:
        BadAudioError: PyAV is absent, or nothing decodes.
    """
    blocks: list[npt.NDArray[np.float32]] = []
    with _opened(path, content, problem) as container:
        import av

        stream = container.streams.audio[0]
        rate = stream.rate
        resampler = av.AudioResampler(format="fltp", rate=rate)
        for packet in container.demux(stream):
            with suppress(av.FFmpegError, ValueError):  # ValueError: another rate, other channels
                planes = [p for frame in packet.decode() for p in resampler.resample(frame)]
                blocks.extend(p.to_ndarray().mean(axis=0, dtype=np.float32) for p in planes)
    if not blocks:
        raise BadAudioError(path, f"corrupt: {_unread(problem, 'libsndfile or PyAV')}")
    return np.concatenate(blocks), rate


def _opened(path: Path, content: Content, problem: str) -> "InputContainer":
    try:
        import av
    except ImportError:
        reason = (
            f"unreadable: {_unread(problem)} (`pip install 'mulap-bench[av]'` reads more formats)"
        )
        raise BadAudioError(path, reason) from None
    try:
        container = av.open(rewound(content), "r", metadata_errors="ignore")
    except av.FFmpegError:
        raise BadAudioError(path, f"corrupt: {_unread(problem, 'libsndfile or PyAV')}") from None
    streams = container.streams.audio
    if not streams or streams[0].codec_context is None:
        container.close()
        raise BadAudioError(path, f"unreadable: {_unread(problem, 'libsndfile or PyAV')}")
    return container


def _unread(problem: str, readers: str = "libsndfile") -> str:
    """That nothing reads a file; with libsndfile's words where they tell of it."""
    said = "" if problem.startswith(UNTOLD) else f": {problem.rstrip('.')}"
    return f"no audio that {readers} can read{said}"
