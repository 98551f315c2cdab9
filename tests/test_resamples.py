"""Resampled scores that are kept are those that would be computed."""

from pathlib import Path

import numpy as np
import pytest

from bench import kept, resamples, statistics
from bench.registry import Entry, Registry
from bench.statistics import Samples
from leaderboard.records import Predictions
from tasks import Task


@pytest.fixture
def entry(cards: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Entry[Task]:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    return cards.tasks["tunes/meter"]


def predictions(seed: int) -> Predictions:
    rng = np.random.default_rng(seed)
    return Predictions(
        ids=np.array([str(n) for n in range(40)]),
        groups=np.array([str(n // 2) for n in range(40)]),
        truth=rng.integers(4, size=40),
        scores=rng.random((2, 40, 4), np.float32),
    )


def scored(entry: Entry[Task], made: Predictions, folder: Path) -> Samples:
    (folder / "row.npz").write_bytes(made.to_npz())
    return resamples.of(entry, made, folder / "row.npz")


def test_they_are_the_metric_on_the_shared_weights(entry: Entry[Task], tmp_path: Path) -> None:
    made = predictions(0)
    found = scored(entry, made, tmp_path)
    weights = statistics.group_weights(made.groups.tolist())
    scores = list(made.scores.astype(np.float64))
    expected = statistics.resampled(entry.card.primary, made.truth, scores, weights)
    np.testing.assert_allclose(found, expected)


def test_they_are_read_again_for_the_same_file_and_made_for_another(
    entry: Entry[Task], tmp_path: Path
) -> None:
    first = scored(entry, predictions(0), tmp_path)
    (place,) = (tmp_path / "cache" / "resamples").iterdir()
    kept.write(place, {"scores.npy": kept.packed(first + 1)})
    np.testing.assert_array_equal(scored(entry, predictions(0), tmp_path), first + 1)
    assert not np.array_equal(scored(entry, predictions(1), tmp_path), first + 1)


def test_damaged_ones_are_made_again(entry: Entry[Task], tmp_path: Path) -> None:
    first = scored(entry, predictions(0), tmp_path)
    (place,) = (tmp_path / "cache" / "resamples").iterdir()
    whole = place.read_bytes()
    for damaged in (whole[:200], whole[:300] + b"?" + whole[301:], b""):
        place.write_bytes(damaged)
        found = scored(entry, predictions(0), tmp_path)
        np.testing.assert_array_equal(found, first)
        assert place.read_bytes() == whole
