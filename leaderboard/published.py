"""Numbers that others published, beside the records that they can be held against."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from leaderboard.records import Record


class Verdict(StrEnum):
    """How a score of ours lies to a published one."""

    WITHIN = "within"
    OUTSIDE = "outside"
    UNJUDGED = "no tolerance known"
    OTHER = "different protocol"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Part):
    """What was scored.

    Attributes:
        task: with its split, as it is called here.
        others: tasks on other splits of the same data.
        metric: as it is called here.
        label: the class or target, where the score is that of one.
        tolerance: how far apart two honest runs are, in hundredths; None if not known.
    """

    task: str
    others: tuple[str, ...] = ()
    metric: str
    label: str = ""
    tolerance: float | None = None


class Source(_Part):
    """Who published, and the protocol of ours that asks the same; empty if none is known to."""

    name: str
    protocol: str


class Model(_Part):
    """Scores × 100 by column, of a model that may be one of some backbones."""

    source: str
    name: str
    backbones: tuple[str, ...]
    scores: dict[str, float]


class Published(_Part):
    """All of it."""

    columns: dict[str, Column]
    sources: dict[str, Source]
    models: tuple[Model, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """A record's score and a published one.

    Attributes:
        backbone: of the record.
        task: of the record.
        metric: with the class or target where it is of one.
        protocol: of the record.
        ours: × 100; None where the record has no such score.
        model: as its authors call it.
        source: who published.
        published: × 100.
        tolerance: in hundredths; None if not known.
        verdict: see `Verdict`.
        reason: what differs, where the protocol does.
    """

    backbone: str
    task: str
    metric: str
    protocol: str
    ours: float | None
    model: str
    source: str
    published: float
    tolerance: float | None
    verdict: Verdict
    reason: str


@cache
def published() -> Published:
    """What `published.toml` holds."""
    file = Path(__file__).with_suffix(".toml")
    return Published.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))


def beside(records: Iterable[Record]) -> list[Beside]:
    """Every published number of the backbone and data of a record, next to that record."""
    known = published()
    return [
        _beside(record, model, known.columns[name], value)
        for record in records
        for model in known.models
        if record.backbone.name in model.backbones
        for name, value in model.scores.items()
        if record.task.name in {known.columns[name].task, *known.columns[name].others}
    ]


def _beside(record: Record, model: Model, column: Column, value: float) -> Beside:
    source = published().sources[model.source]
    ours = _score(record, column)
    differing = list(_differing(record, source, column, ours))
    return Beside(
        backbone=record.backbone.name,
        task=record.task.name,
        metric=f"{column.metric}, {column.label}" if column.label else column.metric,
        protocol=record.search.protocol,
        ours=ours,
        model=model.name,
        source=source.name,
        published=value,
        tolerance=column.tolerance,
        verdict=_verdict(ours, value, column.tolerance, differing),
        reason="; ".join(differing),
    )


def _score(record: Record, column: Column) -> float | None:
    """× 100; of a class or target only where the metric is the primary one."""
    if not column.label:
        score = record.scores.get(column.metric)
        return None if score is None else 100 * score.value
    found = record.per_class.get(column.label)
    return 100 * found.value if found and column.metric == record.task.primary else None


def _differing(record: Record, source: Source, column: Column, ours: float | None) -> Iterable[str]:
    """What was asked otherwise, in words."""
    if record.task.name != column.task:
        yield f"split {record.task.name}, published on {column.task}"
    if record.search.protocol != source.protocol:
        expected = source.protocol or "none of ours"
        yield f"probe {record.search.protocol}, published with {expected}"
    if ours is None:
        yield f"the record has no {column.metric}"


def _verdict(
    ours: float | None, value: float, tolerance: float | None, differing: Sequence[str]
) -> Verdict:
    if differing or ours is None:
        return Verdict.OTHER
    if tolerance is None:
        return Verdict.UNJUDGED
    return Verdict.WITHIN if abs(ours - value) <= tolerance else Verdict.OUTSIDE
