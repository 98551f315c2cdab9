"""What tests share: a cache of their own, fetched files, made data sets, registered cards."""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bench import assets, data, registry
from bench.registry import Registry
from tests.boards import card, put
from tests.commands import TOY

settings.register_profile("no deadline", deadline=None)  # tests assert no times
settings.load_profile("no deadline")

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `bench` does, before torch is loaded

USER_CACHE = assets.cache_folder()


def pytest_collection_finish() -> None:
    """What is imported by now stays: nobody has to look for garbage in it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache that is empty but for verified downloads, which are shared with the user's.

    Data sets that are made are shared by the processes of a run.
    """
    folder = tmp_path_factory.mktemp("cache")
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    run = tmp_path_factory.getbasetemp() if alone else tmp_path_factory.getbasetemp().parent
    for name, shared in (("assets", USER_CACHE / "assets"), ("made", run / "made")):
        shared.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(shared, target_is_directory=True)
    before = os.environ.get("BENCH_CACHE")
    os.environ["BENCH_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["BENCH_CACHE"]
    else:
        os.environ["BENCH_CACHE"] = before


@pytest.fixture(autouse=True)
def weights_drawn_alike() -> None:
    """Networks of random weights do not depend on the tests that came before."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(autouse=True)
def archives_closed() -> Iterator[None]:
    """Archives that a test has read are not held open until the last one."""
    yield
    if "bench.packed" in sys.modules:
        sys.modules["bench.packed"].Packed.clear_instance_cache()


@pytest.fixture(scope="session")
def fetched() -> Callable[[str], Path]:
    """The local file or folder of a package URL."""
    return assets.fetch


@pytest.fixture(scope="session")
def cards() -> Registry:
    """Every built-in card."""
    return registry.find()


@pytest.fixture(scope="session")
def data_set(cards: Registry) -> Callable[[str], Path]:
    """The folder of a data set, by its name; made once a session."""
    entries = {entry.card.data.name: entry for entry in cards.tasks}
    return lambda name: data.ready(entries[name], lambda _done, _total: None)


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a backbone and tasks, in a folder with a cache of its own."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("BENCH_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "toy.py"
    file.write_text(TOY)
    return file


@pytest.fixture
def known() -> Registry:
    found = Registry()
    for name in ("toys/one", "toys/two"):
        found.tasks.add(card(name), Path(__file__))
    return found


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """Three backbones on two tasks: one clearly worst, two alike."""
    for task in ("toys/one", "toys/two"):
        put(tmp_path, "alike", task, 0.85)
        put(tmp_path, "same", task, 0.85)
        put(tmp_path, "worst", task, 0.4)
    return tmp_path


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """As in a worker; small problems on several threads are many times slower."""
    import torch
    from threadpoolctl import threadpool_limits

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(threads)


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where toy encoders write what they encode; shards are small."""
    from bench import shards
    from tests import toys

    path = tmp_path / "log"
    monkeypatch.setenv(toys.LOG, str(path))
    monkeypatch.setattr(shards, "SHARD_CLIPS", toys.SHARD_CLIPS)
    return path


@pytest.fixture(scope="module")
def vectors(
    tmp_path_factory: pytest.TempPathFactory, cards: Registry, data_set: Callable[[str], Path]
) -> Path:
    """A folder of vectors for every clip of a tiny task."""
    from bench.export import Folder
    from tests import doors

    folder = tmp_path_factory.mktemp("embeddings")
    entry = cards.tasks[doors.TINY]
    clips = data.clips(entry.card, data_set("tunes-tiny"))
    number = Folder(folder, doors.RATE).fill(clips, lambda _done, _total: None)
    doors.fill(folder, number)
    return folder
