"""Data sets in archives, read without unpacking."""

import json
import os
import pickle
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench import archives, audio, data, packed
from bench.archives import DamagedError, PlaceError
from bench.audio import BadAudioError
from bench.data import DataError
from bench.digests import Digests
from tasks import Clip
from tests.commands import LINEAR, bench
from tests.layouts import Layout, every_layout, sound
from tests.packing import NAMES, a_set, tarred, zipped

LAYOUTS = every_layout()
every = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.task.name)
RATE = 16_000

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return a_set(tmp_path)


def names(place: Path) -> list[str]:
    return sorted(path.relative_to(place).as_posix() for path in place.rglob("*.*"))


PACKS: dict[str, Callable[[Path], Path]] = {
    "zip": lambda folder: zipped(folder, folder.with_suffix(".zip")),
    "zip with its folder": lambda folder: zipped(folder, folder.with_suffix(".zip"), "set/"),
    "tar": lambda folder: tarred(folder, folder.with_suffix(".tar")),
    "shards": lambda folder: tarred(folder, folder.with_name("set-00000.tar")),
}


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS.keys())
def test_an_archive_reads_as_the_folder_it_would_become(
    folder: Path, pack: Callable[[Path], object]
) -> None:
    pack(folder)
    usual, folder = folder, folder.rename(folder.with_name("away"))
    place = packed.folder("set", [str(usual)])
    assert names(place) == NAMES
    assert place.is_dir()
    assert sorted(path.name for path in place.iterdir()) == ["a", "b", "table.csv"]
    assert sorted(path.name for path in place.glob("*/*.wav")) == ["one.wav"]
    table = place / "table.csv"
    assert table.read_text(encoding="utf-8") == (folder / "table.csv").read_text()
    with table.open(encoding="utf-8", newline="") as opened:
        assert opened.readline() == "id,label\n"
    for name in NAMES[:3]:
        path = place / name
        assert path.read_bytes() == (folder / name).read_bytes()
        assert (path.stem, path.suffix) == ((folder / name).stem, (folder / name).suffix)
        np.testing.assert_array_equal(audio.read(path, RATE), audio.read(folder / name, RATE))
        assert audio.seconds(path) == audio.seconds(folder / name) == 1.0
    assert not (place / "none.wav").is_file()
    assert str((place / "a" / "one.wav").relative_to(place)) == "a/one.wav"
    copied = pickle.loads(pickle.dumps(path))  # noqa: S301 — our own
    assert copied.read_bytes() == path.read_bytes()


def plain(clip: Clip, root: Path) -> Clip:
    """A clip whose path is told from the root of its data set, and can be compared."""
    return replace(clip, path=Path(clip.path.relative_to(root).as_posix()))


@every
def test_every_adapter_lists_the_same_clips_from_archives(layout: Layout, tmp_path: Path) -> None:
    card = layout.place(tmp_path).card
    unpacked = tmp_path / card.data.name
    expected = data.clips(card, unpacked)
    archive = zipped(unpacked, tmp_path / "a.zip", f"{card.data.name}/")
    shards = tarred(unpacked, tmp_path / "b.tar")
    for place in (archive, shards):
        tree = packed.folder(card.data.name, [str(place)])
        found = data.clips(card, tree)
        assert [plain(each, tree) for each in found] == [plain(e, unpacked) for e in expected]
        assert found[0].path.read_bytes() == expected[0].path.read_bytes()


def test_a_run_from_an_archive_encodes_nothing_anew(toy: Path, capsys: Capture) -> None:
    place = toy.parent / "sets" / "placed"
    for number in range(60):
        sound(place / f"{number:02}.wav", number, 1 + number % 2)
    words = ("run", "-b", "level", "-t", "placed/loud", *LINEAR, "--json", "--data-root", "sets")
    code, first, err = bench(*words, capsys=capsys)
    assert code == 0, err
    zipped(place, place.with_suffix(".zip"))
    place.rename(place.with_name("away"))
    (toy.parent / "patience").touch()  # the encoder raises if it is called once more
    code, second, err = bench(*words, capsys=capsys)
    assert code == 0, err
    scores = [json.loads(out)["outcomes"][0]["record"]["scores"] for out in (first, second)]
    assert scores[0] == scores[1]


