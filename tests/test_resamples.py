"""Resampled scores that are kept are those that would be computed."""

from pathlib import Path

import numpy as np
import pytest

from bench import resamples, statistics
from bench.registry import Entry, Registry
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


def scored(entry: Entry[Task], made: Predictions, folder: Path) -> resamples.Resamples:
    made.save(folder / "row.npz")
    return resamples.of(entry, made, folder / "row.npz")


def test_they_are_the_metric_on_the_shared_weights(entry: Entry[Task], tmp_path: Path) -> None:
    made = predictions(0)
    found = scored(entry, made, tmp_path)
    weights = statistics.group_weights(made.groups.tolist())
    scores = list(made.scores.astype(np.float64))
    expected = statistics.resampled(entry.card.primary, made.truth, scores, weights)
    np.testing.assert_allclose(found.samples, expected)
    hits = (made.scores.argmax(2) == made.truth).mean()
    assert found.value == pytest.approx(hits)


def test_they_are_read_again_for_the_same_file_and_made_for_another(
    entry: Entry[Task], tmp_path: Path
) -> None:
    first = scored(entry, predictions(0), tmp_path)
    (kept,) = (tmp_path / "cache" / "resamples").iterdir()
    np.save(kept, np.append(0.5, first.samples))
    assert scored(entry, predictions(0), tmp_path).value == 0.5
    assert scored(entry, predictions(1), tmp_path).value != 0.5
