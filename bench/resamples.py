"""A record's score on every bootstrap resample, kept by the content that it follows from."""

from pathlib import Path

import numpy as np

from bench import assets, digests, kept, provenance, statistics
from bench.registry import Entry
from bench.statistics import Samples
from leaderboard.records import Predictions
from tasks import Task


def of(entry: Entry[Task], predictions: Predictions, file: Path) -> Samples:
    """Score predictions on all resamples, or read what was kept when that was done before.

    Args:
        entry: the task.
        predictions: that were read from the file.
        file: whose digest, with that of the metric's code, is the key.

    Returns:
        (resamples,): the primary metric of the task.

    Raises:
        ValueError, TypeError, IndexError: the predictions are not such as the metric takes.
    """
    place = assets.cache_folder() / "resamples" / f"{_key(entry, file)}.zip"
    found = kept.read(place)
    if found is None:
        found = {"scores.npy": kept.packed(_score(entry.card, predictions))}
        kept.write(place, found)
    return kept.unpacked(found["scores.npy"]).astype(np.float64)


def _key(entry: Entry[Task], file: Path) -> str:
    metric = entry.card.primary
    code = provenance.code_digest(entry.file, Path(statistics.__file__), Path(__file__))
    return provenance.digest([digests.of_file(file), metric.name, code, provenance.packages()])


def _score(task: Task, predictions: Predictions) -> Samples:
    """The primary metric on each resample, shared with every other row on the same groups."""
    scores = list(predictions.scores.astype(np.float64))
    weights = statistics.group_weights(predictions.groups.tolist())
    return statistics.resampled(task.primary, predictions.truth, scores, weights)
