"""What a door of tasks is asked for: a path, and options after a question mark."""

import difflib
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from tasks import DoorError, Kind

KINDS = (Kind.MULTICLASS, Kind.MULTILABEL, Kind.REGRESSION, Kind.KEY)
"""What can be read from one cell a clip; events cannot."""

PACKED = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
"""Of archives, which are not opened."""

LONGEST = 120
"""Letters of a task's name, which is a folder on a board."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A path with options, e.g. `my.csv?label=genre&seed=1`.

    Attributes:
        prefix: of the door.
        path: a file or folder.
        options: by name.
    """

    prefix: str
    path: Path
    options: Mapping[str, str]

    @property
    def name(self) -> str:
        """Of the task: that of the path and the options, or the one that was asked for."""
        if "name" in self.options:
            return f"{self.prefix}/{_shortened(_slug(self.options['name']))}"
        said = [_slug(self.path.stem if self.path.is_file() else self.path.name)]
        said += [f"{key}-{_slug(value)}" for key, value in sorted(self.options.items())]
        return f"{self.prefix}/{_shortened('.'.join(said))}"

    @property
    def kind(self) -> Kind | None:
        """That was asked for; None if it is to be inferred.

        Raises:
            DoorError: there is no such kind of label, or not one that a cell can hold.
        """
        asked = self.options.get("kind")
        if asked is not None and asked not in {*KINDS}:
            message = f"kind is {asked!r}, expected one of {', '.join(KINDS)}"
            raise DoorError(message)
        return None if asked is None else Kind(asked)

    @property
    def seed(self) -> int:
        """Of the split, where one is drawn.

        Raises:
            DoorError: it is no whole number.
        """
        asked = self.options.get("seed", "0")
        if not asked.isdecimal():
            message = f"seed is {asked!r}, expected a whole number"
            raise DoorError(message)
        return int(asked)


def _slug(text: str) -> str:
    """The text as part of a name; with a digest where that says less than the text."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    whole = re.sub(r"[-_ ]", "-", text.lower()) == slug
    return slug if whole else f"{slug}-{_digest(text)[:4]}".strip("-")


def _shortened(name: str) -> str:
    """A name that a folder can have; a digest stands for what it leaves out."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 9]}-{_digest(name)[:8]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def is_text(name: str) -> bool:
    """Whether a name can be written as UTF-8; a file's may hold any bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def exists(path: str) -> bool:
    """Whether there is such a file or folder; no file has a name of any length."""
    return os.path.exists(path)  # noqa: PTH110 — Path.exists raises where the name is too long


def parse(prefix: str, rest: str, known: Sequence[str]) -> Asked:
    """Read what stands after the colon.

    Args:
        prefix: of the door.
        rest: a path, perhaps with `?option=value&option=value` (percent signs as in an address).
        known: the options there are.

    Raises:
        DoorError: there is no such path or option, or it is an archive.
    """
    if not is_text(rest):
        message = f"the path {rest!a} is no UTF-8; rename it"
        raise DoorError(message)
    path, _, query = (rest, "", "") if exists(rest) else rest.partition("?")
    options = {}
    for part in filter(None, query.split("&")):
        key, given, value = part.partition("=")
        if key not in known or not given:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}=?" if near else f"known: {', '.join(known)}"
            message = f"there is no option {part!r}; {hint}"
            raise DoorError(message)
        if key in options:
            message = f"{key} is asked for twice, expected once"
            raise DoorError(message)
        options[key] = unquote(value)
    if not path or not exists(path):
        message = f"there is nothing at {path or 'an empty path'}"
        raise DoorError(message)
    if Path(path).is_file() and Path(path).suffix.lower() in PACKED:
        message = f"{path} is an archive, which is not read here; unpack it and name its folder"
        raise DoorError(message)
    return Asked(prefix, Path(path), options)
