"""Content digests: remembered while nothing changed, and never longer."""

import hashlib
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from bench import digests
from bench.digests import Digests

OTHER = "0" * 64

READER = """
import sys
from pathlib import Path
from bench.digests import Digests
folder, database = map(Path, sys.argv[1:])
for _ in range(5):
    found = Digests(database).of(folder.iterdir())
print(len(set(found.values())))
"""


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def memo(tmp_path: Path) -> Digests:
    return Digests(tmp_path / "cache" / "digests.sqlite")


@pytest.fixture
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that counts as settled at once."""
    monkeypatch.setattr(digests, "SETTLED", -1.0)
    path = tmp_path / "file"
    path.write_bytes(b"content")
    return path


def plant(tmp_path: Path) -> None:
    """Put a wrong digest into the memo: whoever returns it has not read the file."""
    database = tmp_path / "cache" / "digests.sqlite"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE digests SET sha256 = ?", (OTHER,))


@pytest.mark.skipif(sys.platform != "linux", reason="file systems refuse such names")
def test_a_name_that_is_no_utf_8_is_remembered_too(
    memo: Digests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "SETTLED", -1.0)
    paths = [Path(os.fsdecode(os.fsencode(tmp_path) + name)) for name in (b"/a\xff", b"/b")]
    for path in paths:
        path.write_bytes(b"content")
    assert memo.of(paths) == dict.fromkeys(paths, sha(b"content"))
    plant(tmp_path)
    assert memo.of(paths) == dict.fromkeys(paths, OTHER)


def test_it_is_sha256_of_what_exists(memo: Digests, tmp_path: Path) -> None:
    contents = {tmp_path / f"{i}": bytes([i]) * i for i in range(5)}
    for path, content in contents.items():
        path.write_bytes(content)
    found = memo.of([*contents, *contents, tmp_path / "missing", tmp_path])
    assert found == {path: sha(content) for path, content in contents.items()}
    assert memo.of([]) == {}


def test_a_file_is_read_once(memo: Digests, settled: Path, tmp_path: Path) -> None:
    assert memo.of([settled]) == {settled: sha(b"content")}
    plant(tmp_path)
    assert memo.of([settled]) == {settled: OTHER}
    assert Digests(tmp_path / "cache" / "digests.sqlite").of([settled]) == {settled: OTHER}


def test_the_change_time_gives_a_forger_away(memo: Digests, settled: Path, tmp_path: Path) -> None:
    before = settled.stat()
    memo.of([settled])
    plant(tmp_path)
    time.sleep(0.02)
    settled.write_bytes(b"CONTENT")
    os.utime(settled, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = settled.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert memo.of([settled]) == {settled: sha(b"CONTENT")}
    assert memo.of([settled]) == {settled: sha(b"CONTENT")}


def test_another_file_moved_into_place_is_read(
    memo: Digests, settled: Path, tmp_path: Path
) -> None:
    memo.of([settled])
    plant(tmp_path)
    other = tmp_path / "other"
    other.write_bytes(b"CONTENT")
    other.replace(settled)
    assert memo.of([settled]) == {settled: sha(b"CONTENT")}


@pytest.mark.parametrize("age", [0, 3600])
def test_what_has_just_changed_is_not_remembered(age: int, memo: Digests, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    old = time.time() - age
    os.utime(path, (old, old))
    assert memo.of([path]) == {path: sha(b"content")}
    plant(tmp_path)
    assert memo.of([path]) == {path: sha(b"content")}


def test_a_damaged_memo_that_another_process_has_begun_anew_is_no_error(
    memo: Digests, settled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "memo.sqlite"
    look_up, tries = memo._looked_up, []

    def damaged_once(stats: Mapping[Path, str]) -> dict[Path, str]:
        tries.append(stats)
        if len(tries) == 1:
            database.unlink(missing_ok=True)
            raise sqlite3.DatabaseError
        return look_up(stats)

    monkeypatch.setattr(memo, "_looked_up", damaged_once)
    assert memo.of([settled]) == {settled: digests.of_file(settled)}


def test_processes_share_a_memo(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for i in range(50):
        path = folder / f"{i}"
        path.write_bytes(bytes([i]))
    command = [sys.executable, "-c", READER, str(folder), str(tmp_path / "new" / "memo.sqlite")]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in processes:
        output, errors = process.communicate()
        assert (output.strip(), errors) == ("50", "")
