"""Files whose source publishes no checksum, against a real server that changes them."""

import hashlib
import io
import json
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backbones import Precision
from backbones.musicnn import musicnn_mtt
from bench import assets, board, describe, extraction
from bench.assets import AssetError, fetch
from bench.registry import Entry
from tests.serving import BODY, Server, running

OTHER = b"another file"
FETCH = "import sys; from bench.assets import settled; print(settled(sys.argv[1]))"


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("BENCH_CACHE", str(folder))
    monkeypatch.delenv("BENCH_MIRROR", raising=False)
    return folder


def pin_of(server: Server, member: str = "", *, version: str = "2.0") -> str:
    address = f"http://127.0.0.1:{server.server_port}/releases/2.0/file.bin"
    return f"pkg:generic/file@{version}?checksum=first-use&download_url={address}{member}"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_the_first_file_that_comes_is_remembered(server: Server, cache: Path) -> None:
    pin = pin_of(server)
    assert assets.cached(pin) is None
    assert assets.remembered(pin) == pin
    path = fetch(pin)
    assert path.read_bytes() == BODY
    assert (fetch(pin), assets.cached(pin)) == (path, path)
    assert server.ranges == [None]
    (note,) = (cache / "first-use").iterdir()
    address = f"http://127.0.0.1:{server.server_port}/releases/2.0/file.bin"
    assert note.read_text() == f"{sha256(BODY)}  {address}\n"
    whole = pin.replace("first-use", f"sha256:{sha256(BODY)}")
    assert assets.settled(pin) == assets.remembered(pin) == whole
    assert fetch(whole) == path


def test_another_file_is_refused_when_it_comes_again(server: Server, cache: Path) -> None:
    pin = pin_of(server)
    fetch(pin)
    assets.forget(pin)
    assert assets.cached(pin) is None
    assert assets.settled(pin).count(sha256(BODY)) == len(server.ranges) == 1
    server.body = OTHER
    with pytest.raises(AssetError) as raised:
        fetch(pin)
    (note,) = (cache / "first-use").iterdir()
    assert str(raised.value) == (
        f"file 2.0 (file.bin, sha256 {sha256(BODY)} on first use) cannot be downloaded from "
        f"http://127.0.0.1:{server.server_port}/releases/2.0/file.bin: what came has sha256 "
        f"{sha256(OTHER)}, no longer what came first: remove {note} if it may be another; put it "
        f"at {cache}/placed/file.bin"
    )
    note.unlink()
    assert fetch(pin).read_bytes() == OTHER


def test_a_file_that_was_changed_in_the_cache_is_refused(server: Server) -> None:
    path = fetch(pin_of(server))
    path.write_bytes(OTHER)
    expected = f"has sha256 {sha256(OTHER)}, but came with {sha256(BODY)}: remove "
    with pytest.raises(AssetError, match=expected):
        fetch(pin_of(server))


def test_members_of_one_archive_share_its_first_use(server: Server) -> None:
    server.body = zipped(one=b"1", two=b"2")
    assert fetch(pin_of(server, "#one")).read_bytes() == b"1"
    server.body = zipped(one=b"1", two=b"3")
    assert fetch(pin_of(server, "#two")).read_bytes() == b"2"
    assert server.ranges == [None]
    shutil.rmtree(fetch(pin_of(server)).parent)
    with pytest.raises(AssetError, match="no longer what came first"):
        fetch(pin_of(server, "#two"))


def test_a_part_that_an_earlier_attempt_left_is_not_built_upon(server: Server, cache: Path) -> None:
    (cache / "partial").mkdir(parents=True)
    (cache / "partial" / assets.parse(pin_of(server)).key).write_bytes(OTHER)
    assert fetch(pin_of(server)).read_bytes() == BODY
    assert server.ranges == [None]


def test_what_a_user_places_comes_first_too(server: Server, cache: Path) -> None:
    (cache / "placed").mkdir(parents=True)
    placed = cache / "placed" / "file.bin"
    placed.write_bytes(OTHER)
    assert fetch(pin_of(server)).read_bytes() == OTHER
    assets.forget(pin_of(server))
    placed.write_bytes(BODY)
    with pytest.raises(AssetError, match=f"{placed} has sha256 {sha256(BODY)}, but file 2.0 "):
        fetch(pin_of(server))
    assert server.ranges == []


def test_two_processes_agree(server: Server) -> None:
    server.go.clear()
    processes = [
        subprocess.Popen([sys.executable, "-c", FETCH, pin_of(server)], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    time.sleep(0.5)
    server.go.set()
    said = {process.communicate()[0] for process in processes}
    assert said == {f"{pin_of(server)}\n".replace("first-use", f"sha256:{sha256(BODY)}").encode()}
    assert server.ranges == [None]


def test_a_damaged_note_is_one_line(server: Server, cache: Path) -> None:
    fetch(pin_of(server))
    (note,) = (cache / "first-use").iterdir()
    note.write_text("")
    with pytest.raises(AssetError, match=rf"{note} should begin with a sha256: remove it"):
        fetch(pin_of(server))


def test_a_file_that_cannot_come_is_one_line(server: Server, cache: Path) -> None:
    pin = pin_of(server).replace(f":{server.server_port}/", ":9/")
    with pytest.raises(AssetError, match=r"file 2.0 \(file.bin, fixed on first use\) cannot be "):
        fetch(pin)
    assert not (cache / "first-use").exists()


@pytest.mark.parametrize("version", ["2.1", "", "master"])
def test_an_address_has_to_name_its_release(version: str, server: Server) -> None:
    pin = pin_of(server, version=version).replace("file@?", "file?")
    pin = pin.replace("/2.0/", "/master/") if version == "master" else pin
    with pytest.raises(AssetError, match="must hold the release or commit that stands after @"):
        fetch(pin)
    with pytest.raises(AssetError, match=r"needs checksum=sha256:<64 hexadecimal digits>"):
        fetch("pkg:pypi/file@1?checksum=first-use")


def test_keys_boards_and_cards_hold_what_came(server: Server, tmp_path: Path) -> None:
    card = replace(musicnn_mtt, weights=pin_of(server))
    entry = Entry(card, Path(extraction.__file__))
    said = "no published checksum: fixed on first use"
    assert describe.backbone(entry)["weights_held_to"] == said
    assert board.replaced(tmp_path, "tuned-v1", [card], []) == []
    key = extraction.key_of(entry, Precision.FP32)
    assert describe.backbone(entry)["weights_held_to"] == f"{said}, sha256 {sha256(BODY)}"
    fixed = replace(card, weights=pin_of(server).replace("first-use", f"sha256:{sha256(BODY)}"))
    assert extraction.key_of(replace(entry, card=fixed), Precision.FP32) == key
    assert json.dumps(describe.backbone(entry))
