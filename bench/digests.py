"""Sha256 of files, remembered for as long as the file system says that they have not changed."""

import hashlib
import sqlite3
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from bench.archives import SETTLED, DamagedError, is_file, is_here


class Digests:
    """A memo of content digests, shared by processes.

    A digest is reused while size, modification time, change time and inode are all the same; the
    change time cannot be set back by a user, so a copied-over file is always read again. Of a file
    in an archive or on a server it is reused while that says that it is the same.
    """

    def __init__(self, database: Path) -> None:
        database.parent.mkdir(parents=True, exist_ok=True)
        self._database = database

    def of(self, paths: Iterable[Path]) -> dict[Path, str]:
        """The digest of every path that is a file, but for those that an archive holds damaged."""
        stats = {path: _stat(path) for path in set(paths) if is_file(path)}
        try:
            return self._looked_up(stats)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:  # a damaged memo is begun anew
            self._database.unlink(missing_ok=True)  # another process may have been first
            return self._looked_up(stats)

    def _looked_up(self, stats: Mapping[Path, str]) -> dict[Path, str]:
        with closing(sqlite3.connect(self._database, timeout=60)) as connection:
            known = _remembered(connection)
            keys = {path: (_name(path), stat) for path, stat in stats.items()}
            found = {path: known[key] for path, key in keys.items() if key in known}
            fresh = _read(path for path in stats if path not in found)
            settled = time.time() - SETTLED
            _remember(
                connection,
                [
                    (*keys[path], sha)
                    for path, sha in fresh.items()
                    if _is_settled(path, stats[path], settled)
                ],
            )
        return found | fresh


def of_file(path: Path) -> str:
    """Sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_files(folder: Path, names: Iterable[str]) -> str:
    """Sha256 of the lines that `sha256sum` prints of some files of a folder."""
    lines = (f"{of_file(folder / name)}  {name}\n" for name in names)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _remembered(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """(path, stat) → digest."""
    with connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS digests (path TEXT PRIMARY KEY, stat TEXT, sha256 TEXT)"
        )
    rows = connection.execute("SELECT path, stat, sha256 FROM digests")
    return {(path, stat): sha for path, stat, sha in rows}


def _remember(connection: sqlite3.Connection, rows: list[tuple[str, str, str]]) -> None:
    with connection:
        connection.executemany("INSERT OR REPLACE INTO digests VALUES (?, ?, ?)", rows)


def _read(paths: Iterable[Path]) -> dict[Path, str]:
    paths = list(paths)
    with ThreadPoolExecutor() as pool:
        read = zip(paths, pool.map(_of_file_unless_damaged, paths), strict=True)
        return {path: digest for path, digest in read if digest is not None}


def _of_file_unless_damaged(path: Path) -> str | None:
    try:
        return of_file(path)
    except DamagedError:
        return None


def _is_settled(path: Path, stat: str, before: float) -> bool:
    return path.stat().st_ctime < before if is_here(path) else stat == _stat(path) != ""


def _name(path: Path) -> str:
    """As a database takes it: bytes that are no UTF-8 are spelt out."""
    return str(path).encode(errors="backslashreplace").decode()


def _stat(path: Path) -> str:
    """Other than before wherever the content may be; empty where that cannot be told."""
    if not is_here(path):
        from bench import packed

        return packed.version_of(path) or ""
    stat = path.stat()
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"
