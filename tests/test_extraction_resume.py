"""Extraction that is cut short, shared, or given bad files: nothing lost, nothing done twice."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

from bench import extraction
from bench.store import Store
from tasks import Clip
from tests import toys
from tests.toys import CPU, arrays, entry, extract, toy, windows_of

LENGTHS = (0.05, 0.4, 0.5, 0.5, 0.7, 1.0, 1.0, 1.0, 1.3, 2.0, 2.5, 3.1)


def spoil(paths: list[Path]) -> list[Path]:
    """A file without a header, one that is cut, and one that is missing."""
    paths[1].write_bytes(b"no audio")
    paths[6].write_bytes(paths[6].read_bytes()[:5000])
    clips = [paths[1], paths[6], paths[10]]
    paths[10].unlink()
    return clips


def listed_by_name(paths: list[Path]) -> dict[str, Clip]:
    clips = toys.listed(path for path in paths if path.exists())
    missing = Clip("gone", next(iter(clips.values())).split, paths[10], 0, "gone")
    return {**clips, "no file": missing}


def test_every_bad_file_is_told_and_the_others_are_stored(log: Path, tmp_path: Path) -> None:
    paths = toys.write_clips(tmp_path / "audio", LENGTHS)
    spoilt = spoil(paths)
    clips = listed_by_name(paths)
    bad = extract(toy, clips, tmp_path / "store")
    assert [error.path for error in bad] == spoilt
    reasons = ["corrupt|unreadable", "truncated", "missing"]
    for error, reason in zip(bad, reasons, strict=True):
        assert any(word in error.reason for word in reason.split("|"))
    missing = Store(tmp_path / "store").missing(clips)
    assert {clips[key].path for key in missing} == set(spoilt)
    before = toys.calls(log)
    again = extract(toy, clips, tmp_path / "store")
    assert [str(error) for error in again] == [str(error) for error in bad]
    assert toys.calls(log) == before


def test_a_mended_file_is_used(log: Path, tmp_path: Path) -> None:
    paths = toys.write_clips(tmp_path / "audio", LENGTHS)
    whole = paths[6].read_bytes()
    spoil(paths)
    extract(toy, listed_by_name(paths), tmp_path / "store")
    log.unlink()
    paths[6].write_bytes(whole)
    bad = extract(toy, listed_by_name(paths), tmp_path / "store")
    assert [error.path for error in bad] == [paths[1], paths[10]]
    assert sum(toys.encoded(log).values()) == 1


def test_bad_files_do_not_move_the_shards_of_a_rerun(log: Path, tmp_path: Path) -> None:
    paths = toys.write_clips(tmp_path / "audio", [1.0 + i / 100 for i in range(30)])
    paths[3].write_bytes(paths[3].read_bytes()[:5000])
    clips = toys.listed(paths)
    extract(toy, clips, tmp_path / "store")
    whole = arrays(tmp_path / "store")
    assert len(whole) == 4
    for path in (tmp_path / "store").glob("*.json"):
        if not json.loads(path.read_text())["bad"]:
            path.with_suffix(".npy").unlink()
    assert len(arrays(tmp_path / "store")) == 1
    bad = extract(toy, clips, tmp_path / "store")
    assert [error.path for error in bad] == [paths[3]]
    assert arrays(tmp_path / "store") == whole
    assert log.exists()


def test_progress_counts_every_clip(log: Path, tmp_path: Path) -> None:
    paths = toys.write_clips(tmp_path / "audio", LENGTHS)
    spoil(paths)
    clips = listed_by_name(paths)
    told: list[tuple[int, int]] = []
    store = Store(tmp_path / "store")
    extraction.extract(entry(), clips, store, CPU, lambda *step: told.append(step))
    assert told[-1] == (len(clips), len(clips))
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert log.exists()


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A folder of clips, and the arrays of a run over it that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    rng = np.random.default_rng(5)
    toys.write_clips(folder / "audio", rng.uniform(0.3, 2.2, 60).round(1))
    process = toys.start(folder / "audio", folder / "store", folder / "log")
    process.communicate()
    assert process.returncode == 0
    whole = arrays(folder / "store")
    assert len(whole) == 8
    return folder / "audio", whole


def shards_of(store: Path, audio_folder: Path) -> dict[str, str]:
    """Window → the shard that it is in."""
    clips = toys.listed(sorted(audio_folder.glob("*.wav")))
    return {
        toys.row_digest(window): path.stem
        for path in store.glob("*.json")
        for key in json.loads(path.read_text())["windows"]
        for window in windows_of(toy, clips[key].path)
    }


@pytest.mark.parametrize("seed", range(4))
def test_killed_anywhere_it_resumes_at_the_shard(
    seed: int, uninterrupted: tuple[Path, dict[str, bytes]], log: Path, tmp_path: Path
) -> None:
    audio_folder, whole = uninterrupted
    rng = np.random.default_rng(seed)
    cut = 0
    for kills in (True, True, False):
        with toys.start(audio_folder, tmp_path / "store", log, delay=0.02) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begins\n"
            if kills:
                time.sleep(rng.uniform(0.02, 0.8))
                cut += process.poll() is None
                process.kill()
    assert process.returncode == 0
    assert cut > 0
    assert arrays(tmp_path / "store") == whole
    assert not list((tmp_path / "store").glob(".*.tmp"))
    shard = shards_of(tmp_path / "store", audio_folder)
    times = toys.encoded(log)
    assert times.keys() == shard.keys()
    assert len({shard[window] for window, count in times.items() if count > 1}) <= cut


def test_two_processes_share_the_work(
    uninterrupted: tuple[Path, dict[str, bytes]], log: Path, tmp_path: Path
) -> None:
    audio_folder, whole = uninterrupted
    both = [toys.start(audio_folder, tmp_path / "store", log, delay=0.02) for _ in range(2)]
    for process in both:
        process.communicate()
        assert process.returncode == 0
    assert set(toys.encoded(log).values()) == {1}
    assert arrays(tmp_path / "store") == whole


def test_what_another_process_could_not_use_is_told(log: Path, tmp_path: Path) -> None:
    paths = toys.write_clips(tmp_path / "audio", [1.0 + i / 100 for i in range(20)])
    paths[3].write_bytes(paths[3].read_bytes()[:5000])
    both = [toys.start(tmp_path / "audio", tmp_path / "store", log, delay=0.1) for _ in range(2)]
    for process in both:
        told = process.communicate()[0].splitlines()
        assert told[0] == "begins"
        assert [line.partition(": ")[0] for line in told[1:]] == [str(paths[3])]
