"""Search and refits for one pair, in a process of its own that is given no test label."""

import sys
import time
import traceback
from collections.abc import Iterator

from filelock import FileLock

from backbones import Backbone
from bench import encoders, registry
from bench.errors import UserError
from bench.probes import Pooling, Problem, finetune, frames
from bench.probes.features import StoredFeatures
from bench.probes.fit import Fitter, head
from bench.probes.job import Job, ProbeError, Result, Tried, Variant, load, save, stacked
from bench.probes.methods import Finished, variants
from bench.probes.protocols import PROTOCOLS, Case, FineTune
from bench.probes.search import Budget, best, params, search
from bench.readout import layer_of
from bench.store import Rows, Store
from tasks import Kind, Split, Task


def run(job: Job) -> Result:
    """Search, refit, predict the test clips, and store the result.

    Raises:
        UserError: a user can mend it.
        ProbeError: anything else.
    """
    try:
        return _stored_or_made(job)
    except UserError as error:
        raise UserError(str(error)) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 — plug-ins may raise anything
        message = f"{type(error).__name__}: {' '.join(str(error).split()) or 'no message'}"
        failure = ProbeError(message)
        failure.add_note(traceback.format_exc())
        raise failure from None


def _stored_or_made(job: Job) -> Result:
    job.folder.mkdir(parents=True, exist_ok=True)
    with FileLock(job.folder / "job.lock"):
        stored = load(job)
        if stored is not None:
            return stored
        result = _probe(job)
        save(result, job)
    return result


def _probe(job: Job) -> Result:
    started = time.perf_counter()
    cards = registry.find(job.include)
    backbone, task = cards.backbones[job.backbone].card, cards.tasks[job.task].card
    protocol = PROTOCOLS[job.protocol]
    if task.kind is Kind.FRAMES:
        found, tried = _on_frames(job, backbone, task)
    elif task.kind is Kind.RETRIEVAL:
        found, tried = [_on_captions(job, backbone, task)], []
    elif isinstance(protocol, FineTune):
        found, tried = _on_audio(job, backbone, task, protocol)
    else:
        found, tried = _on_clips(job, backbone, task)
    return Result(tuple(found), tuple(tried), time.perf_counter() - started, _peak_memory())


def _on_clips(job: Job, backbone: Backbone, task: Task) -> tuple[list[Variant], list[Tried]]:
    """One answer a clip."""
    protocol = PROTOCOLS[job.protocol]
    found = _searched(job, backbone, task)
    tried = [Tried(params(t.hyper), t.score, t.pruned) for t in found.trials]
    return variants(protocol, found), tried


def _searched(job: Job, backbone: Backbone, task: Task) -> Finished:
    """The search for a probe on frozen features."""
    protocol = PROTOCOLS[job.protocol]
    features = StoredFeatures(Store(job.store), backbone, job.keys)
    layers = len(backbone.layers)
    problem = Problem(
        *(task.kind, len(task.labels), task.primary, features, job.labels, layers, job.texts)
    )
    case = _case(backbone, task, job.layer, several_windows=features.several_windows)
    trials = search(
        problem,
        protocol,
        case,
        budget=Budget(job.trials, job.budget_seconds),
        seed=job.seeds[0],
        journal=job.folder / "study.log",
        progress=lambda _done, _total: None,
    )
    return Finished(problem, protocol.plan(case)[: job.trials], trials, job.seeds)


def _on_audio(
    job: Job, backbone: Backbone, task: Task, protocol: FineTune
) -> tuple[list[Variant], list[Tried]]:
    """One answer a clip, of a network that is trained; a linear probe is where it begins."""
    found = _searched(job, backbone, task)
    start = best(found.trials).hyper
    problem = finetune.Problem(
        frozen=found.problem,
        head=head(found.problem, start),
        card=backbone,
        encoder=lambda: encoders.load(backbone, job.device),
        start=start,
        audio=job.audio,
    )
    return finetune.probe(problem, protocol, job.seeds, job.folder, job.budget_seconds)


def _on_frames(job: Job, backbone: Backbone, task: Task) -> tuple[list[Variant], list[Tried]]:
    """Events in time, by the strengths of the protocol's plan."""
    layer = layer_of(backbone, job.layer)
    plan = PROTOCOLS[job.protocol].plan(_case(backbone, task, layer.name, several_windows=False))
    store = Store(job.store)

    def read(split: Split) -> Iterator[Rows]:
        for key in job.keys[split]:
            yield from store.read([key], slice(None))

    problem = frames.Problem(read, job.labels, task.primary, layer.frame_rate or 0.0)
    strengths = [hyper.c for hyper in plan][: job.trials]
    return frames.probe(problem, layer.name, strengths, job.seeds[0], job.budget_seconds)


def _on_captions(job: Job, backbone: Backbone, task: Task) -> Variant:
    """The likeness of every clip and every caption; nothing is learnt, and nothing chosen."""
    (hyper,) = PROTOCOLS[job.protocol].plan(_case(backbone, task, job.layer, several_windows=False))
    features = StoredFeatures(Store(job.store), backbone, job.keys)
    outputs = 0 if job.texts is None else len(job.texts)
    problem = Problem(task.kind, outputs, task.primary, features, job.labels, texts=job.texts)
    (likeness,) = Fitter(problem).fit([hyper], job.seeds[0])
    return Variant("", params(hyper), None, stacked(task.kind, [likeness(Split.TEST)]))


def _case(backbone: Backbone, task: Task, layer: str | None, *, several_windows: bool) -> Case:
    """What may be chosen: all layers, the default first, unless one is asked for."""
    others = [each.name for each in backbone.layers if each.name != backbone.default]
    widths = {each.dim for each in backbone.layers}
    return Case(
        layers=(backbone.default, *others) if layer is None else (layer,),
        poolings=tuple(Pooling) if several_windows else (Pooling.MEAN,),
        weighable=layer is None and bool(others) and len(widths) == 1,
        kind=task.kind,
        joint=backbone.joint,
    )


def _peak_memory() -> float | None:
    if sys.platform == "win32":
        return None
    import resource

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
