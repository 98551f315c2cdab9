"""Lists of items: JSON, JSON lines or CSV beside audio files, or WebDataset tar shards."""

import csv
import io
import json
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bench.errors import UserError

SUFFIXES = (".jsonl", ".json", ".csv")
AUDIO = frozenset({"wav", "flac", "mp3", "ogg", "opus", "aiff", "au"})
SPLITS = ("train", "validation")
NO_NUMBERS = {"nan", "inf", "-inf"}


class CorpusError(UserError):
    """A corpus that cannot be trained on."""


@dataclass(frozen=True, slots=True)
class Item:
    """One clip and what is said of it.

    Attributes:
        id: unique.
        file: the audio, or the tar that it lies in.
        caption: empty if there is none.
        tags: None if they are not known.
        split: one of `SPLITS`, or empty where the corpus does not say.
        offset: where the audio begins in the tar; None for a file of its own.
        size: of the audio in the tar [bytes].
    """

    id: str
    file: Path
    caption: str = ""
    tags: tuple[str, ...] | None = None
    split: str = ""
    offset: int | None = None
    size: int = 0


def read(source: Path) -> list[Item]:
    """The items of a folder, a manifest, or a tar, in its order.

    A folder holds tars, or one manifest. A manifest's rows have `audio_id`, `audio_path` (relative
    to it, or absolute), `caption`, and perhaps `tags` (a list; separated by `;` in CSV) and
    `split`. In a tar, files of one name up to the first dot are an item: audio, `.txt` with the
    caption, `.json` with `caption` and `tags`.

    Raises:
        CorpusError: nothing is there, a row cannot be read, ids collide, or audio is missing.
    """
    if source.is_dir():
        tars = sorted(source.glob("*.tar"))
        items = _of_tars(tars) if tars else _of_manifest(_only_manifest(source))
    elif source.suffix == ".tar" and source.is_file():
        items = _of_tars([source])
    elif source.is_file():
        items = _of_manifest(source)
    else:
        message = f"the corpus {source} does not exist; corpus.source is a folder or a manifest"
        raise CorpusError(message)
    _refuse_collisions(source, items)
    _refuse_missing(source, items)
    return items


def _only_manifest(folder: Path) -> Path:
    found = sorted(p for p in folder.iterdir() if p.suffix in SUFFIXES)
    if len(found) == 1:
        return found[0]
    names = ", ".join(path.name for path in found) or "none"
    message = (
        f"{folder} needs one manifest ({', '.join(SUFFIXES)}) or .tar shards; it has {names}. "
        "Name the manifest itself as corpus.source"
    )
    raise CorpusError(message)


def _of_manifest(path: Path) -> list[Item]:
    rows = _rows(path, _decoded(path.read_bytes(), str(path)))
    return [_item(row, path, number) for number, row in enumerate(rows, 1)]


