"""Scores a chosen probe on the test clips. Nothing else in `bench` reads a test label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from backbones import Backbone
from bench import assets, intervals, provenance
from bench.probes import folds
from bench.probes.events import padded
from bench.probes.job import Result, Variant
from bench.store import Cost
from leaderboard import records
from leaderboard.records import Predictions, Record
from tasks import Clip, Kind, Metric, Split, Task, Truth, rotation

UNCLASSED = {Kind.FRAMES, Kind.RETRIEVAL}

ROUNDING = 1e-9
"""How far outside of its bounds a metric may be."""


class UndefinedTestScoreError(ValueError):
    """A metric of a task has no value on the test clips, or none that it can have."""


@dataclass(frozen=True, slots=True)
class Row:
    """A pair, its usable clips, and how it was asked for.

    Attributes:
        backbone: the card.
        task: the card.
        clips: those that have features, by id.
        skipped: clip id → why it has none.
        protocol: name.
        trials: budget.
        budget_seconds: of the search; None for no such end.
        seeds: of the probe.
        precision: of the encoder.
        features: key of the features.
        command: that makes this row.
        reference: what a door was asked for to make the task's card, if one was.
    """

    backbone: Backbone
    task: Task
    clips: Sequence[Clip]
    skipped: Mapping[str, str]
    protocol: str
    trials: int
    budget_seconds: float | None
    seeds: tuple[int, ...]
    precision: str
    features: str
    command: str
    reference: str = ""

    def of(self, split: Split) -> list[Clip]:
        """The clips of a split."""
        return [clip for clip in self.clips if clip.split is split]

    def turns(self) -> list[list[Clip]]:
        """The clips, once; with folds, once for each, in which it is the test split."""
        number = self.task.folds
        turns = [rotation(self.clips, fold, number) for fold in range(1, number + 1)]
        return turns or [list(self.clips)]

    def places(self) -> list[npt.NDArray[np.int64]]:
        """For each turn, where its test clips are among all that are tested."""
        at = {clip.id: index for index, clip in enumerate(self.of(Split.TEST))}
        return [
            np.array([at[clip.id] for clip in turn if clip.split is Split.TEST], dtype=np.int64)
            for turn in self.turns()
        ]

    def key(self) -> str:
        """Changes with the test labels, the cards and the way scores are made."""
        return provenance.digest(
            [
                *(self.trials, self.budget_seconds, self.seeds, self.command),
                [[c.id, c.label, c.group, c.fold] for c in self.of(Split.TEST)],
                [[m.name, m.bounds] for m in self.task.metrics],
                *(_backbone_facts(self.backbone).model_dump(), _task_facts(self.task).model_dump()),
                dict(self.skipped),
                provenance.code_digest(Path(__file__), Path(folds.__file__)),
            ]
        )


def truth(kind: Kind, clips: Sequence[Clip]) -> Truth:
    """Labels as metrics and probes take them.

    Returns:
        (clips,) classes, (clips, tags or targets), (clips, most events) padded with NaN, or
        (clips, `captions`).
    """
    if kind in {Kind.MULTICLASS, Kind.KEY}:
        return np.array([clip.label for clip in clips], dtype=np.int64)
    if kind is Kind.FRAMES:
        return padded([np.array(clip.label, dtype=np.float64) for clip in clips])
    if kind is Kind.RETRIEVAL:
        texts, by_clip = captions(clips), [_captions(clip) for clip in clips]
        return np.array([[text in mine for text in texts] for mine in by_clip], dtype=np.float64)
    return np.array([clip.label for clip in clips], dtype=np.float64)


def captions(clips: Sequence[Clip]) -> list[str]:
    """The captions of clips, each once; their order does not tell which is of which clip."""
    return sorted({text for clip in clips for text in _captions(clip)})


def _captions(clip: Clip) -> set[str]:
    return {str(text) for text in clip.label} if isinstance(clip.label, tuple) else set()


def evaluate(row: Row, result: Result, cost: Cost) -> Record:
    """The record of a row.

    Raises:
        UndefinedTestScoreError: a metric has no value on these test clips.
    """
    predictions = predicted(row, result)
    return Record(
        backbone=_backbone_facts(row.backbone),
        task=_task_facts(row.task),
        scores=scores(row.task, predictions, len(row.seeds)),
        per_class=per_class(row.task, predictions),
        variants=_variants(row, result),
        clips=_counts(row),
        search=records.Search(
            protocol=row.protocol,
            budget=row.trials,
            seconds=row.budget_seconds,
            seeds=row.seeds,
            chosen=result.chosen.hyper,
            validation=result.chosen.validation,
            trials=tuple(
                records.Trial(hyper=t.hyper, score=t.score, pruned=t.pruned) for t in result.trials
            ),
        ),
        leak=tuple(sorted(set(row.backbone.trained_on) & set(row.task.corpora))),
        costs=records.Costs(
            encode_seconds=round(cost.encode_seconds, 3),
            real_time_factor=round(cost.audio_seconds / max(cost.encode_seconds, 1e-9), 1),
            probe_seconds=round(result.seconds, 3),
            peak_memory_mb=result.peak_memory_mb,
            device=cost.device,
        ),
        provenance=records.Provenance(
            command=row.command,
            commit=provenance.commit(),
            machine=provenance.machine(),
            packages=provenance.packages(),
            features=row.features,
            data=row.task.digest or "",
            weights=row.backbone.weights and assets.settled(row.backbone.weights),
            precision=row.precision,
            reference=row.reference,
        ),
    )


def predicted(row: Row, result: Result) -> Predictions:
    """What is stored beside the record: predictions and what they are compared with."""
    return _predictions(row, result.chosen)


def _predictions(row: Row, variant: Variant) -> Predictions:
    test = row.of(Split.TEST)
    return Predictions(
        ids=np.array([clip.id for clip in test]),
        groups=np.array([clip.group for clip in test]),
        truth=truth(row.task.kind, test),
        scores=variant.scores,
    )


def files(record: Record, row: Row, result: Result) -> dict[str, bytes]:
    """Suffix → content of a record and its predictions, the record last."""
    return {".npz": predicted(row, result).to_npz(), ".json": record.to_json().encode()}


def scores(task: Task, predictions: Predictions, seeds: int) -> dict[str, records.Score]:
    """Every metric of a task, by name.

    Raises:
        UndefinedTestScoreError: a metric has no value on these test clips.
    """
    return {metric.name: score(metric, predictions, seeds) for metric in task.metrics}


def score(metric: Metric, predictions: Predictions, seeds: int) -> records.Score:
    """A metric over the seeds; a probe that no seed changes scores the same for each of them.

    Raises:
        UndefinedTestScoreError: it has no value on these test clips.
    """
    fits = list(predictions.scores.astype(np.float64))
    groups = predictions.groups.tolist()
    found = intervals.estimate(metric, predictions.truth, fits, groups)
    said = f"{metric.name} is {found.value} [{found.low}, {found.high}] on {len(groups)} test clips"
    if not np.isfinite([found.value, found.low, found.high]).all():
        message = (
            f"{said}, expected finite numbers; are there enough labels of each kind among them?"
        )
        raise UndefinedTestScoreError(message)
    worst, best = metric.bounds
    if not worst - ROUNDING <= found.value <= best + ROUNDING:
        message = f"{said}, which is outside of its bounds, {worst:g} to {best:g}"
        raise UndefinedTestScoreError(message)
    each = found.seeds * (seeds if len(found.seeds) == 1 else 1)
    return records.Score(
        value=found.value, low=found.low, high=found.high, error=found.error, seeds=each
    )


def _variants(row: Row, result: Result) -> tuple[records.Variant, ...]:
    """All that have a name."""
    return tuple(
        records.Variant(
            name=variant.name,
            chosen=variant.hyper,
            validation=variant.validation,
            score=score(row.task.primary, _predictions(row, variant), len(row.seeds)),
        )
        for variant in result.variants
        if variant.name
    )


def per_class(task: Task, predictions: Predictions) -> dict[str, records.ClassScore]:
    """The primary metric of each class, on the clips that are of it, or of each tag or target.

    Events and captions have no classes.
    """
    truth, groups = predictions.truth, predictions.groups
    found = {}
    for index, name in enumerate(() if task.kind in UNCLASSED else task.labels):
        if truth.ndim == 1:
            clips, columns = truth == index, slice(None)
        else:
            clips, columns = ~np.isnan(truth[:, index]), slice(index, index + 1)
        if not clips.any():
            continue
        part = truth[clips] if truth.ndim == 1 else truth[clips, columns]
        seeds = list(predictions.scores[:, clips, columns].astype(np.float64))
        guess = intervals.estimate(task.primary, part, seeds, groups[clips].tolist())
        ends = [round(number, 6) for number in (guess.value, guess.low, guess.high)]
        if np.isfinite(ends).all():
            value, low, high = ends
            found[name] = records.ClassScore(value=value, low=low, high=high, clips=len(part))
    return found


def _counts(row: Row) -> records.Clips:
    return records.Clips(
        train=len(row.of(Split.TRAIN)),
        validation=len(row.of(Split.VALIDATION)),
        test=len(row.of(Split.TEST)),
        groups=len({clip.group for clip in row.of(Split.TEST)}),
        folds=row.task.folds,
        skipped=dict(row.skipped),
    )


def _backbone_facts(card: Backbone) -> records.BackboneFacts:
    return records.BackboneFacts(
        name=card.name,
        family=card.family,
        summary=card.summary,
        parameters=card.parameters,
        paper=card.paper,
        licence=card.licence,
        weights_licence=card.weights_licence,
        trained_on=card.trained_on,
    )


def _task_facts(card: Task) -> records.TaskFacts:
    return records.TaskFacts(
        name=card.name,
        summary=card.summary,
        kind=card.kind,
        suites=card.suites,
        recorded=card.data.recorded,
        licence=card.data.licence,
        paper=card.data.paper,
        labels=card.labels,
        primary=card.primary.name,
    )
