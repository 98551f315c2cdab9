"""Backbone × task → predictions → record."""

import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from os import cpu_count
from pathlib import Path

from backbones import Backbone, Layer, Texts
from bench import assets, data, extraction, kept, pairing, provenance, recording
from bench.digests import Digests
from bench.errors import UserError
from bench.extraction import DeviceError
from bench.pool import as_finished, interrupts_ignored, processes
from bench.probes import folds
from bench.probes.job import Job, ProbeError, Result
from bench.probes.protocols import PROTOCOLS, ZeroShot
from bench.progress import Reporter
from bench.recording import Row
from bench.registry import Entry
from bench.request import BadAudioFoundError, OnBadAudio, Outcome, Request, Status
from bench.rows import alone
from bench.store import Cost, Store, write_atomically
from leaderboard import records
from tasks import Clip, Split, Task


@dataclass(frozen=True, slots=True)
class _Table:
    """A task's clips and, for each, the key of its audio."""

    entry: Entry[Task]
    clips: list[Clip]
    keys: Mapping[str, str]


@dataclass(frozen=True)
class _Work:
    """A pair whose features are in the store; it has a job, or one a fold."""

    row: Row
    jobs: tuple[Job, ...]
    cost: Cost

    @property
    def pair(self) -> tuple[str, str]:
        return self.row.backbone.name, self.row.task.name

    @cached_property
    def kept(self) -> Path:
        """Where the record lies once it is made."""
        return self.jobs[0].folder / f"record-{self.row.key()[:16]}.zip"


def run(
    pairs: Sequence[tuple[Entry[Backbone], Entry[Task]]], request: Request, reporter: Reporter
) -> list[Outcome]:
    """Bring a record of every pair into the results folder.

    Features, searches and records that are there already are used again.

    Returns:
        What became of each pair, in the order given.

    Raises:
        BadAudioFoundError: a file cannot be used and `on_bad_audio` is stop; whatever was
            computed is kept.
    """
    this = _Run(request, reporter)
    for backbone, task in pairs:
        protocol = PROTOCOLS[request.protocol]
        reason = pairing.why_not(backbone.card, task.card, protocol, request.layer)
        if reason is not None:
            this.end((backbone.card.name, task.card.name), Status.SKIPPED, reason)
    runnable = [(b, t) for b, t in pairs if (b.card.name, t.card.name) not in this.outcomes]
    backbones = {b.card.name: b for b, _ in runnable}
    wanted = {name: [t for b, t in runnable if b.card.name == name] for name in backbones}
    tables = this.tables({t.card.name: t for _, t in runnable}, sorted(backbones))
    work: list[_Work] = []
    for name, entry in backbones.items():
        mine = [tables[t.card.name] for t in wanted[name] if t.card.name in tables]
        for layer, group in this.by_frames(entry.card, mine).items():
            work += this.extract(entry, group, layer)
    this.probe(work)
    return [this.outcomes[b.card.name, t.card.name] for b, t in pairs]


