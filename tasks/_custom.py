"""A task of anybody's audio: kind, labels and splits are inferred, and said on its card."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks import Clip, DataSet, DoorError, Split, Task, _labels, _splits, digest_of
from tasks._asked import Asked
from tasks._labels import Labelled
from tasks._splits import Placed

SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("wav", "flac", "mp3", "ogg", "opus", "aif", "aiff", "aifc", "au", "caf", "w64"),
        *("m4a", "aac", "wma", "mp4", "webm"),
    )
)
"""Of audio files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A stretch of audio as its owner describes it.

    Attributes:
        id: a path, or another name.
        path: the file.
        cells: its tags, or one text a label column.
        split: as given; empty if not.
        fold: as given; empty if not.
        group: as given, or the file.
        start: where it begins in the file [s].
        seconds: how long it is; None for the rest.
    """

    id: str
    path: Path
    cells: tuple[str, ...]
    group: str
    split: str = ""
    fold: str = ""
    start: float = 0.0
    seconds: float | None = None


def task(
    asked: Asked, items: Sequence[Item], columns: Sequence[str], grouped_by: str, *, tags: bool
) -> Task:
    """The card of a task.

    Args:
        asked: where the audio lies, and what is not to be inferred.
        items: the clips.
        columns: names of what `cells` hold.
        grouped_by: what `group` is.
        tags: whether cells are lists of tags.

    Raises:
        DoorError: there are too few clips, or labels or splits are none.
    """
    if not items:
        message = f"{asked.path} holds no audio that is labelled"
        raise DoorError(message)
    labelled = _labels.of(columns, [item.cells for item in items], asked.kind, tags=tags)
    placed = _place(asked, items, labelled)
    clips = _clips(items, labelled, placed)
    counts = Counter(clip.split for clip in clips)
    return Task(
        name=asked.name,
        summary=f"{labelled.kind} of {len(clips):,} clips in {asked.path.name}",
        data=_data_set(asked),
        kind=labelled.kind,
        labels=labelled.names,
        metrics=_labels.METRICS[labelled.kind],
        clips=lambda _folder: clips,
        counts={split: counts[split] for split in Split},
        digest=digest_of(clips),
        folds=max(placed.folds),
        split_from=placed.said,
        grouped_by=grouped_by,
        crosses=_crosses(clips),
    )


def _data_set(asked: Asked) -> DataSet:
    folder = asked.path if asked.path.is_dir() else asked.path.parent
    return DataSet(
        name=asked.name.partition("/")[2],
        licence="its owner's",
        paper="none: data of your own",
        how_to_get=f"It is expected at {asked.path}.",
        recorded=True,
        place=folder,
    )


def _place(asked: Asked, items: Sequence[Item], labelled: Labelled) -> Placed:
    groups = [item.group for item in items]
    for name, given in (("fold", [i.fold for i in items]), ("split", [i.split for i in items])):
        if any(given) and not all(given):
            message = f"{items[given.index('')].id} has no {name}, others have"
            raise DoorError(message)
    if items[0].fold:
        return _splits.by_fold([item.fold for item in items])
    if items[0].split:
        return _splits.by_name([item.split for item in items], groups, labelled, asked.seed)
    return _splits.by_lot(groups, labelled, asked.seed)


def _clips(items: Sequence[Item], labelled: Labelled, placed: Placed) -> list[Clip]:
    return [
        Clip(
            id=item.id,
            split=placed.splits[index],
            path=item.path,
            label=labelled.labels[index],
            group=item.group,
            start=item.start,
            seconds=item.seconds,
            fold=placed.folds[index],
        )
        for index, item in enumerate(items)
    ]


def _crosses(clips: Sequence[Clip]) -> bool:
    """Whether a group is in several splits, or folds."""
    places: defaultdict[str, set[tuple[Split, int]]] = defaultdict(set)
    for clip in clips:
        places[clip.group].add((clip.split, clip.fold))
    return any(len(found) > 1 for found in places.values())
