"""What is to be done for a pair: the row to fill, and the jobs that fill it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from backbones import Backbone, Texts
from bench import assets, claims, extraction, provenance, recording
from bench.probes.job import Job, question
from bench.probes.protocols import PROTOCOLS, FineTune, ZeroShot
from bench.recording import Row
from bench.registry import Entry
from bench.request import Request
from bench.store import Cost, Store
from bench.stretch import Stretch
from tasks import Clip, Kind, Split, Task


@dataclass(frozen=True, slots=True)
class Table:
    """A task's clips and, for each, the key of its audio.

    Attributes:
        entry: the task.
        clips: in the order of their ids.
        keys: clip id → key.
    """

    entry: Entry[Task]
    clips: list[Clip]
    keys: Mapping[str, str]


@dataclass(frozen=True)
class Work:
    """A pair whose features are in the store.

    Attributes:
        row: to be filled.
        jobs: that fill it: one, or one a fold.
        cost: of its features.
    """

    row: Row
    jobs: tuple[Job, ...]
    cost: Cost

    @property
    def pair(self) -> tuple[str, str]:
        """Names of backbone and task."""
        return self.row.backbone.name, self.row.task.name

    @cached_property
    def kept(self) -> Path:
        """Where the record lies once it is made."""
        return self.jobs[0].folder / f"record-{self.row.key()[:16]}.zip"


def planned(
    request: Request,
    entry: Entry[Backbone],
    table: Table,
    store: Store,
    reasons: Mapping[str, str],
) -> Work:
    """What is left to do for a pair: a row to fill, and the jobs that fill it.

    Args:
        request: how to run it.
        entry: the backbone.
        table: the task.
        store: of the backbone's features; its folder is named after their key.
        reasons: clip key → why it has no features.

    Raises:
        DataError: the clips that have some are too few.
    """
    task = table.entry.card
    usable = [clip for clip in table.clips if table.keys[clip.id] not in reasons]
    wrong = claims.unusable(task, usable) if len(usable) < len(table.clips) else None
    if wrong is not None:
        message = f"without the clips whose audio cannot be used, {task.name}{wrong}"
        raise claims.DataError(message)
    row = Row(
        backbone=entry.card,
        task=task,
        clips=usable,
        skipped={
            clip.id: reasons[table.keys[clip.id]]
            for clip in table.clips
            if table.keys[clip.id] in reasons
        },
        protocol=request.protocol,
        trials=request.trials,
        budget_seconds=request.budget_seconds,
        seeds=tuple(range(request.seeds)),
        precision=request.settings.precision,
        features=store.folder.name,
        command=request.command(
            entry.reference or entry.card.name, table.entry.reference or task.name
        ),
        reference=table.entry.reference,
    )
    code = provenance.code_digest(table.entry.file)
    texts = None
    if isinstance(PROTOCOLS[row.protocol], ZeroShot):
        asked = task.prompts or task.labels
        prompts = recording.captions(row.of(Split.TEST)) if task.kind is Kind.RETRIEVAL else asked
        texts = extraction.read(entry.card, prompts, request.settings)
    jobs = tuple(_job(request, row, clips, store, table, code, texts) for clips in row.turns())
    return Work(row, jobs, store.cost(table.keys[clip.id] for clip in usable))


def _job(
    request: Request,
    row: Row,
    clips: Sequence[Clip],
    store: Store,
    table: Table,
    code: str,
    texts: Texts | None,
) -> Job:
    """What one search is told: features of all splits, labels of two."""
    by_split = {split: [clip for clip in clips if clip.split is split] for split in Split}
    labels = {
        split: recording.truth(row.task.kind, by_split[split])
        for split in (Split.TRAIN, Split.VALIDATION)
    }
    trained = isinstance(PROTOCOLS[row.protocol], FineTune)
    heard = {split: tuple(map(Stretch.of, clips)) for split, clips in by_split.items()}
    return Job(
        include=request.include,
        backbone=row.backbone.name,
        task=row.task.name,
        store=store.folder,
        keys={s: tuple(table.keys[clip.id] for clip in by_split[s]) for s in Split},
        labels=labels,
        protocol=row.protocol,
        layer=request.layer,
        trials=row.trials,
        budget_seconds=row.budget_seconds,
        seeds=row.seeds,
        cache=assets.cache_folder() / "probes",
        question=question(row.task),
        code=code,
        texts=texts,
        audio=heard if trained else {},
        device=extraction.resolve(request.settings.device) if trained else "cpu",
    )