class _Run:
    """What one call of `run` shares between its steps."""

    def __init__(self, request: Request, reporter: Reporter) -> None:
        self.request = request
        self.reporter = reporter
        self.cache = assets.cache_folder()
        self.digests = Digests(self.cache / "digests.sqlite")
        self.outcomes: dict[tuple[str, str], Outcome] = {}

    def end(self, pair: tuple[str, str], status: Status, reason: str = "") -> None:
        """Note what became of a pair without a record."""
        self.outcomes[pair] = Outcome(*pair, status, reason)

    @contextmanager
    def failures_of(self, pairs: Sequence[tuple[str, str]]) -> Iterator[None]:
        """A failure is a row, not the end of the run; its traceback goes into a log."""
        try:
            yield
        except (BadAudioFoundError, DeviceError, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 — plug-ins may raise anything
            log = self.cache / "failures.log"
            with log.open("a", encoding="utf-8") as file:
                file.write(f"{pairs}\n{traceback.format_exc()}\n")
            reason = " ".join(str(error).split()) or "no message"
            if not isinstance(error, UserError | ProbeError):
                reason = f"{type(error).__name__}: {reason}"
            if not isinstance(error, UserError):
                reason = f"{reason} (traceback in {log})"
            for pair in pairs:
                self.end(pair, Status.FAILED, reason)

    def tables(
        self, tasks: Mapping[str, Entry[Task]], backbones: Sequence[str]
    ) -> dict[str, _Table]:
        """The clips of every task whose data are there or can be made."""
        tables = {}
        for name, entry in tasks.items():
            with self.failures_of([(backbone, name) for backbone in backbones]):
                tables[name] = self._table(entry)
        return tables

    def _table(self, entry: Entry[Task]) -> _Table:
        card = entry.card
        if data.is_ready(entry):
            place = data.folder(entry)
        elif card.data.make is None:
            place = data.ready(entry, _quietly)
        else:
            with self.reporter.step(f"making {card.data.name}", "steps") as step:
                place = data.ready(entry, step)
        clips = data.clips(card, place)
        contents = self.digests.of(clip.path for clip in clips)
        keys = {
            clip.id: extraction.clip_key(clip, contents.get(clip.path, f"no file {clip.path}"))
            for clip in clips
        }
        return _Table(entry, clips, keys)

    def by_frames(
        self, backbone: Backbone, tables: Sequence[_Table]
    ) -> dict[Layer | None, list[_Table]]:
        """The tables that need frames of a layer, and those that do not."""
        layers = [pairing.frames_for(backbone, t.entry.card, self.request.layer) for t in tables]
        pairs = list(zip(tables, layers, strict=True))
        return {layer: [t for t, its in pairs if its == layer] for layer in layers}

    def extract(
        self, entry: Entry[Backbone], tables: Sequence[_Table], layer: Layer | None
    ) -> list[_Work]:
        """Features of one backbone for all its tasks, or frames of a layer."""
        name = entry.card.name
        work: list[_Work] = []
        with self.failures_of([(name, table.entry.card.name) for table in tables]):
            settings = self.request.settings
            features = extraction.key_of(entry, settings.precision, layer)
            store = Store(self.cache / "features" / features)
            clips = {t.keys[clip.id]: clip for t in tables for clip in t.clips}
            if store.missing(clips):
                with self.reporter.step(f"encoding with {name}", "clips") as step:
                    bad = extraction.extract(entry, clips, store, settings, step, layer)
            else:
                bad = extraction.extract(entry, clips, store, settings, _quietly, layer)
            fate = "" if self.request.on_bad_audio is OnBadAudio.STOP else ", left out"
            for error in bad:
                self.reporter.say(f"{error}{fate}")
            if bad and not fate:
                raise BadAudioFoundError(name, bad)
            by_path = {error.path: error.reason for error in bad}
            reasons = {key: by_path[clips[key].path] for key in store.missing(clips)}
            for table in tables:
                with self.failures_of([(name, table.entry.card.name)]):
                    work.append(self._work(entry, table, store, features, reasons))
        return work

    def _work(
        self,
        entry: Entry[Backbone],
        table: _Table,
        store: Store,
        features: str,
        reasons: Mapping[str, str],
    ) -> _Work:
        """What is left to do for a pair: a row to fill, and the job that fills it."""
        request, task = self.request, table.entry.card
        usable = [clip for clip in table.clips if table.keys[clip.id] not in reasons]
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
            features=features,
            command=request.command(entry.card.name, table.entry.reference or task.name),
            reference=table.entry.reference,
        )
        code = provenance.code_digest(table.entry.file)
        texts = None
        if isinstance(PROTOCOLS[row.protocol], ZeroShot):
            prompts = task.prompts or task.labels
            texts = extraction.read(entry.card, prompts, request.settings)
        jobs = tuple(self._job(row, clips, store, table, code, texts) for clips in row.turns())
        return _Work(row, jobs, store.cost(table.keys[clip.id] for clip in usable))

    def _job(
        self,
        row: Row,
        clips: Sequence[Clip],
        store: Store,
        table: _Table,
        code: str,
        texts: Texts | None,
    ) -> Job:
        """What one search is told: features of all splits, labels of two."""
        by_split = {split: [clip for clip in clips if clip.split is split] for split in Split}
        labels = {
            split: recording.truth(row.task.kind, by_split[split])
            for split in (Split.TRAIN, Split.VALIDATION)
        }
        return Job(
            include=self.request.include,
            backbone=row.backbone.name,
            task=row.task.name,
            store=store.folder,
            keys={s: tuple(table.keys[clip.id] for clip in by_split[s]) for s in Split},
            labels=labels,
            protocol=row.protocol,
            layer=self.request.layer,
            trials=row.trials,
            budget_seconds=row.budget_seconds,
            seeds=row.seeds,
            cache=self.cache / "probes",
            code=code,
            texts=texts,
        )

    def probe(self, work: Sequence[_Work]) -> None:
        """Search, refit and score what is not there yet; one process a core."""
        waiting = []
        for each in work:
            files = kept.read(each.kept)
            if files is None:
                waiting.append(each)
            else:
                self._deliver(each, files, Status.KEPT)
        if waiting:
            self._probe(waiting)

    def _probe(self, waiting: Sequence[_Work]) -> None:
        from bench.probes import worker

        pool_size = min(len(waiting), cpu_count() or 1)
        with (
            self.reporter.step("probing", "pairs") as step,
            processes(pool_size, worker.prepare_process) as pool,
        ):
            step(0, len(waiting))
            with interrupts_ignored():
                futures = [[pool.submit(worker.run, job) for job in w.jobs] for w in waiting]
            for done, index in enumerate(as_finished(futures), 1):
                with self.failures_of([waiting[index].pair]):
                    self._score(waiting[index], [future.result() for future in futures[index]])
                step(done, len(waiting))

    def _score(self, work: _Work, found: Sequence[Result]) -> None:
        """Put folds together, score them, and keep the record."""
        result = folds.merge(found, work.row.places())
        record = recording.evaluate(work.row, result, work.cost)
        files = recording.files(record, work.row, result)
        kept.write(work.kept, files)
        self._deliver(work, files, Status.DONE)

    def _deliver(self, work: _Work, files: Mapping[str, bytes], status: Status) -> None:
        """Put a record and its predictions into the results folder."""
        place = records.place(self.request.results, self.request.protocol, *reversed(work.pair))
        with alone(self.request.results.parent):
            for suffix, content in files.items():
                target = place.parent / f"{place.stem}{suffix}"
                if not target.is_file() or target.read_bytes() != content:
                    write_atomically(target, content)
        self.outcomes[work.pair] = Outcome(*work.pair, status, record=records.read(place))


def _quietly(_done: int, _total: int) -> None:
    """A step that takes no time."""
