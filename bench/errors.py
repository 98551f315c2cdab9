"""What a user can mend: one clear line, exit code 2."""

import difflib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path


class UserError(Exception):
    """Its message is all that the user is shown."""


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A question that names what is spelt nearly so; empty where nothing is."""
    near = difflib.get_close_matches(name, known, n=3)
    return f"Did you mean {' or '.join(near)}?" if near else ""


def why_no_folder(option: str, path: Path) -> str | None:
    """Why what an option names cannot be a folder to write to; None if it can.

    It is tried where the folder is, or would begin: rights alone do not tell.
    """
    try:
        exists = next(each for each in [path, *path.absolute().parents] if each.exists())
        if not exists.is_dir():
            return f"{option} {path} is no folder: {exists} is a file; choose another"
        with tempfile.TemporaryDirectory(prefix=".", dir=exists):
            return None
    except OSError as error:
        return f"{option} {path} cannot be written ({error.strerror}); choose another"


def why_no_room(needed: int, folder: Path) -> str | None:
    """Why a disk cannot take so many bytes more; None if it can."""
    free = shutil.disk_usage(folder).free
    if needed <= free:
        return None
    return f"{needed:,} bytes are needed, {free:,} are free at {folder}"
