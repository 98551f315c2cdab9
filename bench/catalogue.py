"""Cards of one type by name, and the doors that make cards of what they are asked for."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import backbones
import tasks
from backbones import Backbone
from bench.errors import UserError, did_you_mean
from tasks import Split, Task

CardT = TypeVar("CardT", Backbone, Task)
CardT_co = TypeVar("CardT_co", Backbone, Task, covariant=True)


class Door(Protocol[CardT_co]):
    """A door of either package."""

    @property
    def prefix(self) -> str:
        """What its references begin with."""

    @property
    def summary(self) -> str:
        """One line for a table."""

    @property
    def example(self) -> str:
        """A whole reference."""

    @property
    def open(self) -> Callable[[str], CardT_co]:
        """Makes a card of what stands after the colon."""


NAME = re.compile(r"[a-z0-9][\w.+-]*", re.ASCII)
"""A name of a backbone or data set, or a part of a task's; it is also that of a file or folder."""


class UnknownNameError(UserError):
    """No plug-in has that name.

    Args:
        name: that was asked for.
        noun: what it was to name.
        known: the names there are.
        otherwise: what to do where no name is near; empty for the names themselves.
    """

    def __init__(self, name: str, noun: str, known: Sequence[str], otherwise: str = "") -> None:
        hint = did_you_mean(name, known) or otherwise or f"Known: {', '.join(known)}."
        super().__init__(f"no {noun} is named {name!r}. {hint}")


class UnknownCardError(UnknownNameError):
    """No card has that name; there are too many to name."""

    def __init__(self, name: str, noun: str, known: Sequence[str], listed: str) -> None:
        there_are = f"`{listed}` shows the {len(known):,} there are"
        super().__init__(name, noun, known, f"{there_are}; one of your own needs --include FILE.")


class DuplicateNameError(UserError):
    """Two plug-ins have one name."""

    def __init__(self, noun: str, name: str, first: Path | str, second: Path | str) -> None:
        how = "Give one another name with ?name=" if isinstance(second, str) else "Rename one"
        super().__init__(f"two {noun}s are named {name!r}: {first} and {second}. {how}.")


class PluginError(UserError):
    """A plug-in cannot be loaded."""


