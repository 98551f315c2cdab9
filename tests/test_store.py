"""The feature store: whole shards or none, the right rows, one writer at a time."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench import store as stores
from bench.store import Cost, Manifest, Rows, Store, write_atomically

COST = Cost(encode_seconds=6.0, audio_seconds=30.0, device="cpu")
PACKAGES = {"torch": "2.11"}
EVERYTHING = slice(None)
WRONG = """{"windows": null, "bad": {}, "sha256": "", "packages": {},
    "cost": {"encode_seconds": 1, "audio_seconds": 1, "device": "cpu"}}"""

HOLDER = """
import sys
from pathlib import Path
from bench.store import Store
with Store(Path(sys.argv[1])).lock("shard", wait=True) as mine:
    print("held", mine, flush=True)
    sys.stdin.readline()
"""


def rows(seed: int, count: int, dim: int = 4) -> Rows:
    return np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)


@pytest.fixture
def filled(tmp_path: Path) -> Store:
    store = Store(tmp_path / "features")
    store.write("one", {"a": rows(0, 1), "b": rows(1, 2)}, {}, COST, PACKAGES)
    store.write("two", {"c": rows(2, 3)}, {"d": "silent"}, COST, PACKAGES)
    return store


def test_rows_come_back_in_the_order_asked_for(filled: Store) -> None:
    for store in (filled, Store(filled.folder)):
        keys = ["c", "a", "b", "a"]
        found = store.read(keys, EVERYTHING)
        for one, expected in zip(found, (2, 0, 1, 0), strict=True):
            np.testing.assert_array_equal(one, rows(expected, {2: 3, 0: 1, 1: 2}[expected]))
            assert one.dtype == np.float32
        assert store.read([], EVERYTHING) == []


def test_columns_are_one_layer(filled: Store) -> None:
    np.testing.assert_array_equal(filled.read(["b"], slice(1, 3))[0], rows(1, 2)[:, 1:3])


def test_what_is_read_may_be_changed(filled: Store) -> None:
    filled.read(["b"], EVERYTHING)[0][:] = 0
    np.testing.assert_array_equal(filled.read(["b"], EVERYTHING)[0], rows(1, 2))


def test_missing_and_bad_keys(filled: Store) -> None:
    assert filled.missing(["a", "c", "d", "x"]) == {"d", "x"}
    assert Store(filled.folder).bad == {"d": "silent"}
    with pytest.raises(KeyError, match="x"):
        filled.read(["a", "x"], EVERYTHING)


def test_more_shards_than_files_may_be_open(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    store = Store(tmp_path)
    for i in range(80):
        store.write(f"{i:02}", {f"{i}": rows(i, 1)}, {}, COST, PACKAGES)
    few = sum(1 for _ in Path("/dev/fd").iterdir()) + 24
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, hard))
    try:
        found = store.read([f"{i}" for i in range(80)], EVERYTHING)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    np.testing.assert_array_equal(found[79], rows(79, 1))


@pytest.mark.parametrize("manifest", [None, "", "{", "{}", '{"windows": {}}', WRONG, "[1]"])
def test_a_shard_without_a_whole_manifest_does_not_exist(
    manifest: str | None, filled: Store
) -> None:
    path = filled.folder / "two.json"
    path.unlink()
    if manifest is not None:
        path.write_text(manifest)
    store = Store(filled.folder)
    assert "two" not in store
    assert "one" in store
    assert store.missing(["a", "c"]) == {"c"}
    store.write("two", {"c": rows(2, 3)}, {}, COST, PACKAGES)
    assert Store(filled.folder).missing(["a", "c"]) == set()


def test_the_manifest_is_written_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class PowerCutError(Exception):
        pass

    written = []

    def fail_at_manifest(path: Path, data: bytes | memoryview) -> None:
        written.append(path.name)
        if path.suffix == ".json":
            raise PowerCutError
        write_atomically(path, data)

    monkeypatch.setattr(stores, "write_atomically", fail_at_manifest)
    store = Store(tmp_path)
    with pytest.raises(PowerCutError):
        store.write("one", {"a": rows(0, 1)}, {}, COST, PACKAGES)
    assert written == ["one.npy", "one.json"]
    assert store.missing(["a"]) == Store(tmp_path).missing(["a"]) == {"a"}


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "file"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, "no bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]
    write_atomically(path, memoryview(b"new"))
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("damage", ["bit", "short", "gone"])
def test_a_damaged_shard_is_discarded(damage: str, filled: Store) -> None:
    path = filled.folder / "one.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data[:-8] if damage == "short" else data)
    if damage == "gone":
        path.unlink()
    assert filled.discard_damaged(["c", "x"]) == []
    assert filled.discard_damaged(["a", "c"]) == ["one"]
    for store in (filled, Store(filled.folder)):
        assert store.missing(["a", "b", "c"]) == {"a", "b"}
        assert store.bad == {"d": "silent"}
    assert not path.exists()
    assert filled.discard_damaged(["a", "b", "c"]) == []


def test_a_shard_that_another_process_mended_to_other_bits_stays(filled: Store) -> None:
    path = filled.folder / "one.npy"
    path.write_bytes(path.read_bytes()[:-8])
    other = Store(filled.folder)
    assert other.discard_damaged(["a"]) == ["one"]
    other.write("one", {"a": rows(0, 1) + 1e-6, "b": rows(1, 2)}, {}, COST, PACKAGES)
    assert filled.discard_damaged(["a", "b"]) == ["one"]
    assert filled.missing(["a", "b"]) == set()
    np.testing.assert_array_equal(filled.read(["a"], slice(None))[0], rows(0, 1) + 1e-6)


def test_a_clip_in_two_shards_is_read_from_the_first_by_name(tmp_path: Path) -> None:
    late, early = Store(tmp_path), Store(tmp_path)
    late.write("b", {"x": rows(1, 2), "y": rows(2, 1)}, {}, COST, PACKAGES)
    early.write("a", {"x": rows(0, 3)}, {}, COST, PACKAGES)
    assert "a" in late
    assert "b" in early
    for store in (late, early, Store(tmp_path)):
        np.testing.assert_array_equal(store.read(["x"], EVERYTHING)[0], rows(0, 3))
        np.testing.assert_array_equal(store.read(["y"], EVERYTHING)[0], rows(2, 1))


def test_a_store_takes_in_what_others_finish(filled: Store) -> None:
    other = Store(filled.folder)
    filled.write("three", {"e": rows(5, 1)}, {}, COST, PACKAGES)
    assert other.missing(["e"]) == {"e"}
    assert "three" in other
    assert other.missing(["e"]) == set()
    filled.write("four", {"f": rows(6, 1)}, {}, COST, PACKAGES)
    other.refresh()
    assert other.missing(["f"]) == set()


def test_the_manifest_says_what_made_the_shard(filled: Store) -> None:
    manifest = Manifest.read(filled.folder / "two.json")
    assert dict(manifest.windows) == {"c": 3}
    assert dict(manifest.bad) == {"d": "silent"}
    assert dict(manifest.packages) == PACKAGES
    assert manifest.cost == COST
    assert json.loads((filled.folder / "one.json").read_text())["windows"] == {"a": 1, "b": 2}


def test_cost_is_shared_by_windows(filled: Store) -> None:
    assert filled.cost(["a", "b"]) == COST
    assert filled.cost(["a", "a"]).encode_seconds == pytest.approx(2)
    assert filled.cost(["b"]).audio_seconds == pytest.approx(20)
    gpu = Cost(1.0, 1.0, "cuda")
    filled.write("three", {"e": rows(5, 1)}, {}, gpu, PACKAGES)
    assert filled.cost(["e", "c"]) == Cost(7.0, 31.0, "cpu, cuda")


def test_a_lock_holds_against_another_process_until_it_dies(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    pipe = subprocess.PIPE
    store = Store(tmp_path)
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held True\n"
        with store.lock("shard", wait=False) as mine:
            assert not mine
        with store.lock("another", wait=False) as mine:
            assert mine
        process.kill()
        with store.lock("shard", wait=True) as mine:
            assert mine


def test_a_lock_is_let_go_after_an_error(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(RuntimeError), store.lock("shard", wait=False):
        raise RuntimeError
    with Store(tmp_path).lock("shard", wait=False) as mine:
        assert mine


def test_what_a_killed_process_left_is_swept_up(tmp_path: Path) -> None:
    for name in (".shard.npy.1.tmp", ".other.npy.1.tmp"):
        (tmp_path / name).write_bytes(b"half")
    with Store(tmp_path).lock("shard", wait=False):
        assert [path.name for path in tmp_path.glob(".*.tmp")] == [".other.npy.1.tmp"]
