"""Backbone × task → predictions → record."""

import traceback
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from contextlib import contextmanager
from os import cpu_count

from backbones import Backbone, Layer
from backbones.embeddings import UnknownClipError
from bench import assets, data, extraction, kept, pairing, recording
from bench.digests import Digests
from bench.errors import UserError
from bench.extraction import DeviceError
from bench.probes import folds, process
from bench.probes.job import ProbeError, Result
from bench.probes.protocols import PROTOCOLS
from bench.progress import Reporter
from bench.registry import Entry
from bench.request import BadAudioFoundError, OnBadAudio, Outcome, Request, Status
from bench.rows import alone
from bench.store import Store, write_atomically
from bench.work import Table, Work, planned
from leaderboard import records
from tasks import Task
from tasks._processes import interrupts_deferred, processes

FOR_USERS = UserError | UnknownClipError
"""Errors whose message is all that a user needs; of others the traceback is named too."""


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
    work: list[Work] = []
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
            if not isinstance(error, FOR_USERS | ProbeError):
                reason = f"{type(error).__name__}: {reason}"
            if not isinstance(error, FOR_USERS):
                reason = f"{reason} (traceback in {log})"
            for pair in pairs:
                self.end(pair, Status.FAILED, reason)

    def tables(
        self, tasks: Mapping[str, Entry[Task]], backbones: Sequence[str]
    ) -> dict[str, Table]:
        """The clips of every task whose data are there or can be made."""
        tables = {}
        for name, entry in tasks.items():
            with self.failures_of([(backbone, name) for backbone in backbones]):
                tables[name] = self._table(entry)
        return tables

    def _table(self, entry: Entry[Task]) -> Table:
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
        return Table(entry, clips, keys)

    def by_frames(
        self, backbone: Backbone, tables: Sequence[Table]
    ) -> dict[Layer | None, list[Table]]:
        """The tables that need frames of a layer, and those that do not."""
        layers = [pairing.frames_for(backbone, t.entry.card, self.request.layer) for t in tables]
        pairs = list(zip(tables, layers, strict=True))
        return {layer: [t for t, its in pairs if its == layer] for layer in layers}

    def extract(
        self, entry: Entry[Backbone], tables: Sequence[Table], layer: Layer | None
    ) -> list[Work]:
        """Features of one backbone for all its tasks, or frames of a layer.

        A task with a clip that has no vector fails alone.
        """
        with self.failures_of([(entry.card.name, table.entry.card.name) for table in tables]):
            try:
                return self._extracted(entry, tables, layer)
            except UnknownClipError:
                if len(tables) == 1:
                    raise
                return [work for t in tables for work in self.extract(entry, [t], layer)]
        return []

    def _extracted(
        self, entry: Entry[Backbone], tables: Sequence[Table], layer: Layer | None
    ) -> list[Work]:
        name = entry.card.name
        work: list[Work] = []
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
                work.append(planned(self.request, entry, table, store, reasons))
        return work

    def probe(self, work: Sequence[Work]) -> None:
        """Search, refit and score what is not there yet; one process a core."""
        waiting = []
        for each in work:
            files = kept.read(each.kept)
            if files is None:
                waiting.append(each)
            else:
                with self.failures_of([each.pair]):
                    self._deliver(each, files, Status.KEPT)
        if waiting:
            self._probe(waiting)

    def _probe(self, waiting: Sequence[Work]) -> None:
        pool_size = min(len(waiting), cpu_count() or 1)
        with (
            self.reporter.step("probing", "pairs") as step,
            processes(pool_size, process.prepare, process.PRELOADED) as pool,
        ):
            step(0, len(waiting))
            with interrupts_deferred():
                futures = [[pool.submit(process.run, job) for job in w.jobs] for w in waiting]
            for done, index in enumerate(_as_finished(futures), 1):
                with self.failures_of([waiting[index].pair]):
                    self._score(waiting[index], [future.result() for future in futures[index]])
                step(done, len(waiting))

    def _score(self, work: Work, found: Sequence[Result]) -> None:
        """Put folds together, score them, and keep the record."""
        result = folds.merge(found, work.row.places())
        record = recording.evaluate(work.row, result, work.cost)
        files = recording.files(record, work.row, result)
        kept.write(work.kept, files)
        self._deliver(work, files, Status.DONE)

    def _deliver(self, work: Work, files: Mapping[str, bytes], status: Status) -> None:
        """Put a record and its predictions into the results folder."""
        place = records.place(self.request.results, self.request.protocol, *reversed(work.pair))
        with alone(self.request.results.parent):
            for suffix, content in files.items():
                target = place.parent / f"{place.stem}{suffix}"
                if not target.is_file() or target.read_bytes() != content:
                    write_atomically(target, content)
        self.outcomes[work.pair] = Outcome(*work.pair, status, record=records.read(place))


def _as_finished(futures: Sequence[Sequence[Future[Result]]]) -> Iterator[int]:
    """The place of each group of futures, as the last of the group is done."""
    left = {future: index for index, many in enumerate(futures) for future in many}
    counts = [len(many) for many in futures]
    for future in as_completed(left):
        counts[left[future]] -= 1
        if counts[left[future]] == 0:
            yield left[future]


def _quietly(_done: int, _total: int) -> None:
    """A step that takes no time."""