@dataclass(frozen=True, slots=True)
class Entry(Generic[CardT]):
    """A card, the file that defines it, and what a door was asked for to make it, if one was."""

    card: CardT
    file: Path
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue(Generic[CardT]):
    """Cards of one type by name.

    Attributes:
        type: Backbone or Task.
        entries: by name.
        aliases: other name → name.
        doors: prefix → the door, and the file that defines it.
        opened: what was asked of a door → name of the card that came.
    """

    type: type[CardT]
    entries: dict[str, Entry[CardT]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    doors: dict[str, tuple[Door[CardT], Path]] = field(default_factory=dict)
    opened: dict[str, str] = field(default_factory=dict)

    @property
    def noun(self) -> str:
        """What a card is called in a message."""
        return self.type.__name__.lower()

    def add(self, card: CardT, file: Path, reference: str = "") -> None:
        """Enter a card; the same card met again, imported elsewhere, is no duplicate.

        Raises:
            DuplicateNameError: another card has its name or alias.
        """
        for name in (card.name, *getattr(card, "aliases", ())):
            taken = self.entries.get(self.aliases.get(name, name))
            if taken is not None and taken.card is card:
                return
            if taken is not None:
                first = taken.reference or taken.file
                raise DuplicateNameError(self.noun, name, first, reference or file)
        self.entries[card.name] = Entry(card, file, reference)
        self.aliases.update(dict.fromkeys(getattr(card, "aliases", ()), card.name))

    def add_door(self, door: Door[CardT], file: Path) -> None:
        """Enter a door; the same one met again, imported elsewhere, is no duplicate.

        Raises:
            DuplicateNameError: another door has its prefix.
        """
        taken, other = self.doors.setdefault(door.prefix, (door, file))
        if taken is not door:
            noun = "door"
            raise DuplicateNameError(noun, door.prefix, other, file)

    def __iter__(self) -> Iterator[Entry[CardT]]:
        return iter(sorted(self.entries.values(), key=lambda entry: entry.card.name))

    def open(self, reference: str) -> str:
        """Enter the card that `prefix:rest` names, if there is such a door.

        Returns:
            The name of the card; of anything else, what was given.

        Raises:
            PluginError: the door cannot be opened with that.
        """
        prefix, _, rest = reference.partition(":")
        if prefix not in self.doors:
            return reference
        whole = f"{prefix}:{_absolute(rest)}"
        if whole not in self.opened:
            door, file = self.doors[prefix]
            try:
                card = door.open(_absolute(rest))
            except (backbones.DoorError, tasks.DoorError) as error:
                message = f"{reference}: {error}"
                raise PluginError(message) from error
            except (Exception, SystemExit) as error:
                said = " ".join(str(error).split())[:300]
                message = f"{reference} cannot be opened: {type(error).__name__}: {said}"
                raise PluginError(message) from error
            refuse_wrong(card, file)
            self.add(card, file, whole)
            self.opened[whole] = card.name
        return self.opened[whole]

    def __getitem__(self, name: str) -> Entry[CardT]:
        asked = self.open(name)
        try:
            return self.entries[self.aliases.get(asked, asked)]
        except KeyError:
            prefix, colon, _ = name.partition(":")
            if colon:
                what = f"door to a {self.noun}"
                raise UnknownNameError(prefix, what, sorted(self.doors)) from None
            listed = f"bench list {self.noun}s"
            raise UnknownCardError(name, self.noun, sorted(self.entries), listed) from None

    def matching(self, patterns: Sequence[str]) -> list[Entry[CardT]]:
        """Entries named by the patterns (`tunes/*`), in their order, each once.

        Presets (`tunes/type@tiny`) are matched only by a pattern that has an @ too.

        Raises:
            UnknownNameError: a pattern matches nothing.
        """
        found: dict[str, Entry[CardT]] = {}
        for pattern in patterns:
            hits = [
                entry
                for entry in self
                if fnmatchcase(entry.card.name, pattern)
                and ("@" in entry.card.name) == ("@" in pattern)
            ]
            found.update({e.card.name: e for e in hits or [self[pattern]]})
        return list(found.values())


def _absolute(rest: str) -> str:
    """What is asked of a door; a path in it does not depend on the working directory."""
    if _exists(rest):
        return str(Path(rest).expanduser().resolve())
    name, mark, options = rest.partition("?")
    before, colon, last = ("", "", name) if _exists(name) else name.rpartition(":")
    if not _exists(last):
        return rest
    return f"{before}{colon}{Path(last).expanduser().resolve()}{mark}{options}"


def _exists(name: str) -> bool:
    """No file has a name of any length, nor anybody a home, for which `Path` raises."""
    return bool(name) and os.path.exists(os.path.expanduser(name))  # noqa: PTH110, PTH111


def refuse_wrong(card: Backbone | Task, file: Path) -> None:
    """Refuse a card that no command could use.

    Raises:
        PluginError: it has no usable name, or lacks what every command needs.
    """
    wrong = _wrong_with(card)
    if wrong is not None:
        message = f"{file}: {type(card).__name__.lower()} {card.name!r} {wrong}"
        raise PluginError(message)


def _wrong_with(card: Backbone | Task) -> str | None:
    """Why a card cannot be used by any command, whatever it describes; None if it can."""
    if isinstance(card, Backbone):
        return None if _is_name(card.name) else "needs a name such as my-model-v1.5"
    if not all(_is_name(part) for part in re.split("[/@]", card.name)):
        return "needs a name such as my-data/genre"
    if not _is_name(card.data.name):
        return f"needs a name for its data set such as my-data; it has {card.data.name!r}"
    if not card.metrics or not card.labels:
        return "needs a metric and a label at least"
    if set(card.counts) != set(Split):
        return f"needs counts for {', '.join(Split)}; it has {', '.join(map(str, card.counts))}"
    return None


def _is_name(text: str) -> bool:
    return NAME.fullmatch(text) is not None
