"""Our side: a pair's embeddings out of the feature store, and our protocols on them."""

import math
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from backbones import Backbone, Precision
from bench import assets, data, extraction, provenance, recording
from bench.digests import Digests
from bench.probes import Model, Pooling, process, worker
from bench.probes.features import StoredFeatures
from bench.probes.job import Job, Result, question
from bench.probes.protocols import PROTOCOLS, Protocol, Tuned
from bench.progress import Reporter
from bench.registry import Entry
from bench.request import OnBadAudio, Request
from bench.run import run
from bench.store import Store
from benchmarks.peers.exchange import Answer, Embeddings
from tasks import Clip, Split, Task
from tasks._processes import processes


@dataclass(frozen=True, slots=True)
class Pair:
    """A backbone on a task.

    Attributes:
        job: for our protocols; which one is filled in later.
        embeddings: the mean over the windows of the default layer, for the peers.
        groups: of the test clips.
    """

    job: Job
    embeddings: Embeddings
    groups: tuple[str, ...]


def encode(backbones: Sequence[Entry[Backbone]], tasks: Sequence[Entry[Task]], board: Path) -> None:
    """Fill the feature store, by an ordinary run into a board of its own.

    Raises:
        RuntimeError: a pair has no record.
    """
    request = Request(
        include=(),
        protocol="linear-v1",
        trials=PROTOCOLS["linear-v1"].trials,
        budget_seconds=None,
        seeds=1,
        layer=None,
        settings=extraction.Settings("cpu"),
        on_bad_audio=OnBadAudio.STOP,
        results=board / "results",
    )
    for outcome in run([(b, t) for b in backbones for t in tasks], request, Reporter()):
        if outcome.record is None:
            message = f"{outcome.backbone} on {outcome.task}: {outcome.reason}"
            raise RuntimeError(message)


def dealt(clips: Sequence[Clip], seed: int) -> list[Clip]:
    """The same clips in splits of about the same sizes, their groups drawn by lot.

    Args:
        clips: of all splits.
        seed: of the lot; 0 for the splits as they are published.
    """
    if seed == 0:
        return list(clips)
    wanted = Counter(clip.split for clip in clips)
    sizes = Counter(clip.group for clip in clips)
    groups = np.random.default_rng(seed).permutation(sorted(sizes))
    ends = np.cumsum([sizes[group] for group in groups])
    test, validation = wanted[Split.TEST], wanted[Split.VALIDATION]
    places = np.searchsorted([test, test + validation], ends, side="left")
    order = (Split.TEST, Split.VALIDATION, Split.TRAIN)
    split = {group: order[place] for group, place in zip(groups, places, strict=True)}
    return [replace(clip, split=split[clip.group]) for clip in clips]


def pair(backbone: Entry[Backbone], task: Entry[Task], seed: int) -> Pair:
    """What the store holds of a pair; the seed is that of `dealt`."""
    card, cache = backbone.card, assets.cache_folder()
    clips = dealt(data.clips(task.card, data.ready(task, lambda _done, _total: None)), seed)
    contents = Digests(cache / "digests.sqlite").of(clip.path for clip in clips)
    splits: dict[Split, list[Clip]] = {s: [c for c in clips if c.split is s] for s in Split}
    keys = {
        split: tuple(extraction.clip_key(clip, contents[clip.path]) for clip in part)
        for split, part in splits.items()
    }
    store = Store(cache / "features" / extraction.key_of(backbone, Precision.FP32))
    features = StoredFeatures(store, card, keys)
    y = {split: recording.truth(task.card.kind, part) for split, part in splits.items()}
    x = {split: features.pooled(split, card.default, Pooling.MEAN) for split in Split}
    job = Job(
        include=(),
        backbone=card.name,
        task=task.card.name,
        store=store.folder,
        keys=keys,
        labels={split: y[split] for split in (Split.TRAIN, Split.VALIDATION)},
        protocol="",
        layer=None,
        trials=0,
        budget_seconds=None,
        seeds=(),
        cache=Path(),
        question=question(task.card),
        code=provenance.code_digest(task.file),
    )
    classes = {split: labels.astype("int64") for split, labels in y.items()}
    embeddings = Embeddings(x, classes, len(task.card.labels))
    return Pair(job, embeddings, tuple(clip.group for clip in splits[Split.TEST]))


def probe(job: Job, protocol: Protocol) -> Answer:
    """Search and refit anew, in a process with one thread; nothing is taken from the cache.

    A search of one trial goes before, so that imports are no part of the time.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        processes(1, process.prepare) as pool,
    ):
        asked = replace(
            job,
            protocol=protocol.name,
            trials=protocol.trials,
            seeds=tuple(range(protocol.seeds)),
            cache=Path(folder) / "timed",
        )
        pool.submit(worker.run, replace(asked, trials=1, cache=Path(folder) / "first")).result()
        result, seconds = pool.submit(_timed, asked).result()
    return Answer(
        result.chosen.scores.astype(np.float32), math.nan, _fits(result, protocol), seconds
    )


def _timed(job: Job) -> tuple[Result, float]:
    started = time.process_time()
    return worker.run(job), time.process_time() - started


def _fits(result: Result, protocol: Protocol) -> int:
    """Trials, and refits of those that vote: a network for each seed, anything else once."""
    finished = sorted((t for t in result.trials if not t.pruned), key=lambda trial: -trial.score)
    members = finished[: protocol.committee if isinstance(protocol, Tuned) else 1]
    networks = sum(trial.hyper["model"] == Model.MLP for trial in members)
    refits = len(members) - networks + networks * len(result.chosen.scores)
    return len(result.trials) + refits
