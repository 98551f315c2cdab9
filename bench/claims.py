"""What a task's card claims of its clips, and whether they keep it."""

import math
import reprlib
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import cast

from bench import audio
from bench.audio import BadAudioError
from bench.errors import UserError
from tasks import Clip, Kind, Label, Split, Task, digest_of
from tasks._asked import is_text


class DataError(UserError):
    """A task's data are missing, or not what its card says."""


def verify(task: Task, place: Path, clips: Sequence[Clip]) -> None:
    """Compare clips with their task's card.

    Raises:
        DataError: they are not those that the card counts and digests.
    """
    repeated = [name for name, times in Counter(clip.id for clip in clips).items() if times > 1]
    if repeated:
        message = f"{task.name} lists {repeated[0]!r} more than once"
        raise DataError(message)
    for clip in clips:
        wrong = wrong_name(clip) or wrong_times(clip) or wrong_label(task, clip)
        if wrong is not None:
            message = f"{task.name}: {wrong}"
            raise DataError(message)
    reason = unusable(task, clips)
    if reason is not None:
        message = f"{task.name}{reason}"
        raise DataError(message)
    found = count(clips)
    if found != dict(task.counts):
        message = (
            f"{task.name} expects {_spell(task.counts)} clips, "
            f"{place} holds {_spell(found)}. {task.data.how_to_get}"
        )
        raise DataError(message)
    if task.digest is not None and digest_of(clips) != task.digest:
        message = (
            f"{task.name}: ids, labels or splits in {place} differ from those on the card "
            f"(digest {digest_of(clips)[:12]}, expected {task.digest[:12]}). "
            f"{task.data.how_to_get}"
        )
        raise DataError(message)


def unusable(task: Task, clips: Sequence[Clip]) -> str | None:
    """Why no probe can be trained and scored on clips, as the end of a sentence that names them."""
    if len({clip.group for clip in clips if clip.split is Split.TEST}) == 1:
        return (
            ": all test clips are of one group; an interval needs two at least. "
            "Give the clips the groups that they belong to, or each its own id as group"
        )
    folds = _wrong_folds(task, clips)
    if folds is not None:
        return folds
    learnt, found = not task.folds and task.kind is not Kind.RETRIEVAL, count(clips)
    empty = [split for split in Split if learnt and not found[split]]
    if empty:
        return f" has no {empty[0]} clips; give each split some, or folds"
    if task.kind is Kind.MULTILABEL and not _differs(clips):
        return ": no tag has test clips with it and others without it, so that none is scored"
    alone = _only_class(task, clips)
    if alone is not None:
        return f": all {alone[0]} clips are {alone[1]!r}; a probe needs two classes"
    return None


def _wrong_folds(task: Task, clips: Sequence[Clip]) -> str | None:
    if task.folds and task.kind is Kind.RETRIEVAL:
        return f" has {task.folds} folds, and retrieval learns nothing: give its card none"
    folds = {clip.fold for clip in clips}
    if folds != set(range(1, task.folds + 1) if task.folds else [0]):
        return f" has {task.folds} folds by its card, its clips are in {sorted(folds)}"
    return None


def _only_class(task: Task, listed: Sequence[Clip]) -> tuple[Split, str] | None:
    """A split to train or test on whose clips are all of one class, and which."""
    if task.kind not in {Kind.MULTICLASS, Kind.KEY}:
        return None
    for split in (Split.TRAIN, Split.TEST):
        classes = {clip.label for clip in listed if clip.split is split}
        if len(classes) == 1:
            return split, task.labels[int(str(classes.pop()))]
    return None


def _differs(listed: Sequence[Clip]) -> bool:
    """Whether a tag is known to be there in one test clip and not in another."""
    labels = [_numbers(clip.label) for clip in listed if clip.split is Split.TEST]
    return any({0, 1} <= {*tags} for tags in zip(*labels, strict=True))


def wrong_name(clip: Clip) -> str | None:
    """What is wrong with the names that a record would spell, if anything is."""
    strange = next((name for name in (clip.id, clip.group) if not is_text(name)), None)
    return None if strange is None else f"the name {strange!a} is no UTF-8; rename the file"


def wrong_times(clip: Clip) -> str | None:
    """What is wrong with a clip's beginning or length, if anything is."""
    if not 0 <= clip.start < math.inf:
        return f"{clip.id} starts at {clip.start} s, expected 0 or later"
    if clip.seconds is not None and not 0 < clip.seconds < math.inf:
        return f"{clip.id} is {clip.seconds} s long, expected more than 0, or None for the rest"
    return None


def wrong_label(task: Task, clip: Clip) -> str | None:
    """What is wrong with a clip's label, if anything is."""
    outputs, label, numbers = len(task.labels), clip.label, _numbers(clip.label)
    if task.kind in {Kind.MULTICLASS, Kind.KEY}:
        kept = type(label) is int and 0 <= label < outputs
        expected = f"an int from 0 to {outputs - 1}"
    elif task.kind is Kind.FRAMES:
        end = _length(clip)
        kept = _are_events(numbers, end)
        expected = f"a tuple of ascending times from 0 to {end:g} s, one at least"
    elif task.kind is Kind.RETRIEVAL:
        kept = isinstance(label, tuple) and bool(label) and all(map(_is_text, label))
        expected = "a tuple of captions, one at least, none of them empty"
    elif len(numbers) != outputs:
        kept, expected = False, f"a tuple of {outputs} numbers"
    elif task.kind is Kind.MULTILABEL:
        kept = all(tag in {0, 1} or math.isnan(tag) for tag in {*numbers})
        expected = "0, 1 or NaN for each tag"
    else:
        kept = all(map(math.isfinite, numbers))
        expected = "finite numbers"
    if kept:
        return None
    said = f"{reprlib.repr(label)} ({type(label).__name__})"
    return f"{clip.id} has the label {said}, expected {expected}"


def _numbers(label: Label) -> tuple[float, ...]:
    """Those of a label that is a tuple, if it holds nothing else; else none."""
    if not isinstance(label, tuple):
        return ()
    if any(issubclass(kind, str) for kind in {*map(type, label)}):
        return ()
    return cast("tuple[float, ...]", label)


def _is_text(caption: object) -> bool:
    return isinstance(caption, str) and bool(caption.strip())


def _are_events(times: tuple[float, ...], end: float) -> bool:
    """Whether these are times of at least one event, in order and before the end."""
    ascend = all(one < other for one, other in pairwise(times))
    return bool(times) and ascend and times[0] >= 0 and times[-1] < end


def _length(clip: Clip) -> float:
    """How long a clip is [s]; infinite where a bad file, which is told later, cannot say."""
    if clip.seconds is not None:
        return clip.seconds
    try:
        return audio.seconds(clip.path) - clip.start
    except BadAudioError:
        return math.inf


def count(listed: Sequence[Clip]) -> dict[Split, int]:
    """Clips a split."""
    found = Counter(clip.split for clip in listed)
    return {split: found[split] for split in Split}


def _spell(counts: Mapping[Split, int]) -> str:
    return " / ".join(f"{counts[split]:,} {split}" for split in Split)
