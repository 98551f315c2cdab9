"""The real clients: pip, npm and apt-get with their real sources, npm and the hub on loopback."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.assets import AssetError, clients, fetch
from tests.answering import Server, serving

SIX = "8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"
IS_NUMBER = "7b75c1057198cf97696909a9bee176c9c5e9bcb5b03bf3ecef2f484defadd51e"
HELLO = "2e6e2f1a0007dc43bc91c273fd36e91e40a4f1c2765a03eca68b70a42103878a"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("BENCH_CACHE", str(folder))
    monkeypatch.delenv("BENCH_MIRROR", raising=False)
    return folder


def program(name: str) -> str:
    """Where it is; the test is skipped where it is not installed."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def need(*command: str) -> None:
    """Skip the test where a client itself cannot reach what is asked for."""
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"{' '.join(command[:3])} does not reach its source")


def test_a_real_wheel(tmp_path: Path) -> None:
    need(sys.executable, *f"-m pip download --no-deps -d {tmp_path} six==1.16.0".split())
    told: list[tuple[int, int | None]] = []
    pin = f"pkg:pypi/six@1.16.0?checksum=sha256:{SIX}#six.py"
    path = fetch(pin, on_progress=lambda *step: told.append(step))
    assert "Benjamin Peterson" in path.read_text()
    assert told == [(11053, 11053)]


def test_a_real_npm_package() -> None:
    need(program("npm"), "view", "is-number@7.0.0", "version")
    pin = f"pkg:npm/is-number@7.0.0?checksum=sha256:{IS_NUMBER}"
    assert "module.exports" in fetch(f"{pin}#index.js").read_text()
    assert fetch(pin).name == "is-number-7.0.0.tgz"


def test_a_real_debian_package() -> None:
    program("dpkg-deb")
    need(program("apt-get"), "download", "--print-uris", "hello:amd64=2.10-3")
    pin = f"pkg:deb/debian/hello@2.10-3?arch=amd64&checksum=sha256:{HELLO}"
    assert (fetch(f"{pin}#usr/share/doc/hello") / "copyright").is_file()
    with pytest.raises(AssetError, match="apt-get from the configured sources: E: Version '0' for"):
        fetch(pin.replace("2.10-3", "0").replace(HELLO, "0" * 64))


def npm_tarball() -> bytes:
    """A package whose script would leave a witness if it were run."""
    buffer = io.BytesIO()
    manifest = {"name": "@s/demo", "version": "1.0.0", "scripts": {"prepack": "touch witness"}}
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in {"package.json": json.dumps(manifest), "data/a.txt": "a"}.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content.encode()))
    return buffer.getvalue()


def test_npm_asks_the_registry_of_the_user(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("npm")
    tarball = npm_tarball()
    release = {
        "name": "@s/demo",
        "version": "1.0.0",
        "dist": {
            "tarball": f"{server.url}/demo.tgz",
            "shasum": hashlib.sha1(tarball, usedforsecurity=False).hexdigest(),
        },
    }
    document = {"name": "@s/demo", "dist-tags": {}, "versions": {"1.0.0": release}}
    server.answers["/@s%2fdemo"] = json.dumps(document).encode(), {}
    server.answers["/demo.tgz"] = tarball, {}
    monkeypatch.setenv("npm_config_registry", server.url)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.chdir(tmp_path)
    digest = hashlib.sha256(tarball).hexdigest()
    pin = f"pkg:npm/%40s/demo@1.0.0?checksum=sha256:{digest}#data"
    assert (fetch(pin) / "a.txt").read_text() == "a"
    assert not list(tmp_path.rglob("witness"))

    with pytest.raises(AssetError, match="from the configured registry: npm error ") as raised:
        fetch(f"pkg:npm/none@1.0.0?checksum=sha256:{'0' * 64}")
    assert "404 Not Found - GET <address>" in str(raised.value)
    assert "127.0.0.1" not in str(raised.value)


def ask_the_hub(member: str, digest: str, settings: dict[str, str]) -> str:
    """What `fetch` says in a process of its own: the hub's client reads its settings once."""
    code = (
        "import sys; from bench import assets\n"
        "try: print(assets.fetch(sys.argv[1]))\n"
        "except assets.AssetError as error: print(error)"
    )
    pin = f"pkg:huggingface/o/N@{'c' * 40}?checksum=sha256:{digest}#{member}"
    done = subprocess.run(
        [sys.executable, "-c", code, pin],
        env=os.environ | {"HF_HUB_DISABLE_XET": "1"} | settings,
        stdout=subprocess.PIPE,
        check=True,
    )
    return done.stdout.decode().removesuffix("\n")


def test_the_hub(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub", reason="the extra `hub` is not installed")
    assert clients()["huggingface"] == "ok"
    headers = {"ETag": '"abc"', "X-Repo-Commit": "c" * 40}
    server.answers[f"/o/N/resolve/{'c' * 40}/deep/m.bin"] = b"weights", headers
    digest = hashlib.sha256(b"weights").hexdigest()
    settings = {"HF_ENDPOINT": server.url, "HF_HOME": str(tmp_path)}
    path = Path(ask_the_hub("deep/m.bin", digest, settings))
    assert path.read_bytes() == b"weights"
    assert path.name == "m.bin"
    error = ask_the_hub("none.bin", "0" * 64, settings)
    assert f"with huggingface_hub from the hub: o/N has no none.bin at {'c' * 40}; put" in error
    assert "127.0.0.1" not in error
    assert "\n" not in error

    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "another"))
    settings = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    assert Path(ask_the_hub("deep/m.bin", digest, settings)).read_bytes() == b"weights"
    error = ask_the_hub("none.bin", "0" * 64, settings)
    assert "the hub cannot be reached, and its cache does not hold none.bin: where" in error
    assert "\n" not in error


def test_a_client_that_brings_nothing_or_gives_no_reason_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = tmp_path / "npm"
    monkeypatch.setenv("PATH", str(tmp_path))
    pin = f"pkg:npm/demo@1.0.0?checksum=sha256:{'0' * 64}"
    for script, complaint in (
        ("", "registry: one file was to come, but there came none; put it at"),
        ('[ "$1" = --version ] || exit 3', "registry: npm gave no reason; put it at"),
    ):
        npm.write_text(f"#!/bin/sh\n{script}\n")
        npm.chmod(0o755)
        with pytest.raises(AssetError, match=complaint):
            fetch(pin)
