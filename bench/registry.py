"""Finds cards: the built-in folders, entry points, checkpoints, and files that are named."""

import contextlib
import difflib
import importlib
import importlib.util
import os
import pkgutil
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Generic, TypeVar

import backbones
import tasks
from backbones import Backbone, pretrained
from bench.errors import UserError
from tasks import Split, Task

CardT = TypeVar("CardT", Backbone, Task)

NAME = re.compile(r"[a-z0-9][\w.+-]*", re.ASCII)
"""A name of a backbone or data set, or a part of a task's; it is also that of a file or folder."""


class UnknownNameError(UserError):
    """No plug-in has that name."""

    def __init__(self, name: str, noun: str, known: Sequence[str]) -> None:
        near = difflib.get_close_matches(name, known, n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
        super().__init__(f"no {noun} is named {name!r}. {hint}")


class DuplicateNameError(UserError):
    """Two plug-ins have one name."""

    def __init__(self, noun: str, name: str, first: Path, second: Path) -> None:
        super().__init__(f"two {noun}s are named {name!r}: {first} and {second}. Rename one.")


class PluginError(UserError):
    """A plug-in cannot be loaded."""


@dataclass(frozen=True, slots=True)
class Entry(Generic[CardT]):
    """A card and the file that defines it."""

    card: CardT
    file: Path


@dataclass(frozen=True, slots=True)
class Catalogue(Generic[CardT]):
    """Cards of one type by name."""

    type: type[CardT]
    entries: dict[str, Entry[CardT]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)

    @property
    def noun(self) -> str:
        """What a card is called in a message."""
        return self.type.__name__.lower()

    def add(self, card: CardT, file: Path) -> None:
        """Enter a card; the same card met again, imported elsewhere, is no duplicate.

        Raises:
            DuplicateNameError: another card has its name or alias.
        """
        for name in (card.name, *getattr(card, "aliases", ())):
            taken = self.entries.get(self.aliases.get(name, name))
            if taken is not None and taken.card is card:
                return
            if taken is not None:
                raise DuplicateNameError(self.noun, name, taken.file, file)
        self.entries[card.name] = Entry(card, file)
        self.aliases.update(dict.fromkeys(getattr(card, "aliases", ()), card.name))

    def __iter__(self) -> Iterator[Entry[CardT]]:
        return iter(sorted(self.entries.values(), key=lambda entry: entry.card.name))

    def __getitem__(self, name: str) -> Entry[CardT]:
        try:
            return self.entries[self.aliases.get(name, name)]
        except KeyError:
            raise UnknownNameError(name, self.noun, sorted(self.entries)) from None

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


@dataclass(frozen=True, slots=True)
class Registry:
    """Every card there is."""

    backbones: Catalogue[Backbone] = field(default_factory=lambda: Catalogue(Backbone))
    tasks: Catalogue[Task] = field(default_factory=lambda: Catalogue(Task))

    def add_module(self, module: ModuleType) -> int:
        """Enter the cards a module holds at its top level, alone or in tuples; their number."""
        file = Path(module.__file__ or module.__name__)
        number = 0
        for value in list(vars(module).values()):
            for card in value if isinstance(value, tuple) else (value,):
                number += self._add(card, file)
        return number

    def add_checkpoint(self, folder: Path) -> None:
        """Enter the card of a trunk that `bench pretrain` trained."""
        card = _card_of(folder)
        if card.name in self.backbones.entries:
            taken = self.backbones[card.name]
            other = taken.card.weights or taken.file
            message = f"{folder} is named {card.name!r}, as is {other}; move one of them away"
            raise PluginError(message)
        self._add(card, Path(pretrained.__file__))

    def _add(self, card: object, file: Path) -> bool:
        if not isinstance(card, Backbone | Task):
            return False
        wrong = _wrong_with(card)
        if wrong is not None:
            message = f"{file}: {type(card).__name__.lower()} {card.name!r} {wrong}"
            raise PluginError(message)
        if isinstance(card, Backbone):
            self.backbones.add(card, file)
        else:
            self.tasks.add(card, file)
        return True


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


def find(include: Sequence[Path] = ()) -> Registry:
    """Load every card: built-in, installed, of checkpoints, and in the files of `include`.

    Args:
        include: files of cards, and folders of checkpoints.

    Raises:
        DuplicateNameError: two cards have one name.
        PluginError: an installed or included plug-in cannot be loaded.
    """
    registry = Registry()
    for package in (backbones, tasks):
        for module in pkgutil.iter_modules(package.__path__):
            if not module.name.startswith("_"):
                name = f"{package.__name__}.{module.name}"
                registry.add_module(importlib.import_module(name))
    for group in ("mulap_bench.backbones", "mulap_bench.tasks"):
        for point in entry_points(group=group):
            _checked(registry, _installed(point.value.partition(":")[0]), point.value)
    for path in dict.fromkeys(path.resolve() for path in [*_finished(), *include]):
        if path.is_dir():
            registry.add_checkpoint(path)
        else:
            _checked(registry, _included(path), str(path))
    return registry


def checkpoints() -> Path:
    """Where checkpoints are looked for: `BENCH_CHECKPOINTS`, or `checkpoints` in this folder."""
    return Path(os.environ.get("BENCH_CHECKPOINTS") or "checkpoints").expanduser()


def _finished() -> list[Path]:
    """Folders of finished checkpoints; those in training are passed over."""
    return sorted(filter(pretrained.is_checkpoint, checkpoints().glob("*")))


def named(patterns: Sequence[str]) -> tuple[list[str], list[Path]]:
    """Patterns of backbones' names, in which a checkpoint's folder may stand for its name.

    Returns:
        The patterns with names alone, and the folders that are not found without being included.

    Raises:
        PluginError: a folder holds no checkpoint, or one whose weights are damaged.
    """
    paths = {pattern: Path(pattern).expanduser() for pattern in patterns}
    folders = {
        pattern: path
        for pattern, path in paths.items()
        if path.is_dir() and (os.sep in pattern or pretrained.is_checkpoint(path))
    }
    names = [_card_of(folders[p], whole=True).name if p in folders else p for p in patterns]
    known = {path.resolve() for path in _finished()}
    return names, [path for path in folders.values() if path.resolve() not in known]


def _card_of(folder: Path, *, whole: bool = False) -> Backbone:
    """The card of a checkpoint, and perhaps a look at all of its bytes."""
    try:
        if whole:
            pretrained.verified(folder)
        return pretrained.card(folder)
    except pretrained.CheckpointError as error:
        raise PluginError(str(error)) from error


def _checked(registry: Registry, module: ModuleType, source: str) -> None:
    if not registry.add_module(module):
        message = f"{source} holds no Backbone and no Task at its top level"
        raise PluginError(message)


def _installed(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        message = f"the installed plug-in {name} cannot be imported: {_one_line(error)}"
        raise PluginError(message) from error


class _AsItIs(SourceFileLoader):
    """Compiles the file each time: old bytecode passes for that of an edit within a second."""

    def path_stats(self, path: str) -> Mapping[str, float]:
        """Say that there is none, which is how a loader is told to leave bytecode alone."""
        raise OSError(path)


def _included(path: Path) -> ModuleType:
    """Run a file as a module that finds its neighbours; what it prints is no output of ours."""
    name = f"included_{path.stem}_{abs(hash(path))}"
    spec = importlib.util.spec_from_file_location(name, path, loader=_AsItIs(name, str(path)))
    if not path.is_file() or path.suffix != ".py" or spec is None or spec.loader is None:
        message = f"--include takes a Python file; {path} is not one"
        raise PluginError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    try:
        with contextlib.redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        message = f"{path} cannot be imported: {_one_line(error)}"
        raise PluginError(message) from error
    return module


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
