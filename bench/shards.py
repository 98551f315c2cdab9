"""Which clips are encoded together: the same shards whenever the same clips are left to do."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench import audio, provenance
from bench.audio import BadAudioError
from tasks import Clip

SHARD_CLIPS = 256
SHARD_SECONDS = 900.0
"""A shard is full at this many clips or seconds of audio, whichever comes first."""


@dataclass(frozen=True, slots=True)
class Item:
    """A clip with the key and the length [s] of its audio."""

    key: str
    clip: Clip
    seconds: float


def measure(clips: Mapping[str, Clip], threads: int) -> tuple[list[Item], list[BadAudioError]]:
    """The clips with their lengths; and the files without a readable header."""
    items: list[Item] = []
    bad: list[BadAudioError] = []
    with ThreadPoolExecutor(threads) as pool:
        for key, length in zip(clips, pool.map(_length, clips.values()), strict=True):
            if isinstance(length, BadAudioError):
                bad.append(length)
            else:
                items.append(Item(key, clips[key], length))
    return items, bad


def plan(items: Iterable[Item]) -> dict[str, list[Item]]:
    """Shard id → its clips, from the shortest to the longest.

    Taking finished shards out of the list leaves the borders of the others where they were.
    Taking single clips out does not: bad files met before are to be planned on their own.
    """
    groups: list[list[Item]] = []
    total = 0.0
    for item in sorted(items, key=lambda item: (item.seconds, item.key)):
        if not groups or len(groups[-1]) == SHARD_CLIPS or total + item.seconds > SHARD_SECONDS:
            groups.append([])
            total = 0.0
        groups[-1].append(item)
        total += item.seconds
    return {provenance.digest([i.key for i in group])[:24]: group for group in groups}


def _length(clip: Clip) -> float | BadAudioError:
    try:
        return audio.seconds(clip.path) if clip.seconds is None else clip.seconds
    except BadAudioError as error:
        return error
