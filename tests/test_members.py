"""What archives hold besides plain files, and what several of them hold together."""

import stat
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from bench import data, packed
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
        ({"x": "y", "y": "x"}, "its x is a link to y, which it does not hold"),
        ({"a/x": "../a"}, "its a/x is a link to a, which it does not hold"),
        ({"x": "."}, r"its x is a link to \., which it does not hold"),
    ],
)
def test_a_link_that_leads_nowhere_is_told(
    tmp_path: Path, suffix: str, links: dict[str, str], said: str
) -> None:
    archive = linked(a_set(tmp_path), tmp_path / f"x{suffix}", links)
    with pytest.raises(PlaceError, match=rf"/x\{suffix} cannot be read: {said}"):
        packed.folder("set", [str(archive)]).is_dir()


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
