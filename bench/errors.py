"""What a user can mend: one clear line, exit code 2."""

import difflib
import shutil
from collections.abc import Sequence
from pathlib import Path


class UserError(Exception):
    """Its message is all that the user is shown."""


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A question that names what is spelt nearly so; empty where nothing is."""
    near = difflib.get_close_matches(name, known, n=3)
    return f"Did you mean {' or '.join(near)}?" if near else ""


def why_no_folder(option: str, path: Path) -> str | None:
    """Why what an option names cannot be a folder to write to; None if it can."""
    if path.exists() and not path.is_dir():
        return f"{option} {path} is a file, expected a folder; choose another"
    return None


def why_no_room(needed: int, folder: Path) -> str | None:
    """Why a disk cannot take so many bytes more; None if it can."""
    free = shutil.disk_usage(folder).free
    if needed <= free:
        return None
    return f"{needed:,} bytes are needed, {free:,} are free at {folder}"
