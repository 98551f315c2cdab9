"""What a checksum says of a file's bytes, and whether a file is so."""

import hashlib
import re
from pathlib import Path

FIRST_USE = "first-use"
"""In place of a checksum that nobody publishes: the first file that comes is remembered."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_DECLARED = re.compile(
    r"md5:[0-9a-f]{32}|sha1:[0-9a-f]{40}|gitblob:[0-9a-f]{40}|sha256:[0-9a-f]{8,63}|" + FIRST_USE
)


def sha256_of(checksum: str) -> str:
    """The whole sha256 among `algorithm:digits,…`, in lower case; empty where there is none."""
    given = dict(part.strip().partition(":")[::2] for part in checksum.lower().split(","))
    found = given.get("sha256", "")
    return found if _SHA256.fullmatch(found) else ""


def is_declared(checksum: str) -> bool:
    """Whether it is less than a sha256, and all that a source says of its file."""
    return _DECLARED.fullmatch(checksum) is not None


def differs(path: Path, known: str) -> str:
    """The digest of a file that is not the known one; empty where it is, or none is known."""
    algorithm, _, begins = known.partition(":")
    if not begins:
        return ""
    if algorithm == "gitblob":
        found = git_blob(path)
    else:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, algorithm).hexdigest()
    return "" if found.startswith(begins) else f"{algorithm} {found}"


def git_blob(path: Path) -> str:
    """Git's name of a file's bytes."""
    header = b"blob %d\0" % path.stat().st_size
    found = hashlib.sha1(header, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()
