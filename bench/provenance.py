"""Where a number comes from: digests of code and values, versions, commit, machine."""

import ast
import functools
import hashlib
import json
import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
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
    """Sha256 over source files and all that they import from beside them or from this project.

    So whoever edits a network gets new features, whatever the card's name or version says.
    Installed libraries are left out; files may move or be renamed together. It is read once a
    process: what is edited later is not what runs.
    """
    seen: dict[Path, str] = {}
    waiting = [file.resolve() for file in files]
    while waiting:
        file = waiting.pop()
        if file not in seen:
            source = file.read_bytes()
            seen[file] = hashlib.sha256(source).hexdigest()
            waiting.extend(_imported(file, source))
    return digest(list(seen.values()))


def _imported(file: Path, source: bytes) -> Iterator[Path]:
    """Files that `file` imports, of this project or from beside its top package."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.name.split(".")
                yield from _located(_root(file, name[0]), name)
        elif isinstance(node, ast.ImportFrom):
            stem = node.module.split(".") if node.module else []
            root = file.parents[node.level - 1] if node.level else _root(file, stem[0])
            for alias in node.names:
                yield from _located(root, [*stem, alias.name])


def _root(file: Path, top: str) -> Path | None:
    """The folder in which `file` finds the package `top`; None for an installed library."""
    if top in OURS:
        return ROOT
    folder = file.parent
    while (folder / "__init__.py").exists():
        folder = folder.parent
    own = file.relative_to(folder).parts[0].removesuffix(".py")
    return None if folder.name in LIBRARIES and top != own else folder


def _located(root: Path | None, name: list[str]) -> Iterator[Path]:
    """The module `name` under `root` and the packages that it is in, as far as there are files."""
    if root is None:
        return
    for depth in range(len(name) + 1):
        path = root.joinpath(*name[:depth])
        found = [file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()]
        yield from (file.resolve() for file in found[:1])


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
    return {name: version(name) for name in PACKAGES}


def machine() -> str:
    """Interpreter and platform in a few words."""
    return f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
