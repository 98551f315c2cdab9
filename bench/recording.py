"""Scores a chosen probe on the test clips. Nothing else in `bench` reads a test label."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from backbones import Backbone
from bench import provenance, statistics
from bench.probes.job import Result
from bench.store import Cost, write_atomically
from leaderboard import records
from leaderboard.records import Predictions, Record
from tasks import Clip, Kind, Split, Task, Truth


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
        seeds: of the probe.
        precision: of the encoder.
        features: key of the features.
        command: that makes this row.
    """

    backbone: Backbone
    task: Task
    clips: Sequence[Clip]
    skipped: Mapping[str, str]
    protocol: str
    trials: int
    seeds: tuple[int, ...]
    precision: str
    features: str
    command: str

    def of(self, split: Split) -> list[Clip]:
        """The clips of a split."""
        return [clip for clip in self.clips if clip.split is split]

    def key(self) -> str:
        """Changes with the test labels, the cards and the way scores are made."""
        return provenance.digest(
            [
                *(self.trials, self.seeds, self.command),
                [[c.id, c.label, c.group] for c in self.of(Split.TEST)],
                [[m.name, m.bounds] for m in self.task.metrics],
                *(_backbone_facts(self.backbone).model_dump(), _task_facts(self.task).model_dump()),
                dict(self.skipped),
                provenance.code_digest(Path(__file__)),
            ]
        )


def truth(kind: Kind, clips: Sequence[Clip]) -> Truth:
    """Labels as metrics and probes take them: (clips,) classes or (clips, tags or targets)."""
    if kind in {Kind.MULTICLASS, Kind.KEY}:
        return np.array([clip.label for clip in clips], dtype=np.int64)
    return np.array([clip.label for clip in clips], dtype=np.float64)


def evaluate(row: Row, result: Result, cost: Cost) -> Record:
    """The record of a row."""
    predictions = predicted(row, result)
    scores = list(predictions.scores.astype(np.float64))
    weights = statistics.group_weights([clip.group for clip in row.of(Split.TEST)])
    estimates = {
        metric.name: statistics.estimate(metric, predictions.truth, scores, weights)
        for metric in row.task.metrics
    }
    return Record(
        backbone=_backbone_facts(row.backbone),
        task=_task_facts(row.task),
        scores={name: _score(value, len(row.seeds)) for name, value in estimates.items()},
        per_class=_per_class(row, predictions),
        clips=_counts(row),
        search=records.Search(
            protocol=row.protocol,
            trials=row.trials,
            seeds=row.seeds,
            chosen=result.hyper,
            validation=result.validation,
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
            weights=row.backbone.weights,
            precision=row.precision,
        ),
    )


def predicted(row: Row, result: Result) -> Predictions:
    """What is stored beside the record: predictions and what they are compared with."""
    test = row.of(Split.TEST)
    return Predictions(
        ids=np.array([clip.id for clip in test]),
        groups=np.array([clip.group for clip in test]),
        truth=truth(row.task.kind, test),
        scores=result.scores,
    )


def save(record: Record, row: Row, result: Result, path: Path) -> None:
    """Write a record and its predictions; the record last, so that one without them never is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp.npz")
    predicted(row, result).save(unfinished)
    unfinished.replace(path.with_suffix(".npz"))
    write_atomically(path, record.to_json().encode())


def _score(value: statistics.Estimate, seeds: int) -> records.Score:
    """A probe that no seed changes scores the same for each of them."""
    fields = asdict(value)
    if len(value.seeds) == 1:
        fields["seeds"] = value.seeds * seeds
    return records.Score(**fields)


def _per_class(row: Row, predictions: Predictions) -> dict[str, float]:
    from tasks._metrics import per_class

    values = np.mean(
        [
            per_class(row.task.primary, predictions.truth, scores)
            for scores in predictions.scores.astype(np.float64)
        ],
        axis=0,
    )
    return {
        name: round(float(value), 6)
        for name, value in zip(row.task.labels, values, strict=True)
        if np.isfinite(value)
    }


def _counts(row: Row) -> records.Clips:
    return records.Clips(
        train=len(row.of(Split.TRAIN)),
        validation=len(row.of(Split.VALIDATION)),
        test=len(row.of(Split.TEST)),
        groups=len({clip.group for clip in row.of(Split.TEST)}),
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
