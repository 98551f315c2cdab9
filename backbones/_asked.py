"""What doors share: reading what they are asked for, and pinning the files that they find."""

import contextlib
import difflib
import hashlib
import importlib
import importlib.util
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

from backbones import DoorError

MODEL = "see its model card"


@dataclass(frozen=True, slots=True)
class Asked:
    """`subject?key=value&key=value`.

    Attributes:
        subject: a path, a module or a model's name.
        options: what was said behind it.
    """

    subject: str
    options: Mapping[str, str] = field(default_factory=dict)

    def number(self, key: str, otherwise: float | None = None) -> float:
        """An option that is a positive number.

        Raises:
            DoorError: it is none, or is not given and has to be.
        """
        said = self.options.get(key)
        if said is None and otherwise is not None:
            return otherwise
        try:
            found = float(said or "")
        except ValueError:
            found = 0.0
        if not 0 < found < float("inf"):
            message = f"needs ?{key}= and a positive number, not {said!r}"
            raise DoorError(message)
        return found

    def rate(self) -> int:
        """The sample rate that is said [Hz].

        Raises:
            DoorError: none is, or no whole number.
        """
        found = self.number("rate")
        if not found.is_integer():
            message = f"rate is {found:g}, expected a whole number [Hz]"
            raise DoorError(message)
        return int(found)


def read(rest: str, known: Sequence[str]) -> Asked:
    """What a door was asked for.

    Raises:
        DoorError: it names nothing, an option twice, or one that the door does not know.
    """
    subject, _, query = rest.partition("?")
    said = [part.partition("=")[::2] for part in query.split("&") if part]
    options = dict(said)
    twice = sorted(key for key, times in Counter(key for key, _ in said).items() if times > 1)
    if twice:
        message = f"gives {', '.join(twice)} more than once; give each option once"
        raise DoorError(message)
    if not subject:
        message = "names nothing; put a path or a model's name behind the colon"
        raise DoorError(message)
    for key, value in options.items():
        if key not in known:
            message = f"there is no option '{key}={value}'; {_hint(key, known)}"
            raise DoorError(message)
    return Asked(subject, options)


def _hint(key: str, known: Sequence[str]) -> str:
    """What may have been meant by an option that there is not."""
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]}=?" if near else f"known: {', '.join(known) or 'none'}"


def library(name: str, extra: str) -> ModuleType:
    """A package that only some doors need.

    Raises:
        DoorError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        message = f"needs {name} ({error}): run `pip install 'mulap-bench[{extra}]'`"
        raise DoorError(message) from error


def file(asked: Asked) -> Path:
    """The file that is asked for.

    Raises:
        DoorError: there is none.
    """
    found = Path(asked.subject)
    if not found.is_file():
        message = f"{found} is no file"
        raise DoorError(message)
    return found


def module(subject: str) -> ModuleType:
    """A module that can be imported, or a Python file, which finds its neighbours.

    Raises:
        DoorError: there is none, or it cannot be imported.
    """
    path = Path(subject)
    try:
        if path.is_dir():
            _find_beside(path)
            return importlib.import_module(path.name)
        if path.suffix != ".py":
            return importlib.import_module(subject)
        name = f"opened_{path.stem}_{sha256(path)[:16]}"
        return sys.modules.get(name) or _executed(path, name)
    except (Exception, SystemExit) as error:
        said = " ".join(str(error).split())
        message = f"{subject} cannot be imported ({type(error).__name__}: {said}); install it, or "
        message += "give the path of its file"
        raise DoorError(message) from error


def _executed(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        message = f"{path} is no Python file"
        raise ImportError(message)
    found = importlib.util.module_from_spec(spec)
    _find_beside(path)
    with contextlib.redirect_stdout(sys.stderr):
        spec.loader.exec_module(found)
    sys.modules[name] = found
    return found


def _find_beside(path: Path) -> None:
    """Let imports find what lies beside a file or a package."""
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))


def sources(module: ModuleType) -> tuple[Path, ...]:
    """The file of a module; whose imports make features too is found by reading it."""
    return () if module.__file__ is None else (Path(module.__file__),)


def slug(prefix: str, *parts: str) -> str:
    """The name of a card: of the prefix and of what was asked for, as a file may be named."""
    words = (re.sub(r"[^a-z0-9._-]+", "--", part.lower()).strip("-") for part in parts)
    return "-".join([prefix, *filter(None, words)])


def named(asked: Asked, otherwise: str) -> str:
    """The name that a card is asked to have, behind the prefix of its door.

    Raises:
        DoorError: nothing is left of it once it is spelt in ASCII.
    """
    said = asked.options.get("name")
    found = otherwise if said is None else slug(otherwise.partition("-")[0], said)
    if "-" not in found:
        given = asked.subject if said is None else said
        message = f"{given!r} has no ASCII letter or digit to name a row by; add ?name=my-model"
        raise DoorError(message)
    return found


def pin(folder: Path, files: Sequence[str]) -> str:
    """A package URL of some files of a folder, with a sha256 over theirs."""
    lines = "".join(f"{sha256(folder / name)}  {name}\n" for name in files)
    digest = hashlib.sha256(lines.encode()).hexdigest()
    return f"file:{quote(str(folder))}?files={quote(','.join(files))}&checksum=sha256:{digest}"


def sha256(path: Path) -> str:
    """Of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
