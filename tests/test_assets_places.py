"""Where `bench.assets` looks before it downloads: mirror, local paths, its own cache."""

import hashlib
import re
import sys
import time
import zipfile
from pathlib import Path

import platformdirs
import pytest

from bench.assets import AssetError, cache_folder, cached, clients, fetch
from bench.assets.cache import Shelf


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("BENCH_CACHE", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("BENCH_MIRROR", raising=False)
    return folder


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    folder = tmp_path / "mirror"
    folder.mkdir()
    return folder


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_zip(path: Path, text: str = "a") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("demo/a.txt", text)
    return path


def pypi(digest: str, name: str = "d-e.mo") -> str:
    return f"pkg:pypi/{name}@1.0?checksum=sha256:{digest}#demo/a.txt"


@pytest.mark.parametrize("name", ["D.e_mo-1.0-cp311-none-any.whl", "digest"])
def test_the_mirror_is_known_by_name_or_by_digest(
    mirror: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_zip(mirror / name)
    digest = sha256(path)
    if name == "digest":
        path = path.rename(mirror / digest)
    make_zip(mirror / "d_e_mo-1.0-cp310-none-any.whl", "for another Python")
    monkeypatch.setenv("BENCH_MIRROR", str(mirror))
    with pytest.raises(AssetError, match=r"other 1.0 .* cannot be downloaded with pip"):
        fetch(pypi("0" * 64, "other"))
    assert fetch(pypi(digest)).read_text() == "a"
    assert fetch(pypi(digest).partition("#")[0]).name == path.name
    assert path.exists()


def test_the_mirror_argument_goes_before_the_environment(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_MIRROR", str(tmp_path / "none"))
    digest = sha256(make_zip(mirror / "d_e_mo-1.0-py3-none-any.whl"))
    with pytest.raises(AssetError, match=r"the mirror .*none is no folder: make it, or unset"):
        fetch(pypi(digest))
    assert fetch(pypi(digest), mirror=mirror).read_text() == "a"


def test_a_placed_file_with_another_digest_is_named_with_both(cache: Path) -> None:
    (cache / "placed").mkdir(parents=True)
    path = make_zip(cache / "placed" / "d_e_mo-1.0-py3-none-any.whl")
    with pytest.raises(AssetError) as raised:
        fetch(pypi("1" * 64))
    assert str(raised.value) == (
        f"{path} has sha256 {sha256(path)}, but d-e.mo 1.0 (d_e.mo-1.0-*.whl, "
        f"sha256 {'1' * 64}) is pinned: replace or remove that file"
    )


def test_a_file_of_the_hub_keeps_its_name_in_the_cache(mirror: Path) -> None:
    path = mirror / "owner--name--deep--model.bin"
    path.write_bytes(b"weights")
    pin = f"pkg:huggingface/owner/name@main?checksum=sha256:{sha256(path)}#deep/model.bin"
    assert fetch(pin, mirror=mirror).name == "model.bin"
    assert cached(pin) == fetch(pin)


def test_a_spoilt_archive_of_the_cache_is_fetched_again(mirror: Path) -> None:
    path = mirror / "d_e_mo-1.0-py3-none-any.whl"
    digest = sha256(make_zip(path))
    whole = pypi(digest).partition("#")[0]
    kept = fetch(whole, mirror=mirror)
    kept.unlink()
    kept.write_text("spoilt")
    assert fetch(pypi(digest), mirror=mirror).read_text() == "a"
    assert sha256(fetch(whole)) == digest
    kept.unlink()
    assert cached(whole) is None


def test_where_a_second_name_is_impossible_the_mirror_is_copied(
    mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = sha256(make_zip(mirror / "d_e_mo-1.0-py3-none-any.whl"))

    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("pathlib.Path.hardlink_to", refuse)
    assert fetch(pypi(digest), mirror=mirror).read_text() == "a"


def test_a_local_file_is_used_in_place_once_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a b.bin"
    path.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    quoted = str(path).replace(" ", "%20")
    for pin in ("a b.bin", f"file:{quoted}", f"file://{quoted}?checksum=sha256:{sha256(path)}"):
        assert fetch(pin) == path
        assert cached(pin) == path
    with pytest.raises(AssetError, match=f"has sha256 {sha256(path)}, but {'0' * 64} is pinned"):
        fetch(f"{path}?checksum=sha256:{'0' * 64}")


def test_a_local_folder_gives_its_members(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "x").write_text("x")
    assert fetch(str(folder)) == folder
    assert fetch(f"{folder}?checksum=sha256:{sha256(folder / 'x')}#x") == folder / "x"
    with pytest.raises(AssetError, match="is a folder, which has no sha256: pin a file of it"):
        fetch(f"{folder}?checksum=sha256:{'0' * 64}")
    assert cached(str(tmp_path / "none")) is None
    with pytest.raises(AssetError, match="none does not exist"):
        fetch(str(tmp_path / "none"))


def test_a_local_archive_gives_its_members(tmp_path: Path, cache: Path) -> None:
    path = make_zip(tmp_path / "data.zip")
    file = fetch(f"{path}#demo/a.txt")
    assert file == cache / "assets" / sha256(path) / "unpacked/demo/a.txt"
    assert fetch(f"{path}?checksum=sha256:{sha256(path)}#demo") == file.parent
    assert fetch(f"{path}#demo/a.txt") == file
    with pytest.raises(AssetError, match="but 0000"):
        fetch(f"{path}?checksum=sha256:{'0' * 64}#demo")


def test_the_cache_is_the_platforms_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_CACHE", "~/elsewhere")
    assert cache_folder() == Path.home() / "elsewhere"
    monkeypatch.delenv("BENCH_CACHE")
    assert cache_folder() == Path(platformdirs.user_cache_dir("mulap-bench", appauthor=False))


def test_a_cache_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "assets").touch()
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path))
    complaint = f"cannot be kept in {tmp_path}: [Errno 20] Not a directory"
    with pytest.raises(AssetError, match=re.escape(complaint)):
        fetch(pypi("0" * 64))


def test_sources_whose_client_is_missing_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert clients() == {
        "pypi": "ok",
        "npm": "npm is not installed",
        "deb": "apt-get is not installed",
        "huggingface": "huggingface_hub is not installed: run `pip install 'mulap-bench[hub]'`",
        "generic": "ok",
        "file": "ok",
    }
    pin = f"pkg:huggingface/o/n@main?checksum=sha256:{'0' * 64}#m.bin"
    with pytest.raises(AssetError, match=r"from the hub: huggingface_hub is not installed: run"):
        fetch(pin)


def test_a_cache_that_cannot_be_made_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "file" / "cache"))
    complaint = (
        f"the cache folder {tmp_path}/file/cache cannot be made (Not a directory); set BENCH"
    )
    with pytest.raises(AssetError, match=re.escape(complaint)):
        cache_folder()


@pytest.mark.parametrize("links", [True, False])
def test_files_that_are_together_are_put_there_once(
    *, links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    if not links:
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"weights")
    second.write_bytes(b"other")
    shelf = Shelf("key")
    place = shelf.together({"deep/file": first}) / "deep" / "file"
    changed = place.stat().st_ctime_ns
    time.sleep(0.01)
    assert shelf.together({"deep/file": first}) / "deep" / "file" == place
    assert place.stat().st_ctime_ns == changed
    shelf.together({"deep/file": second})
    assert place.read_bytes() == b"other"
    assert first.read_bytes() == b"weights"
    assert [path.name for path in place.parent.iterdir()] == ["file"]
