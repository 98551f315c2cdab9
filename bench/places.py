"""Where users say that their data sets lie: an option, the environment, or a file."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from bench import assets
from bench.errors import UserError

FILE = "bench.toml"
KNOWN = {"": ("data",), "data": ("root", "sets")}
"""Table → its keys."""

_option: ContextVar[Path | None] = ContextVar("data_root", default=None)


class SettingsError(UserError):
    """A file of settings cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a file says; nothing where there is none.

    Attributes:
        file: that was read.
        root: of data sets.
        sets: data set → its folder.
    """

    file: Path | None = None
    root: Path | None = None
    sets: Mapping[str, Path] = field(default_factory=dict)


@contextmanager
def under(root: Path | None) -> Iterator[None]:
    """Look for data sets in this folder before any other, as `--data-root` says."""
    token = _option.set(None if root is None else root.expanduser().absolute())
    try:
        yield
    finally:
        _option.reset(token)


def root() -> tuple[Path, str]:
    """The folder that data sets are looked for in, and who says so.

    Raises:
        SettingsError: the file of settings is damaged or has an unknown key.
    """
    return _root(settings())


def _root(said: Settings) -> tuple[Path, str]:
    option, named = _option.get(), os.environ.get("BENCH_DATA")
    if option is not None:
        return option, "--data-root"
    if named:
        return Path(named).expanduser(), "BENCH_DATA"
    if said.root is not None:
        return said.root, str(said.file)
    return assets.cache_folder() / "data", "default"


def of(data_set: str) -> Path:
    """Where a data set lies or would lie; the file may name a folder for it alone.

    Raises:
        SettingsError: the file of settings is damaged or has an unknown key.
    """
    said = settings()
    place, who = _root(said)
    if who in {"--data-root", "BENCH_DATA"}:
        return place / data_set
    return said.sets.get(data_set, place / data_set)


def settings() -> Settings:
    """What `bench.toml` says, of this folder, else of the platform's folder for settings.

    Raises:
        SettingsError: it is damaged or has an unknown key.
    """
    own = platformdirs.user_config_path("mulap-bench", appauthor=False) / FILE
    file = next((path for path in (Path(FILE).absolute(), own) if path.is_file()), None)
    if file is None:
        return Settings()
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{file} cannot be read: {error}"
        raise SettingsError(message) from error
    data = _table(file, _table(file, said, "").get("data", {}), "data")
    sets = data.get("sets", {})
    if not isinstance(sets, dict):
        message = f"{file}: data.sets is {sets!r}, expected a table of folders"
        raise SettingsError(message)
    places = {name: _folder(file, f"data.sets.{name}", path) for name, path in sets.items()}
    place = _folder(file, "data.root", data["root"]) if "root" in data else None
    return Settings(file, place, places)


def _table(file: Path, value: object, name: str) -> Mapping[str, object]:
    """A table without unknown keys."""
    if not isinstance(value, dict):
        message = f"{file}: {name} is {value!r}, expected a table"
        raise SettingsError(message)
    strange = next((key for key in value if key not in KNOWN[name]), None)
    if strange is not None:
        key = f"{name}.{strange}".lstrip(".")
        message = f"{file}: there is no key {key!r}; known: {', '.join(KNOWN[name])}"
        raise SettingsError(message)
    return value


def _folder(file: Path, key: str, value: object) -> Path:
    """A path, relative to the file that names it."""
    if not isinstance(value, str):
        message = f"{file}: {key} is {value!r}, expected a path in quotes"
        raise SettingsError(message)
    return file.parent / Path(value).expanduser()