def test_names_may_hold_what_means_something_in_a_pattern_or_an_address(tmp_path: Path) -> None:
    odd = tmp_path / "a [1] #?%20"
    kept = ("b [2]/ü z.wav", "c?d/#1.wav", "e/x%20y.wav")
    for number, name in enumerate(kept):
        sound(odd / "away" / name, number)
    tarred(odd / "away", odd / "set-00000.tar")
    place = packed.folder("set", [str(odd / "set")])
    assert sorted(path.relative_to(place).as_posix() for path in place.glob("*/*.wav")) == [*kept]
    for name in kept:
        assert audio.read(place / name, RATE).shape == (RATE,)


def test_places_are_laid_over_each_other_and_the_first_wins(folder: Path) -> None:
    first = tarred(folder, folder.with_name("first-1.tar"))
    (folder / "table.csv").write_text("another")
    sound(folder / "c" / "four.wav", 4)
    second = zipped(folder, folder.with_name("second.zip"))
    place = packed.folder("set", [str(first.with_name("first-*.tar")), str(second)])
    assert names(place) == sorted([*NAMES, "c/four.wav"])
    assert (place / "table.csv").read_text() == "id,label\none,0\n"
    wrapped = zipped(folder, folder.with_name("third.zip"), "set/")
    assert names(packed.folder("set", [str(first), str(wrapped)])) == names(place)
    half = tarred(folder / "a", folder.with_name("set-00000.tar"), "set/a/")
    rest = tarred(folder / "b", folder.with_name("set-00001.tar"), "set/b/")
    assert names(packed.folder("set", [str(half), str(rest)])) == NAMES[:3]
    with pytest.raises(PlaceError, match=r"is not at .*nothing: neither"):
        packed.folder("set", [str(first), str(folder.with_name("nothing"))])
    other = packed.folder("set", [str(folder), str(second)])
    assert (other / "table.csv").read_text() == "another"


