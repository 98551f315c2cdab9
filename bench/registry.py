"""Finds cards: the built-in folders, entry points, checkpoints, and files that are named."""

import contextlib
import importlib
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import backbones
import tasks
from backbones import Backbone, pretrained
from bench.catalogue import (
    CardT,
    Catalogue,
    DuplicateNameError,
    Entry,
    PluginError,
    UnknownCardError,
    UnknownNameError,
    refuse_wrong,
)
from tasks import Task

__all__ = [
    "CardT",
    "Catalogue",
    "DuplicateNameError",
    "Entry",
    "PluginError",
    "Registry",
    "UnknownCardError",
    "UnknownNameError",
    "checkpoints",
    "find",
    "named",
]


@dataclass(frozen=True, slots=True)
class Registry:
    """Every card there is.

    Attributes:
        backbones: by name.
        tasks: by name.
        unread: why checkpoints that nobody asked for are left out, a line each.
    """

    backbones: Catalogue[Backbone] = field(default_factory=lambda: Catalogue(Backbone))
    tasks: Catalogue[Task] = field(default_factory=lambda: Catalogue(Task))
    unread: list[str] = field(default_factory=list)

    @property
    def opened(self) -> tuple[str, ...]:
        """What doors were asked for: included elsewhere, it brings the same cards."""
        return (*self.backbones.opened, *self.tasks.opened)

    def files(self, include: Sequence[Path | str]) -> list[Path]:
        """What is included and is not for a door to open."""
        doors = {*self.backbones.doors, *self.tasks.doors}
        return [Path(each) for each in include if str(each).partition(":")[0] not in doors]

    def add_module(self, module: ModuleType) -> int:
        """Enter the cards and doors a module holds at its top level, alone or in tuples.

        Returns:
            How many there are.
        """
        file = Path(module.__file__ or module.__name__)
        number = 0
        for value in list(vars(module).values()):
            for card in value if isinstance(value, tuple) else (value,):
                number += self._add(card, file) or self._add_door(card, file)
        return number

    def add_checkpoint(self, folder: Path) -> None:
        """Enter the card of a trunk that `bench pretrain` trained.

        Raises:
            PluginError: it is damaged, or its name is taken.
        """
        self._enter(_card_of(folder), folder)

    def offer_checkpoint(self, folder: Path) -> None:
        """Enter the card of a trunk that nobody asked for, or note why it is left out.

        Raises:
            PluginError: its name is taken.
        """
        try:
            card = _card_of(folder)
        except PluginError as error:
            self.unread.append(f"left out: {error}")
        else:
            self._enter(card, folder)

    def _enter(self, card: Backbone, folder: Path) -> None:
        if card.name in self.backbones.entries:
            taken = self.backbones[card.name]
            other = taken.card.weights or taken.file
            message = f"{folder} is named {card.name!r}, as is {other}; move one of them away"
            raise PluginError(message)
        self._add(card, Path(pretrained.__file__))

    def _add_door(self, door: object, file: Path) -> bool:
        if isinstance(door, backbones.Door):
            self.backbones.add_door(door, file)
        elif isinstance(door, tasks.Door):
            self.tasks.add_door(door, file)
        else:
            return False
        return True

    def _add(self, card: object, file: Path) -> bool:
        if not isinstance(card, Backbone | Task):
            return False
        refuse_wrong(card, file)
        if isinstance(card, Backbone):
            self.backbones.add(card, file)
        else:
            self.tasks.add(card, file)
        return True


def find(include: Sequence[Path | str] = ()) -> Registry:
    """Load every card: built-in, installed, of checkpoints, and in the files of `include`.

    Args:
        include: files of cards, folders of checkpoints, and what doors are asked for.

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
    for folder in _finished():
        registry.offer_checkpoint(folder.resolve())
    for each in dict.fromkeys(include):
        _include(registry, each)
    return registry


def _include(registry: Registry, asked: Path | str) -> None:
    """Enter what a file, a folder or a door holds."""
    if not registry.files([asked]):
        registry.backbones.open(str(asked))
        registry.tasks.open(str(asked))
        return
    path = Path(asked).resolve()
    if path.is_dir() and path not in [folder.resolve() for folder in _finished()]:
        registry.add_checkpoint(path)
    elif not path.is_dir():
        _checked(registry, _included(path), str(path))


def checkpoints() -> Path:
    """Where checkpoints are looked for: `BENCH_CHECKPOINTS`, or `checkpoints` in this folder."""
    return _at_home(os.environ.get("BENCH_CHECKPOINTS") or "checkpoints")


def _at_home(path: str) -> Path:
    """Nobody's home stays as it is written, where `Path` raises."""
    return Path(os.path.expanduser(path))  # noqa: PTH111


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
    paths = {pattern: _at_home(pattern) for pattern in patterns}
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
