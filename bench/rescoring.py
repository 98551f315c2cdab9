"""Scores of stored predictions, made anew after a metric or an interval has changed."""

from pathlib import Path

from bench import recording
from bench.registry import Registry
from bench.rows import BoardError, alone, opened, reopened, verify_facts
from bench.store import write_atomically
from leaderboard import records
from leaderboard.records import Record, RecordError


def rescore(board: Path, registry: Registry) -> list[str]:
    """Write into every record the scores that its predictions give today.

    Of variants, such as a layer each, the predictions of the one that is the row's score alone are
    stored; the others keep the scores that they have.

    Returns:
        What is to be known, a line each: how many records have changed, and which could not be
        scored for want of their task.

    Raises:
        BoardError: a record or its predictions are damaged, or of another score than the task has
            now. Then none is written.
    """
    changed: dict[Path, Record] = {}
    missed = []
    with alone(board):
        places = list(records.paths(board / "results"))
        for path in places:
            try:
                record, found = _rescored(path, board, registry)
            except RecordError as error:
                raise BoardError(str(error)) from error
            if isinstance(found, str):
                missed.append(found)
            elif found != record:
                changed[path] = found
        for path, record in changed.items():
            write_atomically(path, record.to_json().encode())
    return [f"{len(changed)} of {len(places)} records have other scores than before", *missed]


def _rescored(path: Path, board: Path, registry: Registry) -> tuple[Record, Record | str]:
    """A record, and the same with the scores of its predictions, or why they cannot be made."""
    record, predictions = opened(path, board)
    entry = reopened(record, registry)
    if isinstance(entry, str):
        return record, entry
    task = entry.card
    verify_facts(path, record, task, predictions)
    try:
        scores = recording.scores(task, predictions, len(record.search.seeds))
        classes = recording.per_class(task, predictions)
    except (ValueError, TypeError, IndexError) as error:
        message = f"{path.with_suffix('.npz')} does not hold predictions: {error}"
        raise RecordError(message) from error
    own = (record.search.chosen, record.primary)
    variants = [
        variant.model_copy(update={"score": scores[task.primary.name]})
        if (variant.chosen, variant.score) == own
        else variant
        for variant in record.variants
    ]
    anew = {"scores": scores, "per_class": classes, "variants": tuple(variants)}
    return record, record.model_copy(update=anew)