def test_a_file_of_settings_names_places(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from bench import places

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BENCH_DATA", raising=False)
    said = 'root = "s3://bucket/data"\n[data.sets]\nset = ["here", "here/*.tar", "https://x.y/z"]\n'
    Path("bench.toml").write_text(f"[data]\n{said}")
    assert places.of("set") == (
        str(tmp_path / "here"),
        str(tmp_path / "here" / "*.tar"),
        "https://x.y/z",
    )
    assert places.of("other") == ("s3://bucket/data/other",)
    assert places.root() == ("s3://bucket/data", str(tmp_path / "bench.toml"))
    assert folder.is_dir()


def test_digests_of_packed_files_are_remembered_until_the_archive_changes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = zipped(folder, folder.with_suffix(".zip"))
    known = Digests(tmp_path / "digests.sqlite")
    monkeypatch.setattr(archives, "SETTLED", -60.0)
    place = packed.folder("set", [str(archive)])
    first = known.of([place / "table.csv"])
    assert first.values() == known.of([folder / "table.csv"]).values() or len(first) == 1
    monkeypatch.setattr(packed.Packed, "_open", _refuse)
    assert known.of([place / "table.csv"]) == first
    monkeypatch.undo()
    (folder / "table.csv").write_text("another")
    zipped(folder, archive)
    os.utime(archive, (time.time() + 9,) * 2)
    second = known.of([packed.folder("set", [str(archive)]) / "table.csv"])
    assert {*second.values()} == {*known.of([folder / "table.csv"]).values()}
    assert {*second.values()} != {*first.values()}


def _refuse(*_: object, **__: object) -> None:
    message = "it was read again"
    raise AssertionError(message)


def test_a_fresh_archive_is_not_trusted_to_stay(folder: Path) -> None:
    for archive in (
        zipped(folder, folder.with_suffix(".zip")),
        tarred(folder, folder.with_suffix(".tar")),
    ):
        place = packed.folder("set", [str(archive)])
        assert packed.version_of(place / "table.csv") is None


def test_names_cannot_leave_the_folder(tmp_path: Path) -> None:
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("../../etc/passwd", "x")
        opened.writestr("/abs.csv", "y")
    assert names_of(packed.folder("set", [str(archive)])) == ["abs.csv", "passwd"]


def names_of(place: Path) -> list[str]:
    return sorted(path.name for path in place.rglob("*") if path.is_file())


def test_a_damaged_member_is_bad_audio_and_the_others_are_read(folder: Path) -> None:
    archive = zipped(folder, folder.with_suffix(".zip"))
    with zipfile.ZipFile(archive) as opened:
        start = opened.getinfo("a/one.wav").header_offset
    content = bytearray(archive.read_bytes())
    content[start + 500 : start + 540] = bytes(40)
    archive.write_bytes(content)
    place = packed.folder("set", [str(archive)])
    bad = place / "a" / "one.wav"
    with pytest.raises(DamagedError):
        bad.read_bytes()
    with pytest.raises(BadAudioError, match=r"/set\.zip/a/one\.wav: corrupt: "):
        audio.read(bad, RATE)
    assert audio.read(place / "a" / "two.flac", RATE).shape == (RATE,)
    found = Digests(folder.parent / "digests.sqlite").of([bad, place / "a" / "two.flac"])
    assert [*found] == [place / "a" / "two.flac"]


@pytest.mark.parametrize("packing", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_damaged_stream_of_any_kind_is_one_bad_file(folder: Path, packing: int) -> None:
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", packing) as opened:
        opened.write(folder / "a" / "one.wav", "one.wav")
    content = bytearray(archive.read_bytes())
    content[300:900] = bytes(600)
    archive.write_bytes(content)
    place = packed.folder("set", [str(archive)])
    with pytest.raises(BadAudioError, match=r"one\.wav: corrupt: "):
        audio.read(place / "one.wav", RATE)


def test_truncated_and_other_archives_are_told(folder: Path, tmp_path: Path) -> None:
    tar = tarred(folder, tmp_path / "cut.tar")
    tar.write_bytes(tar.read_bytes()[:20_000])
    with pytest.raises(PlaceError, match=r"cut.tar is not a whole archive \(.*\): fetch it again"):
        packed.folder("set", [str(tar)]).is_dir()
    cut = zipped(folder, tmp_path / "cut.zip")
    cut.write_bytes(cut.read_bytes()[:20_000])
    with pytest.raises(PlaceError, match=r"cut.zip is not a whole archive"):
        packed.folder("set", [str(cut)]).is_dir()
    squeezed = tarred(folder, tmp_path / "set.tar.gz", mode="w:gz")
    with pytest.raises(PlaceError, match="is compressed as a whole: unpack it"):
        packed.folder("set", [str(squeezed)]).is_dir()
    with pytest.raises(PlaceError, match=r"is not at .*none.zip: neither a folder nor archives"):
        packed.folder("set", [str(tmp_path / "none.zip")])
    with pytest.raises(PlaceError, match=r"Protocol not known: foo; `pip install .*remote"):
        packed.folder("set", ["foo://x/y"])
    with pytest.raises(PlaceError, match=r"cannot be read: .*onnect"):
        packed.folder("set", ["http://127.0.0.1:1/x"])


def test_it_is_read_only(folder: Path) -> None:
    place = packed.folder("set", [str(zipped(folder, folder.with_suffix(".zip")))])
    with pytest.raises(PermissionError, match="can only be read"):
        (place / "table.csv").write_text("x")
    with pytest.raises(FileNotFoundError):
        (place / "none.csv").read_text()
    with pytest.raises(NotADirectoryError):
        list((place / "none").iterdir())


def test_a_table_that_is_missing_in_an_archive_is_one_line(tmp_path: Path) -> None:
    layout = next(each for each in LAYOUTS if each.task.name == "fma/small")
    card = layout.place(tmp_path).card
    (tmp_path / "fma" / "fma_metadata" / "tracks.csv").unlink()
    tree = packed.folder("fma", [str(zipped(tmp_path / "fma", tmp_path / "fma.zip"))])
    with pytest.raises(
        DataError, match=r"fma/small cannot be read from /.*/fma\.zip: .*/fma\.zip/.*tracks\.csv"
    ):
        data.clips(card, tree)
