"""What archives hold besides plain files, and what several of them hold together."""

import stat
import tarfile
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from bench import data, members, packed
from bench.archives import PlaceError
from tests.datasets import good_sounds
from tests.packing import a_set, files, tarred, zipped

LINKS = {
    "b/same.wav": "../a/one.wav",
    "b/again.wav": "./same.wav",
    "c": "new/.",
    "new": "a",
    "__MACOSX/x": "gone",
}
"""Two of them lead to another one, and one of these to a folder."""


def linked(folder: Path, archive: Path, links: dict[str, str]) -> Path:
    """A tar or zip of a folder's files, with links before them."""
    if archive.suffix == ".tar":
        with tarfile.open(archive, "w") as tar:
            for name, target in links.items():
                info = tarfile.TarInfo(f"./{name}")
                info.type, info.linkname = tarfile.SYMTYPE, target
                tar.addfile(info)
            tar.add(folder, ".")
        return archive
    with zipfile.ZipFile(archive, "w") as opened:
        for name, target in links.items():
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
            opened.writestr(entry, target)
        for name, content in files(folder).items():
            opened.writestr(name, content)
    return archive


@pytest.mark.parametrize("suffix", [".tar", ".zip"])
def test_links_of_an_archive_are_followed(tmp_path: Path, suffix: str) -> None:
    folder = a_set(tmp_path)
    place = packed.folder("set", [str(linked(folder, tmp_path / f"x{suffix}", LINKS))])
    content = (folder / "a" / "one.wav").read_bytes()
    for name in ("a/one.wav", "b/same.wav", "b/again.wav", "c/one.wav", "new/one.wav"):
        assert (place / name).read_bytes() == content
    assert sorted(path.name for path in place.glob("*/*.flac")) == ["two.flac"] * 3
    assert not (place / "__MACOSX").exists()


@pytest.mark.parametrize("suffix", [".tar", ".zip"])
@pytest.mark.parametrize(
    ("links", "said"),
    [
        ({"b/x.wav": "nowhere.wav"}, "its b/x.wav is a link to b/nowhere.wav, which it does not"),
        ({"x": "/etc"}, "its x is a link to /etc, which it does not hold: unpack it"),
        ({"x": "../../set"}, "its x is a link to ../../set, which it does not hold"),
        ({"x": "y", "y": "x"}, "its x is a link to y, which leads in a circle or through more"),
        ({"a/x": "../a"}, "its a/x is a link to a folder that it lies in: remove it"),
        ({"x": "."}, "its x is a link to a folder that it lies in: remove it"),
        ({"x": "a/one.wav/../two.flac"}, r"its x is a link to a/two.flac, which it does not hold"),
        ({"a": "b"}, "its a is a link and a folder at once: make the archive anew"),
        (
            {f"x{n}/{side}": f"../x{n + 1}" for n in range(25) for side in "lr"} | {"x25": "b"},
            "its links stand for more than 9 files or folders: unpack it and place",
        ),
    ],
)
def test_a_link_that_leads_nowhere_is_told(
    tmp_path: Path, suffix: str, links: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "MOST_LINKED", 9)
    archive = linked(a_set(tmp_path), tmp_path / f"x{suffix}", links)
    with pytest.raises(PlaceError, match=rf"/x\{suffix} cannot be read: {said}"):
        packed.folder("set", [str(archive)]).is_dir()


@pytest.mark.parametrize("suffix", [".tar", ".zip"])
def test_a_link_through_a_link_leads_where_it_would_on_a_disk(tmp_path: Path, suffix: str) -> None:
    folder = a_set(tmp_path)
    (folder / "b" / "deep").mkdir()
    (folder / "b" / "deep" / "four.wav").touch()
    links = {"d": "b/deep", "x": "d/../three.ogg"}
    place = packed.folder("set", [str(linked(folder, tmp_path / f"x{suffix}", links))])
    assert (place / "x").read_bytes() == (folder / "b" / "three.ogg").read_bytes()


def entry(tar: tarfile.TarFile, name: str, content: bytes = b"", hard: str = "") -> None:
    info = tarfile.TarInfo(name)
    info.size, info.linkname = len(content), hard
    info.type = tarfile.LNKTYPE if hard else tarfile.REGTYPE
    tar.addfile(info, BytesIO(content))


def test_a_hard_link_is_to_what_lies_before_it(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "set.tar", "w") as tar:
        entry(tar, "a", b"old")
        entry(tar, "./b", hard="a")
        entry(tar, "c", hard="b")
        entry(tar, "a", b"new")
    place = packed.folder("set", [str(tmp_path / "set.tar")])
    assert [(place / name).read_bytes() for name in "abc"] == [b"new", b"old", b"old"]


def test_a_hard_link_to_nothing_is_told(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "set.tar", "w") as tar:
        entry(tar, "b", hard="a")
        entry(tar, "a", b"late")
    place = packed.folder("set", [str(tmp_path / "set.tar")])
    with pytest.raises(PlaceError, match=r"its b is a hard link to a, .*: make the archive anew"):
        place.is_dir()


