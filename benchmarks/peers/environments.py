"""The peers' interpreters, and the drivers that run in them."""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
PINS = {"xares": ("xares==0.1.3", "torch<2.15"), "mteb": ("mteb==2.26.24", "torch<2.15")}
"""What is installed for each. torchaudio's last release does not load beside a newer torch."""

ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}


class PeerError(RuntimeError):
    """A peer cannot be installed or has failed."""


def interpreter(peer: str, folder: Path) -> Path:
    """The Python of a peer's virtual environment, made and filled first if need be.

    Raises:
        PeerError: pip cannot install it.
    """
    home = folder / peer
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    done = home / "installed.txt"
    wanted = "\n".join(PINS[peer])
    if not done.is_file() or done.read_text(encoding="utf-8") != wanted:
        venv.create(home, with_pip=True)
        _call([str(python), "-m", "pip", "install", "--quiet", *PINS[peer]], home / "pip.log")
        done.write_text(wanted, encoding="utf-8")
    return python


def drive(python: Path, driver: str, embeddings: Path, answers: Path) -> None:
    """Run a driver of this folder; it writes an .npz a method into `answers`.

    Raises:
        PeerError: it failed.
    """
    answers.mkdir(parents=True, exist_ok=True)
    command = [str(python), "-m", f"benchmarks.peers.{driver}", str(embeddings), str(answers)]
    _call(command, answers / f"{driver}.log")


def _call(command: list[str], log: Path) -> None:
    """Run without a GPU on one thread; what it prints goes into the log."""
    environment = {**os.environ, **ONE_THREAD, "CUDA_VISIBLE_DEVICES": ""}
    with log.open("w", encoding="utf-8") as file:
        ended = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=file, stderr=file, check=False
        )
    if ended.returncode != 0:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "no message")
        raise PeerError(last)
