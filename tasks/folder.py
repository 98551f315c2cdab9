"""`folder:<path>`: a class per sub-folder, splits as folders, or a Hugging Face `audiofolder`."""

import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from tasks import Door, DoorError, Kind, Task, _custom, _rows, _table
from tasks._asked import Asked, parse
from tasks._custom import SUFFIXES, Item
from tasks._splits import NAMES

OPTIONS = ("name", "group", "seed")


def open_folder(rest: str) -> Task:
    """The task of a folder.

    Args:
        rest: `<path>`, or `<path>?group=<regular expression>&seed=<number>&name=<name>`; what the
            expression captures in a file's name is its group.

    Raises:
        DoorError: there is no such folder, or it is not laid out as a data set.
    """
    path = rest.partition("?")[0]
    tables = _tables(Path(path)) if os.path.isdir(path) else []  # noqa: PTH112 — Path raises where the name is long
    asked = parse("folder", rest, _table.OPTIONS if tables else OPTIONS)
    if not asked.path.is_dir():
        message = f"{asked.path} is no folder; a table is opened with csv:{asked.path}"
        raise DoorError(message)
    if tables:
        return _table.task(asked, tables)
    items, left_out = _items(asked)
    if len({item.cells for item in items}) < 2:  # noqa: PLR2004 — a choice is between two
        message = f"{asked.path} needs two sub-folders of audio at least, one a class"
        raise DoorError(message)
    pattern = asked.options.get("group")
    grouped_by = f"what {pattern} finds in file names" if pattern else "file"
    return _custom.task(
        asked,
        items,
        ["class"],
        grouped_by,
        kind=Kind.MULTICLASS,
        tags=False,
        unsplit="put its clips into a folder {}, or all classes side by side to draw splits",
        left_out=left_out,
    )


def _tables(folder: Path) -> list[Path]:
    """The metadata of an `audiofolder`: one file, or one a split."""
    names = [f"metadata{suffix}" for suffix in _rows.SUFFIXES]
    inside = sorted(folder.iterdir())
    splits = [each for each in inside if each.name.lower() in NAMES and each.is_dir()]
    found = [*inside, *(path for split in splits for path in sorted(split.iterdir()))]
    return [path for path in found if path.name.lower() in names and path.is_file()]


def _items(asked: Asked) -> tuple[list[Item], str]:
    """The clips, and what other files there are, as the end of a sentence."""
    files, others = _custom.audio_below(asked.path)
    parts = {path: path.relative_to(asked.path).parts for path in files}
    split = _are_splits({each[0] for each in parts.values()})
    loose = next((path for path in files if len(parts[path]) < (3 if split else 2)), None)
    if loose is not None:
        message = f"{loose} is in no class; put it into a sub-folder named as its class"
        raise DoorError(message)
    _expect_audio(asked.path, {each[:-1] for each in parts.values()}, others, 2 if split else 1)
    items = [
        Item(
            id="/".join(parts[path]),
            path=path,
            cells=(parts[path][1 if split else 0],),
            split=parts[path][0] if split else "",
            group=_group(asked, path),
        )
        for path in files
    ]
    return items, f"; {len(others):,} files are no audio, e.g. {others[0].name}" if others else ""


def _are_splits(folders: Collection[str]) -> bool:
    """Whether folders are those of splits.

    Raises:
        DoorError: two of them are, and others are not.
    """
    others = sorted(folder for folder in folders if folder.lower() not in NAMES)
    splits = {NAMES[folder.lower()] for folder in {*folders}.difference(others)}
    if others and len(splits) > 1:
        message = f"{others[0]} lies beside folders of splits and is none; move or rename it"
        raise DoorError(message)
    return bool(folders) and not others


def _expect_audio(
    folder: Path, heard: Collection[tuple[str, ...]], others: Sequence[Path], depth: int
) -> None:
    """Refuse a class that is empty, or whose files are none that is known as audio."""
    classes = {each[:depth] for each in heard}
    for place in _folders(folder, depth):
        if place.relative_to(folder).parts in classes:
            continue
        strange = next((path for path in others if place in path.parents), None)
        known = ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))
        why = (
            f"but {strange}; known: {known}" if strange else f"for {place} holds no file; remove it"
        )
        message = f"the class {place.name!r} has no audio file, {why}"
        raise DoorError(message)


def _folders(folder: Path, depth: int) -> list[Path]:
    """Those so deep below a folder, in order; hidden ones are passed over."""
    found = [folder]
    for _ in range(depth):
        inside = [path for each in found for path in sorted(each.iterdir()) if path.is_dir()]
        found = [path for path in inside if not path.name.startswith(_custom.HIDDEN)]
    return found


def _group(asked: Asked, path: Path) -> str:
    """What is captured in a file's name; the file itself where nothing is asked for."""
    pattern = asked.options.get("group")
    if pattern is None:
        return path.relative_to(asked.path).as_posix()
    try:
        found = re.search(pattern, path.stem)
    except re.error as error:
        message = f"group is {pattern!r}, which is no regular expression: {error}"
        raise DoorError(message) from error
    captured = found and (found[1] if found.groups() else found[0])
    if captured is None:
        message = f"group is {pattern!r}, which finds nothing in {path.stem!r}"
        raise DoorError(message)
    return captured


door = Door(
    prefix="folder",
    summary="audio of your own in a folder a class, or in folders a split",
    example="folder:my-clips",
    open=open_folder,
)
