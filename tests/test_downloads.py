"""Published archives that are downloaded into a data set's folder."""

import hashlib
import os
import shutil
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import assets, data, downloads, registry
from bench.assets import AssetError
from bench.downloads import RoomError, bring
from bench.progress import Reporter
from bench.registry import Registry
from tasks import Archive
from tests.commands import bench
from tests.layouts import text
from tests.packing import files, served, tarred, zipped

Usage = namedtuple("Usage", ("total", "used", "free"))  # noqa: PYI024 — as shutil's


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """What a source publishes: a zip, a compressed tar with a folder around all, and a table."""
    folder = tmp_path / "source"
    one, two = tmp_path / "one", tmp_path / "two"
    text(one / "keys" / "a.txt", "C major")
    text(two / "b.txt", "D minor")
    text(folder / "table.csv", "id\na\n")
    zipped(one, folder / "keys.zip")
    tarred(two, folder / "audio.tar.gz", "wrapped/", "w:gz")
    return folder


@pytest.fixture
def address(source: Path) -> Iterator[str]:
    with served(source) as found:
        yield found


def archive(source: Path, address: str, name: str, into: str = "", inside: str = "") -> Archive:
    digest = hashlib.md5((source / name).read_bytes()).hexdigest()  # noqa: S324 — as Zenodo
    pin = f"pkg:generic/demo@1?checksum=md5:{digest}&download_url={address}/{name}{inside}"
    return Archive(pin, into)


def archives(source: Path, address: str) -> list[Archive]:
    return [
        archive(source, address, "table.csv"),
        archive(source, address, "keys.zip"),
        archive(source, address, "audio.tar.gz", "sounds", "#wrapped"),
    ]


WHOLE = {"table.csv": b"id\na\n", "keys/a.txt": b"C major", "sounds/b.txt": b"D minor"}


def test_archives_are_unpacked_where_they_belong_and_not_kept(
    source: Path, address: str, tmp_path: Path, cache: Path
) -> None:
    place, pins = tmp_path / "data" / "demo", archives(source, address)
    bring(pins, place, Reporter())
    assert files(place) == WHOLE
    assert not [path for path in (cache / "assets").iterdir() if path.is_dir()]
    shutil.rmtree(source)
    bring(pins, place, Reporter())
    assert files(place) == WHOLE


def test_it_goes_on_after_an_archive_that_is_not_what_was_published(
    source: Path, address: str, tmp_path: Path
) -> None:
    place, pins = tmp_path / "data" / "demo", archives(source, address)
    good = (source / "audio.tar.gz").read_bytes()
    (source / "audio.tar.gz").write_bytes(b"another")
    with pytest.raises(AssetError, match="what came has md5"):
        bring(pins, place, Reporter())
    assert files(place) == {name: WHOLE[name] for name in ("table.csv", "keys/a.txt")}
    (source / "audio.tar.gz").write_bytes(good)
    (source / "keys.zip").unlink()
    text(place.parent / ".demo.unpacking-killed" / "half", "left by a process that was killed")
    bring(pins, place, Reporter())
    assert files(place) == WHOLE
    assert sorted(path.name for path in place.parent.iterdir()) == [
        ".demo.fetched",
        ".demo.lock",
        "demo",
    ]


def test_what_a_user_placed_is_left_alone(source: Path, address: str, tmp_path: Path) -> None:
    place = tmp_path / "data" / "demo"
    text(place / "table.csv", "mine")
    bring(archives(source, address), place, Reporter())
    assert files(place) == {"table.csv": b"mine"}


def test_a_folder_that_a_killed_process_began_is_not_taken_for_the_users(
    source: Path, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, pins = tmp_path / "data" / "demo", archives(source, address)

    def killed(_unpacked: Path, into: Path) -> None:
        text(into / "table.csv", "half")
        raise KeyboardInterrupt

    monkeypatch.setattr(downloads, "move", killed)
    with pytest.raises(KeyboardInterrupt):
        bring(pins, place, Reporter())
    monkeypatch.undo()
    bring(pins, place, Reporter())
    assert files(place) == WHOLE
    empty = tmp_path / "other" / "demo"
    empty.mkdir(parents=True)
    bring(pins, empty, Reporter())
    assert files(empty) == WHOLE


def test_a_folder_that_was_removed_is_brought_again(
    source: Path, address: str, tmp_path: Path
) -> None:
    place, pins = tmp_path / "data" / "demo", archives(source, address)
    bring(pins, place, Reporter())
    shutil.rmtree(place)
    bring(pins, place, Reporter())
    assert files(place) == WHOLE


@pytest.mark.parametrize(
    ("free", "error", "message"),
    [
        (3, AssetError, "table.csv.*: 5 bytes are needed, 3 are free at"),
        (
            6,
            RoomError,
            "keys.zip cannot be unpacked: at least 7 bytes are needed, 6 are free at .*--data-root",
        ),
    ],
)
def test_a_disk_without_room_is_told_before(
    source: Path,
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    error: type[Exception],
    message: str,
) -> None:
    pins = archives(source, address)
    if error is RoomError:
        assets.fetch(pins[1].pin)
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: Usage(free, 0, free))
    with pytest.raises(error, match=message):
        bring(pins, tmp_path / "data" / "demo", Reporter())


CARD = """
from tasks import Archive, Clip, DataSet, Kind, Split, Task
from tasks._metrics import ACCURACY
def clips(folder):
    read = [folder / "keys" / "a.txt", folder / "sounds" / "b.txt"] * 3
    return [Clip(str(n), s, read[n % 2], n % 2, str(n)) for n, s in enumerate([*Split] * 4)]
card = Task(
    name="demo/one", summary="s", kind=Kind.MULTICLASS, labels=("a", "b"), metrics=(ACCURACY,),
    data=DataSet(name="demo", licence="CC0", paper="p", how_to_get="Ask.", recorded=True,
                 archives=(ARCHIVES)),
    clips=clips, counts={split: 4 for split in Split},
)
"""


def test_a_user_is_told_of_the_command_and_the_licence(
    source: Path,
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BENCH_DATA", raising=False)
    said = ", ".join(f"Archive({a.pin!r}, {a.into!r})" for a in archives(source, address))
    Path("demo.py").write_text(CARD.replace("ARCHIVES", f"{said},"))
    words = ("demo/one", "-i", "demo.py", "--data-root", "sets")
    code, _, err = bench("data", "check", *words, "--json", capsys=capsys)
    assert code == 2
    code, out, err = bench("data", "fetch", *words, capsys=capsys)
    assert code == 0, err
    assert out == f"demo/one: {Path('sets/demo').absolute()}\n"
    assert "licence of demo: CC0\n" in err
    for line in ("downloading audio.tar.gz", "unpacking audio.tar.gz into"):
        assert line in err
    entry = registry.find(["demo.py"]).tasks["demo/one"]
    monkeypatch.setenv("BENCH_DATA", "elsewhere")
    with pytest.raises(data.DataError, match=r"`bench data fetch demo/one` downloads it\. Ask\."):
        data.ready(entry, lambda _done, _total: None)


def test_the_archives_of_every_card_are_pinned(cards: Registry) -> None:
    pins = [each for entry in cards.tasks for each in entry.card.data.archives]
    assert pins
    for each in pins:
        parsed = assets.parse(each.pin)
        assert parsed.declared
        assert parsed.url.startswith("https://")
        assert os.path.normpath(each.into or ".") == (each.into or ".")
    assert downloads.ALL.total > 1 << 40
