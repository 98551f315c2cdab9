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

PACKAGES = (
    *("mulap-bench", "torch", "torchaudio", "nnAudio", "numpy", "scipy", "optuna"),
    *("soundfile", "soxr", "symusic", "midirenderer"),
)


def digest(value: object) -> str:
    """Sha256 of a value that JSON can hold; equal values have equal digests."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def code_digest(*files: Path) -> str:
    """Sha256 over source files and all that they import from beside them or from this project.

    So whoever edits a network gets new features, whatever the card's name or version says.
    """
    seen: dict[Path, str] = {}
    waiting = [file.resolve() for file in files]
    while waiting:
        file = waiting.pop()
        if file not in seen:
            source = file.read_bytes()
            seen[file] = hashlib.sha256(source).hexdigest()
            waiting.extend(_imported(file, source))
    return digest(sorted(seen.values()))


def _imported(file: Path, source: bytes) -> Iterator[Path]:
    """Files that `file` imports, looked up beside its top package and in this project."""
    package = file.parent
    while (package / "__init__.py").exists():
        package = package.parent
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
            roots = [package, ROOT]
        elif isinstance(node, ast.ImportFrom):
            stem = node.module.split(".") if node.module else []
            names = [stem, *([*stem, alias.name] for alias in node.names)]
            roots = [file.parents[node.level - 1]] if node.level else [package, ROOT]
        else:
            continue
        for name in names:
            yield from _located(roots, name)


def _located(roots: list[Path], name: list[str]) -> Iterator[Path]:
    for root in roots:
        path = root.joinpath(*name)
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if name and file.is_file():
                yield file.resolve()
                return


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


def packages() -> dict[str, str]:
    """Versions of the packages that scores depend on."""
    return {name: version(name) for name in PACKAGES}


def machine() -> str:
    """Interpreter and platform in a few words."""
    return f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
