"""A record's score on every bootstrap resample, kept by the content that it follows from."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench import assets, digests, provenance, statistics
from bench.registry import Entry
from bench.statistics import Samples
from bench.store import write_atomically
from leaderboard.records import Predictions
from tasks import Task


@dataclass(frozen=True, slots=True)
class Resamples:
    """The primary metric of a task for one record.

    Attributes:
        value: on the clips as they are.
        samples: (resamples,), shared with every other row on the same groups.
    """

    value: float
    samples: Samples


def of(entry: Entry[Task], predictions: Predictions, file: Path) -> Resamples:
    """Score predictions on all resamples, or read what was kept when that was done before.

    Args:
        entry: the task.
        predictions: that were read from the file.
        file: whose digest, with that of the metric's code, is the key.

    Raises:
        ValueError, TypeError, IndexError: the predictions are not such as the metric takes.
    """
    kept = assets.cache_folder() / "resamples" / f"{_key(entry, file)}.npy"
    if not kept.is_file():
        buffer = io.BytesIO()
        np.save(buffer, _score(entry.card, predictions))
        write_atomically(kept, buffer.getbuffer())
    value, *samples = np.load(kept)
    return Resamples(float(value), np.array(samples))


def _key(entry: Entry[Task], file: Path) -> str:
    metric = entry.card.primary
    code = provenance.code_digest(entry.file, Path(statistics.__file__), Path(__file__))
    return provenance.digest([digests.of_file(file), metric.name, code, provenance.packages()])


def _score(task: Task, predictions: Predictions) -> Samples:
    """The value on the clips as they are, then on each resample: (1 + resamples,)."""
    scores = list(predictions.scores.astype(np.float64))
    weights = statistics.group_weights(predictions.groups.tolist())
    every = np.concatenate([np.ones((1, len(predictions.ids))), weights])
    return statistics.resampled(task.primary, predictions.truth, scores, every)
