"""Scores of stored predictions, made anew after a metric or an interval has changed."""

from pathlib import Path

from bench import recording
from bench.registry import Registry
from bench.rows import BoardError, alone, reopened
from bench.store import write_atomically
from leaderboard import records
from leaderboard.records import Predictions, Record, RecordError


def rescore(board: Path, registry: Registry) -> list[str]:
    """Write into every record the scores that its predictions give today.

    Of variants, such as a layer each, the predictions of the one that is the row's score alone are
    stored; the others keep the scores that they have.

    Returns:
        What is to be known, a line each: how many records have changed, and which could not be
        scored for want of their task.

    Raises:
        BoardError: a record or its predictions are damaged; those before it are written.
    """
    places = list(records.paths(board / "results"))
    changed, missed = 0, []
    with alone(board):
        for path in places:
            try:
                record, predictions = records.read(path), Predictions.load(path.with_suffix(".npz"))
                found = _rescored(record, predictions, registry)
            except (RecordError, recording.UndefinedTestScoreError) as error:
                message = f"{path}: {error}"
                raise BoardError(message) from error
            if isinstance(found, str):
                missed.append(found)
            elif found != record:
                write_atomically(path, found.to_json().encode())
                changed += 1
    return [f"{changed} of {len(places)} records have other scores than before", *missed]


def _rescored(record: Record, predictions: Predictions, registry: Registry) -> Record | str:
    """The record with the scores of its predictions, or why they cannot be made."""
    entry = reopened(record, registry)
    if isinstance(entry, str):
        return entry
    task = entry.card
    scores = recording.scores(task, predictions, len(record.search.seeds))
    variants = [
        variant.model_copy(update={"score": scores[task.primary.name]})
        if variant.score == record.primary
        else variant
        for variant in record.variants
    ]
    return record.model_copy(
        update={
            "scores": scores,
            "per_class": recording.per_class(task, predictions),
            "variants": tuple(variants),
        }
    )
