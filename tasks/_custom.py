"""A task of anybody's audio: kind, labels and splits are inferred, and said on its card."""

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks import Clip, DataSet, DoorError, Kind, Split, Task, _labels, _splits, digest_of
from tasks._asked import Asked, is_text
from tasks._labels import Labelled
from tasks._splits import Placed

SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("wav", "flac", "mp3", "ogg", "opus", "aif", "aiff", "aifc", "au", "caf", "w64"),
        *("oga", "spx", "mp2", "mpga", "rf64", "snd", "voc", "wv"),
        *("m4a", "m4b", "aac", "wma", "mp4", "webm", "mka", "3gp", "ac3", "amr", "ape"),
    )
)
"""Of audio files."""

HIDDEN = (".", "__MACOSX")
"""How names begin of what an operating system or an archive program left."""

DEEPEST = 30
"""Folders are not looked into further than this."""


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
    asked: Asked,
    items: Sequence[Item],
    columns: Sequence[str],
    grouped_by: str,
    *,
    kind: Kind | None,
    tags: bool,
    unsplit: str,
    left_out: str = "",
) -> Task:
    """The card of a task.

    Args:
        asked: where the audio lies, and what is not to be inferred.
        items: the clips.
        columns: names of what `cells` hold.
        grouped_by: what `group` is.
        kind: None to infer it.
        tags: whether cells are lists of tags.
        unsplit: what to do where a split is given and another is missing.
        left_out: what files of the folder are no clips; empty if all are.

    Raises:
        DoorError: there are too few clips, or labels or splits are none.
    """
    if not items:
        message = f"{asked.path} holds no audio that is labelled"
        raise DoorError(message)
    strange = next((item.id for item in items if not is_text(item.id + item.group)), None)
    if strange is not None:
        message = f"the name {strange!a} is no UTF-8; rename the file"
        raise DoorError(message)
    cells = [item.cells for item in items]
    labelled = _labels.of(columns, cells, [item.id for item in items], kind, tags=tags)
    placed = _place(asked, items, labelled, unsplit)
    clips = _clips(items, labelled, placed)
    counts = Counter(clip.split for clip in clips)
    return Task(
        name=asked.name,
        summary=f"{labelled.kind} of {len(clips):,} clips in {asked.path.name}{left_out}",
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


def audio_below(folder: Path) -> tuple[list[Path], list[Path]]:
    """Audio files, and all others, in order; links are followed, hidden files passed over.

    Raises:
        DoorError: links lead in a circle or to nothing, or a folder cannot be read.
    """
    files = list[Path]()
    for place, folders, names in os.walk(folder, followlinks=True, onerror=_refuse):
        if len(Path(place).relative_to(folder).parts) > DEEPEST:
            message = f"{place} is more than {DEEPEST} folders deep; do links lead in a circle?"
            raise DoorError(message)
        folders[:] = [name for name in folders if not name.startswith(HIDDEN)]
        files += [Path(place, name) for name in names if not name.startswith(HIDDEN)]
    audio = [path for path in files if path.suffix.lower() in SUFFIXES]
    others = sorted({*files} - {*audio})
    lost = next((path for path in others if not path.exists()), None)
    if lost is not None:
        message = f"{lost} is a link that leads to nothing; mend or remove it"
        raise DoorError(message)
    return sorted(audio), others


def _refuse(error: OSError) -> None:
    message = f"{error.filename} cannot be read: {error.strerror}"
    raise DoorError(message) from error


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


def _place(asked: Asked, items: Sequence[Item], labelled: Labelled, unsplit: str) -> Placed:
    groups = [item.group for item in items]
    if any(item.fold for item in items) and any(item.split for item in items):
        message = "both folds and splits are given; leave one out with fold= or split="
        raise DoorError(message)
    for name, given in (("fold", [i.fold for i in items]), ("split", [i.split for i in items])):
        if any(given) and not all(given):
            message = f"{items[given.index('')].id} has no {name}, others have"
            raise DoorError(message)
    if items[0].fold:
        return _splits.by_fold([item.fold for item in items])
    if items[0].split:
        seed = asked.seed
        splits = _splits.named([item.split for item in items], unsplit)
        return _splits.by_name(splits, groups, labelled, seed)
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
