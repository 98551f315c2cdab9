"""Data sets on servers, read from there."""

import os
from pathlib import Path

import fsspec
import pytest

from bench import audio, packed
from bench.archives import PlaceError
from bench.digests import Digests
from tests.commands import bench
from tests.layouts import sound
from tests.packing import NAMES, a_set, served, tarred, zipped

RATE = 16_000

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return a_set(tmp_path)


def test_data_on_a_server_are_checked_from_there(toy: Path, capsys: Capture) -> None:
    place = toy.parent / "sets" / "placed"
    for number in range(60):
        sound(place / f"{number:02}.wav", number)
    place.joinpath("07.wav").write_bytes(b"")
    tarred(place, place.with_suffix(".tar"))
    place.rename(place.with_name("away"))
    words = ("placed/loud", "-i", "toy.py", "--data-root")
    with served(toy.parent / "sets") as address:
        code, out, err = bench("data", "check", *words, address, capsys=capsys)
        assert code == 1, err
        assert f"{address}/placed.tar/07.wav: empty file" in out
        code, out, _ = bench("data", "path", *words, address, capsys=capsys)
        assert out == f"{address}/placed\n"
        code, _, err = bench("data", "fetch", *words, f"{address}/none", capsys=capsys)
    assert code == 2
    assert f"placed is not at {address}/none/placed. Ask." in err


def test_a_server_is_read_file_by_file_and_archive_by_archive(folder: Path) -> None:
    zipped(folder, folder.with_suffix(".zip"))
    tarred(folder, folder.with_suffix(".tar"))
    with served(folder.parent) as address:
        for place in ("set", "set.zip", "set.tar"):
            tree = packed.folder("set", [f"{address}/{place}"])
            assert [name for name in NAMES if (tree / name).is_file()] == NAMES
            assert (tree / "a" / "one.wav").read_bytes() == (folder / "a/one.wav").read_bytes()
            assert audio.read(tree / "a" / "two.flac", RATE).shape == (RATE,)
        absent = packed.folder("other", [f"{address}/other"])
        assert not absent.is_dir()
    with pytest.raises(PlaceError, match=r"one.wav cannot be read: .*onnect"):
        (tree / "a" / "one.wav").read_bytes()


def test_what_a_server_sends_is_held_to_what_it_says(folder: Path) -> None:
    with served(folder.parent) as address:
        tree = packed.folder("set", [f"{address}/set"])
        known = Digests(folder.parent / "digests.sqlite")
        path = tree / "a" / "one.wav"
        expected = known.of([folder / "a" / "one.wav"])
        with pytest.MonkeyPatch.context() as patch:
            web = fsspec.url_to_fs(address, **packed.options(address))[0]
            patch.setattr(web, "cat_file", lambda *_, **__: b"<html>log in</html>")
            with pytest.raises(PlaceError, match=r"one.wav cannot be read: 19 bytes came of"):
                known.of([path])
        assert {*known.of([path]).values()} == {*expected.values()}


def test_a_server_without_parts_of_files_is_told(folder: Path) -> None:
    tarred(folder, folder.with_suffix(".tar"))
    with served(folder.parent, parts=False) as address:
        tree = packed.folder("set", [f"{address}/set.tar"])
        with pytest.raises(PlaceError, match=r"does the server give parts of files\?|[Rr]ange"):
            (tree / "a" / "one.wav").read_bytes()


def test_versions_tell_servers_and_moments_apart(folder: Path) -> None:
    for path in folder.rglob("*.wav"):
        os.utime(path, (1e9, 1e9))
    versions = set()
    for _ in range(2):
        with served(folder.parent) as address:
            place = packed.folder("set", [f"{address}/set"])
            versions.add(packed.version_of(place / "a" / "one.wav"))
            assert packed.version_of(place / "table.csv") is None, "it was written just now"
    assert len(versions) == 2
    assert None not in versions


def test_a_server_escapes_names(folder: Path) -> None:
    sound(folder / "a" / "ü (1) #.wav", 9)
    with served(folder.parent) as address:
        place = packed.folder("set", [f"{address}/set"])
        found = place / "a" / "ü (1) #.wav"
        assert found.read_bytes() == (folder / "a" / "ü (1) #.wav").read_bytes()
        assert [path.name for path in place.glob("a/*#.wav")] == [found.name]
