"""Downloads from an address, against a real server that cuts, refuses and redirects."""

import hashlib
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench.assets import AssetError, fetch
from tests.serving import BODY, Server, running

MD5 = "c35cc7d8d91728a0cb052831bc4ef372"  # as `md5sum` prints it
BLOB = "ea8e482b990b87c0f69d29fd1dd6a41d0f1a514b"  # as `git hash-object` prints it
FETCH = "import sys; from bench.assets import fetch; print('up', flush=True); fetch(sys.argv[1])"


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


def start(pin: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", FETCH, pin], stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"up\n"
    return process


def test_a_file_comes_once_and_tells_its_progress(server: Server, cache: Path) -> None:
    told: list[tuple[int, int | None]] = []
    path = fetch(server.pin(), on_progress=lambda *step: told.append(step))
    assert path.read_bytes() == BODY
    assert path == fetch(server.pin())
    assert server.ranges == [None]
    assert told[-1] == (len(BODY), len(BODY))
    assert not any((cache / "partial").iterdir())


@pytest.mark.parametrize("understands_ranges", [True, False])
def test_a_cut_connection_is_resumed(server: Server, *, understands_ranges: bool) -> None:
    server.cuts, server.understands_ranges = [1000], understands_ranges
    assert fetch(server.pin()).read_bytes() == BODY
    assert server.ranges == [None, "bytes=1000-"]


def test_a_reset_connection_is_resumed(server: Server) -> None:
    server.cuts, server.resets = [len(BODY) // 2], True
    assert fetch(server.pin()).read_bytes() == BODY
    assert len(server.ranges) == 2


def test_a_download_that_gets_nowhere_ends_and_is_resumed_by_the_next_call(
    server: Server,
) -> None:
    server.cuts, server.understands_ranges = [1000, 1000], False
    with pytest.raises(AssetError, match="was cut after 1000 bytes; run again to go on from there"):
        fetch(server.pin())
    server.understands_ranges = True
    assert fetch(server.pin()).read_bytes() == BODY
    assert server.ranges[2:] == ["bytes=1000-"]


def test_a_length_need_not_be_announced(server: Server) -> None:
    server.announces_length = False
    told: list[int | None] = []
    assert fetch(server.pin(), on_progress=lambda _, n: told.append(n)).read_bytes() == BODY
    assert set(told) == {None}


def test_a_download_that_was_complete_but_not_kept_is_kept(server: Server, cache: Path) -> None:
    (cache / "partial").mkdir(parents=True)
    (cache / "partial" / hashlib.sha256(BODY).hexdigest()).write_bytes(BODY)
    assert fetch(server.pin()).read_bytes() == BODY


def test_a_part_of_another_file_is_not_kept(server: Server, cache: Path) -> None:
    (cache / "partial").mkdir(parents=True)
    (cache / "partial" / hashlib.sha256(BODY).hexdigest()).write_bytes(b"other")
    with pytest.raises(AssetError, match="what came has sha256 "):
        fetch(server.pin())
    assert fetch(server.pin()).read_bytes() == BODY


def test_other_bytes_than_were_asked_for_are_refused(server: Server) -> None:
    server.cuts, server.wrong_range = [1000], True
    with pytest.raises(AssetError, match="was asked for the bytes from 1000 on and sent others"):
        fetch(server.pin())


def test_a_missing_file_is_one_line(server: Server, cache: Path) -> None:
    digest, port = hashlib.sha256(BODY).hexdigest(), server.server_port
    with pytest.raises(AssetError) as raised:
        fetch(server.pin("missing"))
    assert str(raised.value) == (
        f"file 1 (missing, sha256 {digest}) cannot be downloaded from "
        f"http://127.0.0.1:{port}/missing: HTTP 404 Not Found; put it at {cache}/placed/missing"
    )


def test_a_wrong_file_is_one_line_with_both_digests(server: Server) -> None:
    pin = server.pin()
    server.body = b"other"
    want, got = hashlib.sha256(BODY).hexdigest(), hashlib.sha256(b"other").hexdigest()
    with pytest.raises(AssetError, match=rf"sha256 {want}\) .*: what came has sha256 {got}; put"):
        fetch(pin)


def test_redirections_leave_neither_https_nor_loopback(server: Server) -> None:
    server.redirect = f"http://127.0.0.1:{server.server_port}/file.bin"
    assert fetch(server.pin("moved")).read_bytes() == BODY
    server.body, server.redirect = b"new", "http://insecure.invalid/file.bin"
    with pytest.raises(
        AssetError, match=r"it redirects, and 'http://insecure.invalid/file.bin' is"
    ):
        fetch(server.pin("moved"))


def test_no_server_is_one_line(server: Server) -> None:
    pin = server.pin().replace(f":{server.server_port}/", ":9/")
    with pytest.raises(AssetError, match=r"127.0.0.1:9/file.bin: .*refused; put it at "):
        fetch(pin)


def test_a_server_that_hangs_up_is_one_line(server: Server) -> None:
    with pytest.raises(AssetError, match="the connection was cut after 0 bytes"):
        fetch(server.pin("hangs-up"))
    assert server.ranges == [None, None]


def test_two_processes_share_one_download(server: Server) -> None:
    server.go.clear()
    processes = [start(server.pin()) for _ in range(2)]
    time.sleep(0.5)
    server.go.set()
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0, 0]
    assert server.ranges == [None]


def test_two_threads_share_one_download(server: Server) -> None:
    server.go.clear()
    with ThreadPoolExecutor(2) as threads:
        paths = [threads.submit(fetch, server.pin()) for _ in range(2)]
        time.sleep(0.2)
        server.go.set()
    assert paths[0].result() == paths[1].result()
    assert server.ranges == [None]


def test_a_download_that_was_killed_is_resumed(server: Server, cache: Path) -> None:
    server.go.clear()
    with start(server.pin()) as process:
        while not list(cache.glob("partial/*")):
            time.sleep(0.01)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    server.go.set()
    assert fetch(server.pin()).read_bytes() == BODY


def test_an_unpacking_that_was_killed_leaves_nothing_that_looks_whole(
    cache: Path, tmp_path: Path
) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(5_000):
            archive.writestr(f"many/{number}", str(number))
    with start(f"{path}#many") as process:
        while not list(cache.glob("assets/*/work-*/many/10")):
            time.sleep(0.001)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not list(cache.glob("assets/*/unpacked"))
    assert len(list(fetch(f"{path}#many").iterdir())) == 5_000
    assert not list(cache.glob("assets/*/work-*"))


def declared(server: Server, checksum: str) -> str:
    url = f"http://127.0.0.1:{server.server_port}/file.bin"
    return f"pkg:generic/file@1?download_url={url}&checksum={checksum}"


@pytest.mark.parametrize(
    "checksum",
    [
        f"md5:{MD5}",
        f"gitblob:{BLOB}",
        f"sha256:{hashlib.sha256(BODY).hexdigest()[:8]}",
    ],
)
def test_what_a_source_publishes_of_its_file_will_do(
    checksum: str, server: Server, cache: Path
) -> None:
    pin = declared(server, checksum)
    path = fetch(pin)
    assert path.read_bytes() == BODY
    asked = len(server.ranges)
    assert fetch(pin) == path
    assert len(server.ranges) == asked
    path.write_bytes(BODY[:-1] + b"x")
    with pytest.raises(AssetError, match="but came with"):
        fetch(pin)
    assert cache in path.parents


def test_another_file_than_the_source_publishes_is_refused(server: Server) -> None:
    with pytest.raises(AssetError, match=f"what came has md5 {MD5}"):
        fetch(declared(server, f"md5:{'0' * 32}"))
    with pytest.raises(AssetError, match=f"what came has gitblob {BLOB}"):
        fetch(declared(server, f"gitblob:{'0' * 40}"))
    with pytest.raises(AssetError, match=r"needs checksum=sha256:<64 hexadecimal digits>"):
        fetch(declared(server, "sha256:abc"))
    with pytest.raises(AssetError, match=r"needs checksum=sha256:<64 hexadecimal digits>"):
        fetch(f"pkg:pypi/file@1?checksum=md5:{MD5}")
