"""Decodes every clip of a task and lists what is wrong with the files."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench import audio
from bench.audio import BadAudioError
from tasks import Clip, Progress

RATE = 16_000


@dataclass(frozen=True, slots=True)
class Finding:
    """A clip that cannot be used, and why."""

    clip: str
    path: str
    reason: str


def unusable(clips: Sequence[Clip], progress: Progress) -> list[Finding]:
    """Decode all clips in threads; those that fail, in order. It never stops at the first."""
    found = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, finding in enumerate(pool.map(_finding, clips), 1):
            progress(done, len(clips))
            if finding is not None:
                found.append(finding)
    return found


def _finding(clip: Clip) -> Finding | None:
    try:
        audio.read(clip.path, RATE, clip.start, clip.seconds)
    except BadAudioError as error:
        return Finding(clip.id, str(clip.path), error.reason)
    return None
