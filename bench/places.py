"""Where users say that their data sets lie: an option, the environment, or a file.

A place is a folder, an archive, or an address of either (`https://`, `s3://`, …): `bench.packed`.
"""

import os
import tomllib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import platformdirs

from bench import assets
from bench.errors import UserError

FILE = "bench.toml"
KNOWN = {"": ("data",), "data": ("root", "sets")}
"""Table → its keys."""

_option: ContextVar[str | None] = ContextVar("data_root", default=None)


class SettingsError(UserError):
    """A file of settings cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a file says; nothing where there is none.

    Attributes:
        file: that was read.
        root: of data sets.
        sets: data set → its places.
    """

    file: Path | None = None
    root: str | None = None
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@contextmanager
def under(root: str | None) -> Iterator[None]:
    """Look for data sets in this folder before any other, as `--data-root` says."""
    token = _option.set(None if root is None else _absolute(root, Path.cwd(), "--data-root"))
    try:
        yield
    finally:
        _option.reset(token)


def root() -> tuple[str, str]:
    """The folder or address that data sets are looked for in, and who says so.

    Raises:
        SettingsError: the file of settings is damaged or has an unknown key.
    """
    return _root(settings())


def _root(said: Settings) -> tuple[str, str]:
    option, named = _option.get(), os.environ.get("BENCH_DATA")
    if option is not None:
        return option, "--data-root"
    if named:
        return _absolute(named, Path(), "BENCH_DATA"), "BENCH_DATA"
    if said.root is not None:
        return said.root, str(said.file)
    return str(assets.cache_folder() / "data"), "default"


def of(data_set: str) -> tuple[str, ...]:
    """Where a data set lies or would lie; the file may name places for it alone.

    Raises:
        SettingsError: the file of settings is damaged or has an unknown key.
    """
    said = settings()
    place, who = _root(said)
    usual = (
        f"{place.rstrip('/')}/{data_set}" if _is_address(place) else str(Path(place, data_set)),
    )
    return usual if who in {"--data-root", "BENCH_DATA"} else said.sets.get(data_set, usual)


def misspelt(data_set: str) -> str:
    """What a file of settings may mean by a name that is nearly that of a data set; or nothing."""
    said = settings()
    near = [] if data_set in said.sets else get_close_matches(data_set, said.sets, n=1)
    return f"{said.file} places {near[0]!r}: spell it {data_set} if that is it. " if near else ""


def strangers(known: Collection[str], made: Collection[str]) -> list[str]:
    """A line for each name in the file of settings that is nearly that of a data set.

    Of other names that are not known nothing is said: they may be of cards behind `--include`.

    Args:
        known: names of data sets.
        made: those of them that have no place.
    """
    said = settings()
    found = []
    for name in sorted({*said.sets} - {*known}):
        near = get_close_matches(name, {*known} - {*made} - {*said.sets}, n=1)
        if near:
            found.append(
                f"{said.file} places {name!r}, the data set of no card here; did you mean "
                f"{near[0]}? One of a card of yours is known with --include"
            )
    return found


def refuse(data_set: str) -> None:
    """Refuse a place for a data set that is made.

    Raises:
        SettingsError: the file of settings names one.
    """
    said = settings()
    if data_set in said.sets:
        message = (
            f"{said.file} places {data_set!r}, which is made in the cache folder: take it out; "
            "BENCH_CACHE names another cache folder"
        )
        raise SettingsError(message)


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
        said = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        message = f"{file} cannot be read: {error}"
        raise SettingsError(message) from error
    data = _table(file, _table(file, said, "").get("data", {}), "data")
    sets = data.get("sets", {})
    if not isinstance(sets, dict):
        message = f"{file}: data.sets is {sets!r}, expected a table of folders"
        raise SettingsError(message)
    places = {name: _places(file, f"data.sets.{name}", said) for name, said in sets.items()}
    place = _place(file, "data.root", data["root"]) if "root" in data else None
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


def _places(file: Path, key: str, value: object) -> tuple[str, ...]:
    """One place, or a list of those whose files belong into one folder."""
    if isinstance(value, list) and value:
        return tuple(_place(file, key, each) for each in value)
    return (_place(file, key, value),)


def _place(file: Path, key: str, value: object) -> str:
    """A path, relative to the file that names it, or an address."""
    if not isinstance(value, str) or not value:
        message = f"{file}: {key} is {value!r}, expected a path in quotes"
        raise SettingsError(message)
    return _absolute(value, file.parent, f"{file}: {key}")


def _absolute(place: str, base: Path, who: str) -> str:
    """An address as it is, a path from a folder that it is told from."""
    if _is_address(place):
        return place
    try:
        return str(base / Path(place).expanduser())
    except RuntimeError as error:
        message = f"{who} is {place!r}, and there is no such user; give a path without ~"
        raise SettingsError(message) from error


def _is_address(place: str) -> bool:
    return "://" in place
