"""Where a number comes from: digests of code and values, versions, commit, machine."""

import ast
import functools
import hashlib
import importlib.util
import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

OURS = {"backbones", "bench", "leaderboard", "tasks"}

LIBRARIES = {"site-packages", "dist-packages"}
"""Where installed packages lie side by side, one no part of the other."""

PACKAGES = (
    *("mulap-bench", "torch", "torchaudio", "nnAudio", "numpy", "scipy", "optuna"),
    *("soundfile", "soxr", "symusic", "midirenderer"),
)


def digest(value: object) -> str:
    """Sha256 of a value that JSON can hold; equal values have equal digests."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


@functools.cache
def code_digest(*files: Path) -> str:
    """Sha256 over source files, all that they import, and the versions of installed libraries.

    So whoever edits a network, or installs another version of what it is made with, gets new
    features, whatever the card's name or version says. Followed are imports of this project, of
    files beside the importing one, and of whatever lies elsewhere but is not installed by copying:
    `PYTHONPATH`, editable installations. A module that code imports by a computed name is not seen.
    Files may move or be renamed together. It is read once a process: what is edited later is not
    what runs.
    """
    seen: dict[Path, str] = {}
    tops: set[str] = set()
    waiting = [file.resolve() for file in files]
    while waiting:
        file = waiting.pop()
        if file not in seen:
            source = file.read_bytes()
            seen[file] = hashlib.sha256(source).hexdigest()
            libraries, files = _followed(file, source)
            tops.update(libraries)
            waiting.extend(files)
    return digest([*seen.values(), *_versions(tops)])


@functools.cache
def _followed(file: Path, source: bytes) -> tuple[frozenset[str], tuple[Path, ...]]:
    """The packages that a file imports, this project's left out, and the files it imports."""
    tops: set[str] = set()
    files: list[Path] = []
    for root, name in _imports(file, source):
        tops.update([] if root else {name[0]} - OURS)
        folders = [root] if root else _roots(file, name[0])
        files.extend(found for folder in folders for found in _located(folder, name))
    return frozenset(tops), tuple(files)


def _imports(file: Path, source: bytes) -> Iterator[tuple[Path | None, list[str]]]:
    """(folder of a relative import, dotted name) of all that `file` imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield None, alias.name.split(".")
        elif isinstance(node, ast.ImportFrom):
            stem = node.module.split(".") if node.module else []
            root = file.parents[node.level - 1] if node.level else None
            for alias in node.names:
                yield root, [*stem, alias.name]


def _roots(file: Path, top: str) -> list[Path]:
    """Folders in which `file` may find the package `top`; none for an installed library."""
    if top in OURS:
        return [ROOT]
    folder = file.parent
    while (folder / "__init__.py").exists():
        folder = folder.parent
    own = file.relative_to(folder).parts[0].removesuffix(".py")
    beside = [] if folder.name in LIBRARIES and top != own else [folder]
    return beside + _elsewhere(top)


@functools.cache
def _elsewhere(top: str) -> list[Path]:
    """Where the interpreter finds the package `top`, if that is no library."""
    if top in sys.stdlib_module_names:
        return []
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return []
    if spec is None or spec.origin is None:
        return []
    file = Path(spec.origin).resolve()
    folder = file.parent.parent if file.name == "__init__.py" else file.parent
    return [] if LIBRARIES & set(folder.parts) else [folder]


def _versions(tops: Iterable[str]) -> list[str]:
    """The installed distributions that packages are of."""
    known = _distributions()
    names = {name for top in tops for name in known.get(top, ())}
    return sorted(f"{name} {_version(name)}" for name in names)


_distributions = functools.cache(packages_distributions)
_version = functools.cache(version)


def _located(root: Path, name: list[str]) -> Iterator[Path]:
    """The module `name` under `root` and the packages that it is in, as far as there are files."""
    for depth in range(len(name) + 1):
        path = root.joinpath(*name[:depth])
        files = [path / "__init__.py", *([path.with_suffix(".py")] if depth else [])]
        yield from (file.resolve() for file in [each for each in files if each.is_file()][:1])


@functools.cache
def commit() -> str | None:
    """The git commit, with `-dirty` where source files differ from it; None without git."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return None
    source = ["--", "*.py", "pyproject.toml"]
    head, changed = (
        subprocess.run([git, "-C", str(ROOT), *args], capture_output=True, text=True, check=False)
        for args in (["rev-parse", "HEAD"], ["status", "--porcelain", *source])
    )
    if head.returncode:
        return None
    return head.stdout.strip() + ("-dirty" if changed.stdout.strip() else "")


@functools.cache
def packages() -> dict[str, str]:
    """Versions of the packages that scores depend on."""
    return {name: _version(name) for name in PACKAGES}


def machine() -> str:
    """Interpreter and platform in a few words."""
    return f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
