"""Unpacking: every kind of archive, and everything that an archive must not do."""

import hashlib
import io
import os
import re
import shutil
import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bench.assets import AssetError, Limits, fetch

needs_dpkg = pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="dpkg-deb is not installed")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("BENCH_CACHE", str(folder))
    return folder


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def make_tar(path: Path, *entries: tarfile.TarInfo, mode: str = "w") -> Path:
    """A tar whose plain files hold their own names."""
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for info in entries:
            content = info.name.encode() if info.isreg() else b""
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def make_zip(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def make_file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def special(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def outside(tmp_path: Path) -> list[str]:
    """What lies beside the cache and the archive."""
    return sorted(p.name for p in tmp_path.iterdir() if p.name not in {"cache", "archive"})


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
def test_a_tar_gives_files_and_folders(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "archive"
    entries = entry("./a/b"), entry("a/c/d"), entry("e"), entry("a/k", tarfile.LNKTYPE, "e")
    make_tar(path, *entries, mode=f"w:{compression}")
    folder = fetch(f"{path}#a")
    assert sorted(p.name for p in folder.rglob("*")) == ["b", "c", "d", "k"]
    assert (folder / "c/d").read_text() == "a/c/d"
    assert (folder / "k").read_text() == "e"


def test_a_zip_gives_files_and_empty_folders(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "archive", ("a/", b""), ("a/empty/", b""), ("a/b", b"b"))
    folder = fetch(f"{path}#a")
    assert (folder / "b").read_bytes() == b"b"
    assert (folder / "empty").is_dir()


def test_links_within_the_member_are_kept(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "archive", entry("a/b"), entry("a/l", tarfile.SYMTYPE, "b"))
    assert (fetch(f"{path}#a") / "l").read_text() == "a/b"


HOSTILE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "absolute": (lambda p: make_tar(p, entry("/a/b")), "'/a/b', which may lead outside"),
    "parent": (lambda p: make_tar(p, entry("a/../../b")), "'a/../../b', which may lead outside"),
    "zip absolute": (lambda p: make_zip(p, ("/a/b", b"")), "'/a/b', which may lead outside"),
    "zip parent": (lambda p: make_zip(p, ("../a", b"")), "'../a', which may lead outside"),
    "drive": (lambda p: make_zip(p, ("C:/a", b"")), "'C:/a', which may lead outside"),
    "backslash": (lambda p: make_zip(p, ("a\\..\\b", b"")), "which may lead outside"),
    "beside what is wanted": (
        lambda p: make_tar(p, entry("a/b"), entry("../x")),
        "'../x', which may lead outside",
    ),
    "link outside": (
        lambda p: make_tar(p, entry("a/l", tarfile.SYMTYPE, "../../x")),
        "link to",
    ),
    "absolute link": (
        lambda p: make_tar(p, entry("a/l", tarfile.SYMTYPE, "/etc/passwd")),
        "link to an absolute path",
    ),
    "hard link outside": (
        lambda p: make_tar(p, entry("a/l", tarfile.LNKTYPE, "../../x")),
        "link to",
    ),
    "hard link to nothing": (
        lambda p: make_tar(p, entry("a/l", tarfile.LNKTYPE, "a/none")),
        "none",
    ),
    "link to what is not taken": (
        lambda p: make_tar(p, entry("b"), entry("a/l", tarfile.SYMTYPE, "../b")),
        "the link a/l leads to ../b, which was not asked for",
    ),
    "behind a link": (
        lambda p: make_tar(
            p, entry("a/d", tarfile.DIRTYPE), entry("a/l", tarfile.SYMTYPE, "d"), entry("a/l/x")
        ),
        "'a/l/x' lies behind a link",
    ),
    "over a link": (
        lambda p: make_tar(p, entry("a/b"), entry("a/l", tarfile.SYMTYPE, "b"), entry("a/l")),
        "'a/l' lies behind a link",
    ),
    "device": (lambda p: make_tar(p, entry("a/d", tarfile.CHRTYPE)), "special file"),
    "pipe": (lambda p: make_tar(p, entry("a/p", tarfile.FIFOTYPE)), "special file"),
    "zip link": (
        lambda p: make_zip(p, (special("a/l", stat.S_IFLNK | 0o777), b"/etc/passwd")),
        "'a/l' is encrypted, a link or a device",
    ),
    "zip twice": (
        lambda p: make_zip(p, (special("a/b", 0), b"1"), (special("./a/b", 0), b"2")),
        "cannot be unpacked: [Errno 17] File exists",
    ),
    "no archive": (lambda p: make_file(p, b"text"), "cannot be unpacked: it is no zip, no tar"),
    "no zip": (lambda p: make_file(p, b"PKtext"), "cannot be unpacked: File is not"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(
    tmp_path: Path, cache: Path, name: str
) -> None:
    make, complaint = HOSTILE[name]
    path = make(tmp_path / "archive")
    with pytest.raises(AssetError, match=re.escape(complaint)) as raised:
        fetch(f"{path}#a")
    assert str(raised.value).startswith("archive ")
    assert "\n" not in str(raised.value)
    assert outside(tmp_path) == []
    assert [p.name for p in cache.glob("assets/*/*")] == []


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "archive", ("a", b"secret"))
    packed = bytearray(path.read_bytes())
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(packed)
    with pytest.raises(AssetError, match="'a' is encrypted, a link or a device"):
        fetch(f"{path}#a")


def test_a_spoilt_archive_is_one_line(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "archive", ("a", b"content" * 99))
    packed = bytearray(path.read_bytes())
    packed[35] ^= 255
    path.write_bytes(packed)
    with pytest.raises(AssetError, match="archive cannot be unpacked: "):
        fetch(f"{path}#a")


def zeros_in_zip(path: Path, sizes: list[int]) -> Path:
    return make_zip(path, *((f"a/{number}", bytes(size)) for number, size in enumerate(sizes)))


def zeros_in_tar(path: Path, sizes: list[int]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for number, size in enumerate(sizes):
            info = entry(f"a/{number}")
            info.size = size
            tar.addfile(info, io.BytesIO(bytes(size)))
    return path


@pytest.mark.parametrize("make", [zeros_in_zip, zeros_in_tar])
@pytest.mark.parametrize(
    ("limits", "fits", "exceeds"),
    [
        (Limits(total=5_000_000), [2_500_000, 2_500_000], [2_500_000, 2_500_001]),
        (Limits(entry=3_000_000), [3_000_000, 3_000_000], [1, 3_000_001]),
        (Limits(entries=2), [9, 9], [0, 0, 0]),
    ],
)
def test_a_bomb_is_stopped_at_the_limit(
    tmp_path: Path,
    make: Callable[[Path, list[int]], Path],
    limits: Limits,
    fits: list[int],
    exceeds: list[int],
) -> None:
    folder = fetch(f"{make(tmp_path / 'fits', fits)}#a", limits=limits)
    assert [(folder / str(n)).stat().st_size for n in range(len(fits))] == fits
    with pytest.raises(AssetError, match=r"^exceeds is refused: .* more than \d+ "):
        fetch(f"{make(tmp_path / 'exceeds', exceeds)}#a", limits=limits)


def test_a_zip_that_announces_less_than_it_holds_is_refused(tmp_path: Path) -> None:
    path = zeros_in_zip(tmp_path / "archive", [9_000_000])
    packed = bytearray(path.read_bytes())
    directory = packed.index(b"PK\x01\x02")
    packed[directory + 24 : directory + 28] = (100).to_bytes(4, "little")
    path.write_bytes(packed)
    with pytest.raises(AssetError, match="archive cannot be unpacked: Bad CRC-32 for file 'a/0'"):
        fetch(f"{path}#a", limits=Limits(total=1000))


def test_a_member_that_is_not_there_is_answered_with_the_nearest(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "archive", ("data/train.csv", b""), ("data/test.csv", b""))
    with pytest.raises(AssetError) as raised:
        fetch(f"{path}#data/trian.csv")
    assert str(raised.value) == (
        "archive holds no 'data/trian.csv'; nearest are data/train.csv, data/test.csv"
    )
    with pytest.raises(AssetError, match="archive holds no 'zzz'; it has 2 entries"):
        fetch(f"{path}#zzz")


def make_deb(folder: Path) -> Path:
    """A package with two files and a link to an absolute path."""
    tree = folder / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    control = "Package: demo\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b.c>\n"
    (tree / "DEBIAN/control").write_text(f"{control}Description: demo\n")
    (tree / "usr/a").mkdir(parents=True)
    (tree / "usr/a/small").write_text("a")
    (tree / "usr/a/big").write_bytes(np.random.default_rng(0).bytes(3_000_000))
    (tree / "usr/absolute").symlink_to("/etc")
    path = folder / "demo_1_all.deb"
    dpkg = str(shutil.which("dpkg-deb"))
    subprocess.run([dpkg, "-Zgzip", "--build", tree, path], check=True, capture_output=True)
    return path


@needs_dpkg
def test_a_debian_package_gives_its_files(tmp_path: Path) -> None:
    path = make_deb(tmp_path)
    pin = f"pkg:deb/debian/demo@1?checksum=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    assert (fetch(f"{pin}#usr/a", mirror=tmp_path) / "small").read_text() == "a"
    with pytest.raises(AssetError, match="link to an absolute path"):
        fetch(f"{pin}#usr/absolute", mirror=tmp_path)


@needs_dpkg
@pytest.mark.parametrize("late", [False, True])
def test_a_spoilt_debian_package_is_one_line(tmp_path: Path, *, late: bool) -> None:
    packed = bytearray(make_deb(tmp_path).read_bytes())
    packed[-12 if late else 66] ^= 255
    (tmp_path / "archive").write_bytes(packed)
    with pytest.raises(AssetError, match=r"^archive cannot be unpacked: [^\n]+$"):
        fetch(f"{tmp_path / 'archive'}#usr/a")


def test_what_dpkg_complains_of_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make_tar(tmp_path / "whole", entry("a"))
    program = tmp_path / "dpkg-deb"
    program.write_text(
        f"#!/bin/sh\ncat {whole}; head -c 50000 /dev/zero; printf 'one\\ntwo\\n' >&2; exit 2\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    (tmp_path / "archive").write_bytes(b"!<arch>\nnothing")
    with pytest.raises(AssetError, match=r"^archive cannot be unpacked: one two$"):
        fetch(f"{tmp_path / 'archive'}#a")


def test_a_debian_package_needs_dpkg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "archive").write_bytes(b"!<arch>\nnothing")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        AssetError, match="archive is a Debian package: unpacking it needs dpkg-deb"
    ):
        fetch(f"{tmp_path / 'archive'}#a")
