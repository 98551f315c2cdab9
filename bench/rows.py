"""Records with what their comparison with others needs."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from filelock import BaseFileLock, FileLock

from bench import assets, digests, kept, leaks, provenance, recording, resamples
from bench.errors import UserError
from bench.registry import (
    DuplicateNameError,
    Entry,
    PluginError,
    Registry,
    UnknownNameError,
)
from bench.statistics import Samples
from leaderboard import audits, records
from leaderboard.audits import Audit
from leaderboard.board import Clean
from leaderboard.records import Predictions, Record, RecordError
from tasks import Kind, Task

TOLERANCE = 1e-6
"""How far a record may be from its predictions."""


class BoardError(UserError):
    """The records of a board cannot be used."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record and what its comparison with others needs.

    Attributes:
        record: of one pair.
        groups: of each test clip.
        samples: the primary metric on the shared resamples; None for a task not known here.
        clips: digest of the test clips, groups and labels; rows with another are not compared.
        audit: of the task; None where there was none.
        clean: without the test clips that an audit found elsewhere; None where there are none.
    """

    record: Record
    groups: tuple[str, ...]
    samples: Samples | None
    clips: str
    audit: Audit | None = None
    clean: Clean | None = None


Rows: TypeAlias = dict[tuple[str, str], Row]
"""(task, backbone) → row."""


def alone(board: Path) -> BaseFileLock:
    """Hold a board against other processes, so that none sees half a row or an older page."""
    folder = assets.cache_folder() / "boards"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{provenance.digest(str(board.resolve()))}.lock", is_singleton=True)


def of_board(board: Path, registry: Registry) -> dict[str, Rows]:
    """Protocol → its rows.

    Raises:
        BoardError: a record or its predictions are damaged.
    """
    found: dict[str, Rows] = {}
    try:
        with alone(board):
            for path in records.paths(board / "results"):
                row = _read(path, board, registry)
                names = (row.record.task.name, row.record.backbone.name)
                found.setdefault(row.record.search.protocol, {})[names] = row
    except RecordError as error:
        raise BoardError(str(error)) from error
    return found


def opened(path: Path, board: Path) -> tuple[Record, Predictions]:
    """A record and its predictions.

    Raises:
        RecordError: one of them is damaged, or the record lies where another belongs.
    """
    record = records.read(path)
    names = (record.search.protocol, record.task.name, record.backbone.name)
    if path != records.place(board / "results", *names):
        protocol, task, backbone = names
        message = f"{path} holds a record of {backbone} on {task} by {protocol}; move it"
        raise RecordError(message)
    return record, Predictions.load(path.with_suffix(".npz"))


def _read(path: Path, board: Path, registry: Registry) -> Row:
    """Read a record, and compare what it says with the predictions beside it.

    Raises:
        RecordError: they are damaged or contradict each other.
    """
    record, predictions = opened(path, board)
    _refuse_other_training(path, record, registry)
    asked = (predictions.ids, predictions.groups, predictions.truth)
    clips = provenance.digest([array.tolist() for array in asked])
    groups = tuple(predictions.groups.tolist())
    entry = reopened(record, registry)
    if isinstance(entry, str):
        return Row(record, groups, None, clips)
    try:
        found = resamples.of(entry, predictions, path.with_suffix(".npz"))
    except (ValueError, TypeError, IndexError) as error:
        message = f"{path.with_suffix('.npz')} does not hold predictions: {error}"
        raise RecordError(message) from error
    _verify(path, record, entry, predictions)
    audit = audits.read(board, record.task.name)
    clean = leaks.without(audit, entry.card, record, predictions) if audit else None
    return Row(record, groups, found, clips, audit, clean)


def _refuse_other_training(path: Path, record: Record, registry: Registry) -> None:
    """Marks of leaks follow from what a backbone was trained on: its card must still say so.

    Raises:
        RecordError: it says something else.
    """
    card = registry.backbones.entries.get(record.backbone.name)
    if card is None or {*card.card.trained_on} == {*record.backbone.trained_on}:
        return
    written, found = (sorted(each) for each in (record.backbone.trained_on, card.card.trained_on))
    message = (
        f"{path} says that {record.backbone.name} was trained on {', '.join(written) or 'nothing'}"
        f", its card says {', '.join(found) or 'nothing'}; run the pair again"
    )
    raise RecordError(message)


def reopened(record: Record, registry: Registry) -> Entry[Task] | str:
    """The task of a record, by its name or through the door that it came by.

    Returns:
        The task; or in one line why there is none that its row can be compared by.
    """
    name, reference = record.task.name, record.provenance.reference
    if not reference:
        unknown = f"{name} is not known here; name its file with --include"
        return registry.tasks.entries.get(name, unknown)
    try:
        entry = registry.tasks[reference]
    except (PluginError, UnknownNameError, DuplicateNameError) as error:
        return f"{name}: its rows are shown without comparison; {error}"
    if (entry.card.name, entry.card.digest) != (name, record.provenance.data):
        return (
            f"{name}: the row of {record.backbone.name} is shown without comparison; "
            f"{reference} has other clips, labels or splits than it had; run the pair again"
        )
    return entry


def _verify(path: Path, record: Record, entry: Entry[Task], predictions: Predictions) -> None:
    """Make sure that all scores of a record are those of its predictions; once for its content.

    Raises:
        RecordError: they are not.
    """
    files = [digests.of_file(path.with_suffix(suffix)) for suffix in (".json", ".npz")]
    code = provenance.code_digest(entry.file, Path(recording.__file__), Path(__file__))
    metrics = [metric.name for metric in entry.card.metrics]
    key = provenance.digest([*files, entry.card.name, metrics, code, provenance.packages()])
    place = assets.cache_folder() / "verified" / f"{key}.zip"
    if kept.read(place) is not None:
        return
    verify_facts(path, record, entry.card, predictions)
    scores = recording.scores(entry.card, predictions, len(record.search.seeds))
    classes = recording.per_class(entry.card, predictions)
    expected = _numbers({**scores, **{f"class {name}": classes[name] for name in classes}})
    said = _numbers(
        {**record.scores, **{f"class {name}": record.per_class[name] for name in record.per_class}}
    )
    for name in sorted(expected.keys() | said.keys()):
        found, written = expected.get(name, math.nan), said.get(name, math.nan)
        if not math.isclose(found, written, rel_tol=0, abs_tol=TOLERANCE):
            message = f"{path} says that {name} is {written:.6f}, its predictions give {found:.6f}"
            raise RecordError(message)
    kept.write(place, {})


def verify_facts(path: Path, record: Record, task: Task, predictions: Predictions) -> None:
    """Make sure that what letters and marks follow from is as the predictions and cards say.

    Raises:
        RecordError: it is not, or the predictions are none of this task.
    """
    facts = {
        "clips.test": (record.clips.test, len(predictions.ids)),
        "clips.groups": (record.clips.groups, len(set(predictions.groups.tolist()))),
        "leak": (record.leak, tuple(sorted({*record.backbone.trained_on} & {*task.corpora}))),
        "task.primary": (record.task.primary, task.primary.name),
    }
    for name, (written, found) in facts.items():
        if written != found:
            message = f"{path} says that {name} is {written}, expected {found}; run the pair again"
            raise RecordError(message)
    classed = task.kind not in recording.UNCLASSED
    numbers = task.kind is Kind.FRAMES or bool(np.isfinite(predictions.scores).all())
    if not numbers or (classed and predictions.scores.shape[2:] != (len(task.labels),)):
        outputs = f"{len(task.labels)} finite numbers a clip" if classed else "finite numbers"
        message = f"{path.with_suffix('.npz')} does not hold {outputs}; run the pair again"
        raise RecordError(message)


def _numbers(scores: Mapping[str, records.Score | records.ClassScore]) -> dict[str, float]:
    """All numbers of scores, each with its name."""
    found = {}
    for name, score in scores.items():
        fields = score.model_dump()
        for seed, value in enumerate(fields.pop("seeds", ())):
            found[f"{name} of seed {seed}"] = value
        found |= {f"{name}, {field}": value for field, value in fields.items()}
    return found


def comparable(task: str, rows: Rows) -> dict[str, Samples]:
    """Resampled scores by backbone, of the rows that were scored on the same test clips.

    Where rows left out different clips, the set that most rows share is compared; of sets that
    are shared as often, the largest.
    """
    mine = [row for (name, _), row in sorted(rows.items()) if name == task]
    sizes = {row.clips: row.record.clips.test for row in mine}
    often = Counter(row.clips for row in mine)
    return of_clips(task, rows, max(often, key=lambda clips: (often[clips], sizes[clips])))


def of_clips(task: str, rows: Rows, clips: str) -> dict[str, Samples]:
    """Resampled scores by backbone, of the rows that were scored on these test clips."""
    return {
        backbone: row.samples
        for (name, backbone), row in sorted(rows.items())
        if name == task and row.samples is not None and row.clips == clips
    }