def _decoded(content: bytes, where: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        message = f"{where} is not UTF-8: line {line}, byte {error.start}. Save it as UTF-8"
        raise CorpusError(message) from error


def _rows(path: Path, text: str) -> list[object]:
    """The rows of a manifest by its suffix."""
    if path.suffix == ".csv":
        return _table(path, text)
    if path.suffix not in SUFFIXES:
        message = f"{path} is no manifest; one ends in {', '.join(SUFFIXES)}"
        raise CorpusError(message)
    lines = text.split("\n") if path.suffix == ".jsonl" else [text]
    found: list[object] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            value = _json(line, f"{path}, line {number}" if len(lines) > 1 else str(path))
            found += value if isinstance(value, list) else [value]
    return found


def _table(path: Path, text: str) -> list[object]:
    """Rows of CSV, every one as wide as the first; the first column may have no name."""
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    before = csv.field_size_limit(len(text) + 1)
    try:
        names = rows.fieldnames or ()
        if len({*names}) < len(names) or not all(names[1:]):
            message = f"{path}: every column has a name of its own, got {', '.join(names)}"
            raise CorpusError(message)
        found: list[object] = []
        for row in rows:
            if None in row or None in row.values():
                message = (
                    f"{path}, line {rows.line_num}: the row has another number of cells than the "
                    "first line. Put a caption that has commas between quotes"
                )
                raise CorpusError(message)
            found.append(dict(row))
    except csv.Error as error:
        message = f"{path} is no CSV, in the row after line {rows.line_num}: {error}"
        raise CorpusError(message) from error
    finally:
        csv.field_size_limit(before)
    return found


def _json(text: str, where: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"{where} is no JSON: {error}"
        raise CorpusError(message) from error


def _item(row: object, path: Path, number: int) -> Item:
    needed = ("audio_id", "audio_path")
    where = f"{path}, row {number}"
    if not isinstance(row, dict) or any(row.get(key) in (None, "") for key in needed):
        message = f"{where}: an item has audio_id, audio_path and caption; got {row!r}"
        raise CorpusError(message[:300])
    return Item(
        id=_word(row["audio_id"], "audio_id", where),
        file=path.parent / _word(row["audio_path"], "audio_path", where),
        caption=_word(row.get("caption"), "caption", where).strip(),
        tags=_tags(row.get("tags"), where),
        split=_split(row.get("split"), where),
    )


def _word(value: object, name: str, where: str) -> str:
    """A text or a number, as a text that can be written as UTF-8; empty for none."""
    if value is None:
        return ""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not isinstance(value, str) and not (is_number and str(value) not in NO_NUMBERS):
        message = f"{where}: {name} is a text, got {value!r}"
        raise CorpusError(message[:300])
    text = str(value)
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        message = f"{where}: {name} is {value!r}, which is no text in UTF-8"
        raise CorpusError(message[:300])
    return text


def _split(value: object, where: str) -> str:
    """One of `SPLITS`, by any of its names; empty where it is not said."""
    name = _word(value, "split", where)
    split = "validation" if name in {"valid", "val", "dev"} else name
    if split not in {"", *SPLITS}:
        message = f"{where}: split is {split!r}, expected {' or '.join(SPLITS)}"
        raise CorpusError(message)
    return split


def _tags(value: object, where: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    parts = value.split(";") if isinstance(value, str) else value
    if not isinstance(parts, list) or None in parts:
        message = f"{where}: tags are a list of words, or separated by `;`; got {value!r}"
        raise CorpusError(message[:300])
    words = (_word(part, "a tag", where).strip() for part in parts)
    return tuple(word for word in words if word)


def _of_tars(paths: Iterable[Path]) -> list[Item]:
    return [item for path in paths for item in _of_tar(path)]


def _of_tar(path: Path) -> Iterator[Item]:
    """The items of one shard; only headers and captions are read."""
    try:
        with tarfile.open(path, "r:") as tar:
            groups: dict[str, dict[str, tarfile.TarInfo]] = {}
            for info in tar:
                if info.isfile():
                    place = PurePosixPath(info.name)
                    stem, _, suffix = place.name.partition(".")
                    parts = groups.setdefault(str(place.parent / stem), {})
                    if parts.setdefault(suffix.lower(), info) is not info:
                        message = f"{path}: {info.name} lies in it twice; ids are unique"
                        raise CorpusError(message)
            for key, parts in groups.items():
                yield _sample(tar, path, key, parts)
    except (tarfile.TarError, EOFError) as error:
        message = f"{path} is no whole, uncompressed tar: {error}"
        raise CorpusError(message) from error


def _sample(
    tar: tarfile.TarFile, path: Path, key: str, parts: Mapping[str, tarfile.TarInfo]
) -> Item:
    audio = [info for suffix, info in parts.items() if suffix in AUDIO]
    if len(audio) != 1:
        message = f"{path}: {key} has {len(audio)} audio files, expected one of {sorted(AUDIO)}"
        raise CorpusError(message)
    where = f"{path}: {key}.json"
    facts = _json(_text(tar, path, parts["json"]), where) if "json" in parts else {}
    if not isinstance(facts, dict):
        message = f"{where} is an object with caption and tags, got {facts!r}"
        raise CorpusError(message[:300])
    told = _word(facts.get("caption"), "caption", where)
    return Item(
        id=key,
        file=path,
        caption=(_text(tar, path, parts["txt"]) if "txt" in parts else told).strip(),
        tags=_tags(facts.get("tags"), where),
        split=_split(facts.get("split"), where),
        offset=audio[0].offset_data,
        size=audio[0].size,
    )


def _text(tar: tarfile.TarFile, path: Path, info: tarfile.TarInfo) -> str:
    member = tar.extractfile(info)
    return _decoded(member.read() if member else b"", f"{path}: {info.name}")


def _refuse_collisions(source: Path, items: Iterable[Item]) -> None:
    counts = Counter(item.id for item in items)
    double = [name for name, times in counts.items() if times > 1]
    if double:
        message = f"{source}: {len(double)} ids are given to several items, the first {double[0]!r}"
        raise CorpusError(message)


def _refuse_missing(source: Path, items: list[Item]) -> None:
    missing = [item for item in items if item.offset is None and not item.file.is_file()]
    if missing:
        message = (
            f"{source}: {len(missing)} of {len(items)} audio files are missing, the first "
            f"{missing[0].file} of {missing[0].id!r}. Place them, or take their rows out"
        )
        raise CorpusError(message)
