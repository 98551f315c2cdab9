"""Data sets packed into tar shards."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from bench import packed, prepare
from bench.prepare import ShardError, shards
from tests.commands import bench
from tests.layouts import sound, text
from tests.packing import files, served

Usage = namedtuple("Usage", ("total", "used", "free"))  # noqa: PYI024 — as shutil's
SILENT = lambda _done, _total: None  # noqa: E731


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four files of 400 bytes; a megabyte is a thousand here."""
    monkeypatch.setattr(prepare, "_MEGABYTE", 1000)
    for name in ("a/1.txt", "a/2.txt", "b/3.txt", "table.csv"):
        text(tmp_path / "set" / name, name.ljust(400))
    return tmp_path / "set"


def test_shards_hold_every_file_and_are_read_in_place(folder: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    number = shards(folder, "set", tmp_path / "out", 1, lambda *each: told.append(each))
    assert number == 2
    assert told == [(3, 4), (4, 4)]
    assert sorted(path.name for path in (tmp_path / "out").glob("*.tar")) == [
        "set-00000.tar",
        "set-00001.tar",
    ]
    place = packed.folder("set", [str(tmp_path / "out" / "set")])
    found = {p.relative_to(place).as_posix(): p.read_bytes() for p in place.rglob("*.*")}
    assert found == files(folder)


def test_it_goes_on_behind_the_shards_that_are_there(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shards(folder, "set", out, 1, SILENT)
    whole = {path.name: path.read_bytes() for path in out.glob("*.tar")}
    (out / "set-00001.tar").unlink()
    (out / ".set-00001.tar.tmp").write_bytes(b"killed")
    assert shards(folder, "set", out, 1, SILENT) == 2
    assert {path.name: path.read_bytes() for path in out.glob("*.tar")} == whole
    (out / "set-00001.tar").unlink()
    (folder / "a" / "2.txt").write_text("changed")
    with pytest.raises(ShardError, match=r"set-00000.tar holds a/2.txt, which is not what comes"):
        shards(folder, "set", out, 1, SILENT)


def test_a_file_is_no_folder_for_shards(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ShardError, match=r"table\.csv is no folder: .*table\.csv is a file; choose another"
    ):
        shards(folder, "set", folder / "table.csv", 1, SILENT)
    assert not [*tmp_path.glob("*.tar")]


def test_what_is_not_the_beginning_of_the_data_is_refused(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shards(folder, "set", out, 1, SILENT)
    (folder / "a" / "1.txt").write_text("A".ljust(400))  # as long as before
    with pytest.raises(ShardError, match=r"set-00000.tar holds a/1.txt, which is not what comes"):
        shards(folder, "set", out, 1, SILENT)
    (out / "set-00000.tar").write_bytes(b"no tar at all")
    with pytest.raises(
        ShardError, match=r"set-00000.tar is no whole tar \(.*\): remove it, and run"
    ):
        shards(folder, "set", out, 1, SILENT)
    with pytest.raises(ShardError, match="is in the data set's own folder"):
        shards(folder, "set", folder / "out", 1, SILENT)


def test_a_shard_that_is_missing_is_named(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shards(folder, "set", out, 1, SILENT)
    (out / "set-00000.tar").unlink()
    with pytest.raises(ShardError, match=r"set-00001.tar is there without set-00000.tar, which co"):
        shards(folder, "set", out, 1, SILENT)


def test_folders_that_are_links_are_packed_once(folder: Path, tmp_path: Path) -> None:
    text(tmp_path / "more" / "4.txt", "four")
    (folder / "c").symlink_to(tmp_path / "more", target_is_directory=True)
    (folder / "again").symlink_to(folder, target_is_directory=True)
    shards(folder, "set", tmp_path / "out", 10, SILENT)
    place = packed.folder("set", [str(tmp_path / "out" / "set")])
    assert (place / "c" / "4.txt").read_text() == "four"
    assert len([path for path in place.rglob("*") if path.is_file()]) == 5


@pytest.mark.usefixtures("toy")
def test_what_is_not_placed_is_not_packed(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("toys/loud", "-i", "toy.py", "--into", "shards")
    code, _, err = bench("data", "prepare", *words, capsys=capsys)
    assert code == 2
    assert "toys is not looked for under a data root" in err


def test_a_disk_without_room_is_told_before(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: Usage(999, 0, 999))
    with pytest.raises(ShardError, match="1,600 bytes are needed, 999 are free at"):
        shards(folder, "set", tmp_path / "out", 1, SILENT)
    assert not [*(tmp_path / "out").glob("*.tar")]


def test_a_data_set_on_a_server_is_brought_into_shards(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(60):
        sound(toy.parent / "sets" / "placed" / f"{number:02}.wav", number)
    words = ("placed/loud", "-i", "toy.py", "--data-root")
    with served(toy.parent / "sets") as address:
        code, out, err = bench(
            "data", "prepare", *words, address, "--into", "shards", "--size", "1", capsys=capsys
        )
    assert code == 0, err
    assert out == "shards: 2 shards of placed; read them with --data-root shards\n"
    code, out, err = bench("data", "check", *words, "shards", capsys=capsys)
    assert code == 0, out + err
