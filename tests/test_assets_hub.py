"""Files pinned by a commit of the hub: verified against it, and held to what came from then on."""

import hashlib
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backbones import DoorError, _hub
from bench import assets, registry
from bench.assets import AssetError, hub, parse
from bench.assets.errors import DownloadError
from bench.registry import PluginError
from tests.answering import Server, serving

huggingface_hub = pytest.importorskip("huggingface_hub", reason="the extra `hub` is not installed")

COMMIT = "c" * 40
OTHER = "d" * 40
CODE = """
import sys; from bench import assets
for pin in sys.argv[1:]:
    try: print(assets.fetch(pin))
    except assets.AssetError as error: print(error)
"""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Of two repositories: small files, two large ones of which one is damaged, no digest."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    with serving() as found:
        blob = hashlib.sha1(b"blob 2\0{}", usedforsecurity=False).hexdigest()
        sha = hashlib.sha256(b"weights").hexdigest()
        for name, body, tag in (
            ("config.json", b"{}", blob),
            ("m.bin", b"weights", sha),
            ("bad.bin", b"damaged", "0" * 64),
            ("none.bin", b"weights", "abc"),
        ):
            headers = {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT}
            found.answers[f"/o/N/resolve/{COMMIT}/{name}"] = body, headers
        headers = {"ETag": f'"{blob}"', "X-Repo-Commit": OTHER}
        found.answers[f"/of/words/resolve/{OTHER}/tokenizer.json"] = b"{}", headers
        found.refusals[f"/o/gated/resolve/{COMMIT}/m.bin"] = 403, "GatedRepo"
        found.refusals[f"/o/hidden/resolve/{COMMIT}/m.bin"] = 401, "RepoNotFound"
        monkeypatch.setenv("HF_ENDPOINT", found.url)
        yield found


def pin(file: str, name: str = "N") -> str:
    return f"pkg:huggingface/o/{name}@{COMMIT}#{file}"


def ask(*pins: str, **settings: str) -> list[str]:
    """A line a pin, in a process of its own: the hub's client reads its settings once."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, *pins],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.usefixtures("server")
def test_a_commit_needs_no_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = f"pkg:huggingface/o/N@{COMMIT}?files=config.json,m.bin"
    either = f"pkg:huggingface/o/N@{COMMIT}?files=config.json,m.safetensors|m.bin"
    small, large, folder, bad, undeclared, gated, hidden, none, second, neither = ask(
        pin("config.json"), pin("m.bin"), both, pin("bad.bin"), pin("none.bin"),
        pin("m.bin", "gated"), pin("m.bin", "hidden"), pin("missing"),
        either, either.replace("m.bin", "n.bin"),
    )  # fmt: skip
    assert (Path(small).read_bytes(), Path(large).read_bytes()) == (b"{}", b"weights")
    names = sorted((path.name, path.read_bytes()) for path in Path(folder).iterdir())
    assert names == [("config.json", b"{}"), ("m.bin", b"weights")]
    assert f"the hub declares {'0' * 64}: remove" in bad
    assert "the hub declares no digest of none.bin: add ?checksum=sha256:" in undeclared
    assert "it is gated: accept its terms on the hub's page of o/gated, then run `hf auth" in gated
    assert "the hub knows no o/hidden, or only to those who may see it" in hidden
    assert f"o/N has no missing at {COMMIT}" in none
    assert sorted(path.name for path in Path(second).iterdir()) == ["config.json", "m.bin"]
    assert f"o/N has no n.bin at {COMMIT}" in neither

    assert assets.cached(pin("m.bin")) == Path(large)
    assert assets.cached(both) == Path(folder)
    assert assets.cached(either) == Path(second)
    assert assets.cached(f"pkg:huggingface/o/N@{COMMIT}?files=config.json,missing") is None
    Path(large).write_bytes(b"changed")
    for each in (pin("m.bin"), both):
        with pytest.raises(AssetError, match=r"has sha256 .*, but came with .*: remove .* to down"):
            assets.fetch(each)

    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "another"))
    found, missing = ask(pin("config.json"), pin("missing"), HF_HUB_OFFLINE="1")
    assert Path(found).read_bytes() == b"{}"
    assert "run `hf download o/N missing --revision cccc" in missing


@pytest.mark.usefixtures("server")
def test_a_folder_may_hold_a_file_of_another_repository() -> None:
    known = f"of/words@{OTHER}/tokenizer.json"
    pinned = f"pkg:huggingface/o/N@{COMMIT}?files=m.bin,{known}"
    folder, missing = ask(pinned, pinned.replace("tokenizer", "vocab"))
    names = sorted((path.name, path.read_bytes()) for path in Path(folder).iterdir())
    assert names == [("m.bin", b"weights"), ("tokenizer.json", b"{}")]
    assert assets.cached(pinned) == Path(folder)
    assert f"of/words has no vocab.json at {OTHER}" in missing


def test_files_of_a_local_folder_are_pinned_together(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name)
    lines = "".join(f"{hashlib.sha256(x.encode()).hexdigest()}  {x}\n" for x in "ab")
    digest = hashlib.sha256(lines.encode()).hexdigest()
    pinned = f"file:{tmp_path}?files=a,b&checksum=sha256:{digest}"
    assert assets.fetch(pinned) == tmp_path
    (tmp_path / "c").write_text("another")
    assert assets.fetch(pinned) == tmp_path
    (tmp_path / "b").write_text("another")
    with pytest.raises(AssetError, match=rf"but {digest} is pinned"):
        assets.fetch(pinned)
    (tmp_path / "b").unlink()
    with pytest.raises(AssetError, match="b does not exist, or cannot be read"):
        assets.fetch(pinned)


def test_the_client_s_tries_are_not_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = logging.getLogger("huggingface_hub")

    def unreachable(*_: object, **__: object) -> str:
        logging.getLogger("huggingface_hub.utils._http").warning("Retrying in 1s [Retry 1/5].")
        message = "no network"
        raise OSError(message)

    monkeypatch.setattr(client, "propagate", True)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", unreachable)
    for usual, told in ((logging.WARNING, 0), (logging.INFO, 2)):
        client.setLevel(usual)
        with pytest.raises(DownloadError, match="no network"):
            hub.bring(parse(pin("m.bin")))
        with pytest.raises(DoorError, match="the hub's o/N cannot be read"):
            _hub.commit("o/N", "", list, small=bool)
        assert len(caplog.records) == told
        assert client.level == usual
    client.setLevel(logging.WARNING)


@pytest.mark.parametrize("name", ["nosuchfolder", "models/of/mine", "./mine", "../o/N"])
def test_a_name_that_is_none_of_the_hub_s_is_not_asked_for(name: str) -> None:
    pytest.importorskip("transformers", reason="the extra `hf` is not installed")
    with pytest.raises(PluginError, match=f"there is no folder {name} here, and a model of the"):
        registry.find().backbones.open(f"hf:{name}")