def damaged(content: bytes) -> bytes:
    return content[:1024] + b"?" + content[1025:]


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (damaged, "behind 1,024 of its 10,240 bytes it is damaged, or another tar"),
        (lambda content: content[:1024], "it is cut off after 1,024 bytes"),
        (lambda content: content[:1224], "it is cut off after 1,024 bytes"),
        (lambda content: content * 2, "behind 2,048 of its 20,480 bytes it is damaged, or ano"),
    ],
    ids=["header", "between", "within", "two"],
)
def test_what_follows_a_damaged_header_is_not_lost_in_silence(
    tmp_path: Path, harm: Callable[[bytes], bytes], said: str
) -> None:
    with tarfile.open(tmp_path / "set.tar", "w") as tar:
        entry(tar, "a", b"1")
        entry(tar, "b", b"2")
    (tmp_path / "set.tar").write_bytes(harm((tmp_path / "set.tar").read_bytes()))
    place = packed.folder("set", [str(tmp_path / "set.tar")])
    with pytest.raises(PlaceError, match=rf"is not a whole archive \({said}.*fetch it again"):
        place.is_dir()


def test_links_of_a_folder_are_followed(tmp_path: Path) -> None:
    folder = a_set(tmp_path)
    (folder / "a").rename(tmp_path / "disk")
    (folder / "a").symlink_to(tmp_path / "disk")
    (folder / "lost").symlink_to("nowhere")
    tables = tarred(folder / "b", tmp_path / "tables.tar", "set/c/")
    place = packed.folder("set", [str(folder), str(tables)])
    assert (place / "a" / "one.wav").read_bytes() == (tmp_path / "disk/one.wav").read_bytes()
    assert (place / "c" / "three.ogg").is_file()
    assert not (place / "lost").is_file()
    (tmp_path / "disk" / "up").symlink_to(folder)
    with pytest.raises(PlaceError, match=r"its .*/a/up is a link to .*, which it lies in: remove"):
        packed.folder("set", [str(folder)]).is_dir()


def test_a_sparse_file_is_not_read_as_what_is_stored_of_it(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "set.tar", "w") as tar:
        info = tarfile.TarInfo("hole.wav")
        info.size = 4
        info.pax_headers = {"GNU.sparse.map": "1000,4", "GNU.sparse.size": "2000"}
        tar.addfile(info, BytesIO(b"RIFF"))
    place = packed.folder("set", [str(tmp_path / "set.tar")])
    with pytest.raises(
        PlaceError, match=r"it holds hole\.wav as a sparse file; make it anew without"
    ):
        place.is_dir()


def test_tables_beside_an_archive_that_wraps_all_are_in_one_folder(tmp_path: Path) -> None:
    folder = a_set(tmp_path)
    tables = tmp_path / "tables"
    tables.mkdir()
    (folder / "table.csv").rename(tables / "table.csv")
    wrapped = zipped(folder, tmp_path / "audio.zip", "set/")
    place = packed.folder("set", [str(tables), str(wrapped)])
    assert sorted(path.name for path in place.iterdir()) == ["a", "b", "table.csv"]
    assert str(place / "table.csv") == str(tables / "table.csv")
    assert str(place / "a" / "one.wav") == f"{wrapped}/set/a/one.wav"
    assert str(place / "gone.wav") == f"gone.wav in {tables}, {wrapped}"


def test_shards_of_one_place_are_wrapped_together_or_not_at_all(tmp_path: Path) -> None:
    folder = a_set(tmp_path)
    tarred(folder / "a", tmp_path / "set-00000.tar", "set/")
    tarred(folder, tmp_path / "set-00001.tar")
    folder.rename(tmp_path / "away")
    place = packed.folder("set", [str(tmp_path / "set")])
    assert (place / "set" / "one.wav").is_file()
    assert (place / "table.csv").is_file()


def test_the_published_archive_of_good_sounds_is_read_beside_its_tables(tmp_path: Path) -> None:
    """Its only folder is called as the data set is, and belongs to the layout."""
    card = good_sounds.LAYOUTS[0].place(tmp_path).card
    tables = tmp_path / "good-sounds"
    inner = (tables / "good-sounds").rename(tmp_path / "audio")
    published = zipped(inner, tmp_path / "published.zip", "good-sounds/")
    clips = data.clips(card, packed.folder("good-sounds", [str(tables), str(published)]))
    assert all(clip.path.is_file() for clip in clips)


def test_a_file_that_is_in_none_of_many_archives_names_the_first_of_them(tmp_path: Path) -> None:
    folder = a_set(tmp_path)
    shards = [tarred(folder, tmp_path / f"x-{number}.tar") for number in range(5)]
    place = packed.folder("set", [str(tmp_path / "x-*.tar")])
    named = ", ".join(map(str, shards[: packed.SHOWN]))
    assert str(place / "gone.wav") == f"gone.wav in {named} …"
    assert str(place) == f"set in {named} …"
    assert str(packed.folder("set", ["memory://nowhere/set"])) == "packed://set"
