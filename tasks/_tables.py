"""Tables that data sets come with."""

import csv
import hashlib
import json
import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
Pairs = Sequence[tuple[str, object]]


class LayoutError(ValueError):
    """A file of a data set is not what its authors publish."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say of which file it is that it cannot be read.

    Raises:
        LayoutError: it is damaged, or no text in UTF-8.
    """
    try:
        yield
    except (UnicodeDecodeError, json.JSONDecodeError, csv.Error) as error:
        message = f"{path} cannot be read ({error}): is it whole, and in UTF-8?"
        raise LayoutError(message) from error


def text(path: Path) -> str:
    """A text in UTF-8.

    Raises:
        LayoutError: it is none.
    """
    with reading(path):
        return path.read_text(encoding="utf-8-sig")


def document(path: Path, pairs_hook: Callable[[Pairs], object] | None = None) -> object:
    """What a file of JSON holds.

    Args:
        path: the file.
        pairs_hook: what becomes of an object.

    Raises:
        LayoutError: it is damaged.
    """
    with reading(path):
        return json.loads(path.read_bytes(), object_pairs_hook=pairs_hook)


def rows(path: Path, columns: Iterable[str], delimiter: str = ",") -> list[Mapping[str, str]]:
    """Some columns of a table with a header, in UTF-8, a row as column → text without outer spaces.

    Args:
        path: the file.
        columns: that are wanted.
        delimiter: between them.

    Raises:
        LayoutError: a column is missing, a row is shorter than the header, or it cannot be read.
    """
    wanted = tuple(columns)
    with reading(path), path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter=delimiter, skipinitialspace=True)
        names = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = names
        missing = [column for column in wanted if column not in names]
        if missing:
            message = f"{path} has no column {missing[0]!r}, its columns are {', '.join(names[:8])}"
            raise LayoutError(message)
        return [_stripped(path, number, row, wanted) for number, row in enumerate(reader, 2)]


def lines(path: Path) -> list[str]:
    """The lines of a list that are not empty, without outer spaces.

    Raises:
        LayoutError: it is no text in UTF-8.
    """
    return [line.strip() for line in text(path).split("\n") if line.strip()]


def row(name: str, known: Mapping[str, T], where: Path) -> T:
    """What a table has for a name.

    Raises:
        LayoutError: nothing, so that it may be cut off.
    """
    if name not in known:
        message = f"{where} has no row for {name!r}: is it whole?"
        raise LayoutError(message)
    return known[name]


def index(name: str, classes: Sequence[str], where: Path) -> int:
    """The place of a class.

    Raises:
        LayoutError: there is no such class.
    """
    try:
        return classes.index(name)
    except ValueError:
        message = f"{where} names the class {name!r}, expected one of {', '.join(classes[:12])}"
        raise LayoutError(message) from None


def number(text: str, where: Path) -> float:
    """A number.

    Raises:
        LayoutError: it is none.
    """
    try:
        return float(text)
    except ValueError:
        message = f"{where} says {text!r}, expected a number"
        raise LayoutError(message) from None


def numbers(texts: Sequence[str], where: Path) -> tuple[float, ...]:
    """Numbers, fast where there are many.

    Raises:
        LayoutError: one is none.
    """
    try:
        return tuple(map(float, texts))
    except ValueError:
        return tuple(number(text, where) for text in texts)


def flag(text: str, where: Path) -> bool:
    """`True` or `False`.

    Raises:
        LayoutError: it is neither.
    """
    if text not in {"True", "False"}:
        message = f"{where} says {text!r}, expected True or False"
        raise LayoutError(message)
    return text == "True"


def plain(name: str) -> str:
    """A name as small letters and digits of ASCII alone; as it is where it has none.

    Others depend on how an archive was unpacked, or a table was saved.
    """
    composed = unicodedata.normalize("NFC", name.lower())
    return "".join(letter for letter in composed if letter.isascii() and letter.isalnum()) or name


def beats(file: Path) -> tuple[float, ...]:
    """Times [s], the first word of each line.

    Raises:
        LayoutError: one is no number.
    """
    return tuple(number(line.split()[0], file) for line in lines(file))


def log_tempo(file: Path) -> tuple[float]:
    """Base-2 logarithm of the beats a minute that a file says.

    Raises:
        LayoutError: it says no number above 0.
    """
    tempo = number(" ".join(lines(file)), file)
    if tempo <= 0:
        message = f"{file} says {tempo:g} beats a minute, expected more than 0"
        raise LayoutError(message)
    return (math.log2(tempo),)


def lot(name: str, of: int) -> int:
    """A number from 0 to `of` - 1 that a name draws, the same everywhere: sha1 modulo `of`."""
    digest = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
    return int(digest, 16) % of


def share(groups: Iterable[str], percent: int) -> set[str]:
    """Whole groups that hold a share of the clips, or a little less.

    They come in the order of their sha1, and those that still fit are taken: small ones fill it up.

    Args:
        groups: of the clips, one a clip.
        percent: of the clips.
    """
    sizes, kept = Counter(groups), set[str]()
    left = sizes.total() * percent // 100
    for group in sorted(sizes, key=lambda name: lot(name, 2**64)):
        if sizes[group] <= left:
            kept.add(group)
            left -= sizes[group]
    return kept


def pin(name: str, checksum: str, address: str) -> str:
    """The package URL of a published list.

    Args:
        name: of what is fetched.
        checksum: sha256.
        address: that it is fetched from.
    """
    return f"pkg:generic/{name}?checksum=sha256:{checksum}&download_url={address}"


def _stripped(
    path: Path, line: int, row: Mapping[str, str | None], wanted: Sequence[str]
) -> Mapping[str, str]:
    if None in row.values():
        short = next(name for name, value in row.items() if value is None)
        message = f"{path}, line {line}, ends before column {short!r}"
        raise LayoutError(message)
    return {name: (row[name] or "").strip() for name in wanted}
