"""Search and refits for one pair, in a process of its own that is given no test label."""

import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from dataclasses import asdict

import numpy as np
import numpy.typing as npt
import torch
from filelock import FileLock
from threadpoolctl import threadpool_limits

from bench import registry
from bench.probes import Hyper, Pooling, Problem
from bench.probes.features import StoredFeatures
from bench.probes.fit import fit, is_random
from bench.probes.job import Job, Result, load
from bench.probes.protocols import PROTOCOLS
from bench.probes.search import best, params, search
from bench.store import Store, write_atomically
from tasks import Split


def prepare_process() -> None:
    """Use one thread, for processes share the cores; leave Ctrl-C to the parent, end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    torch.set_num_threads(1)
    threadpool_limits(1)
    for library in ("OPENBLAS", "MKL", "OMP"):  # for what is loaded after this
        os.environ[f"{library}_NUM_THREADS"] = "1"


def _end_with_the_parent() -> None:
    """A parent that is killed cannot tell its children."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def run(job: Job) -> Result:
    """Search, refit, predict the test clips, and store the result."""
    job.folder.mkdir(parents=True, exist_ok=True)
    with FileLock(job.folder / "job.lock"):
        stored = load(job)
        if stored is not None:
            return stored
        result = _probe(job)
        path = job.folder / f"{job.name}.npy"
        unfinished = path.with_suffix(".tmp.npy")
        np.save(unfinished, result.scores)
        unfinished.replace(path)
        facts = {name: value for name, value in asdict(result).items() if name != "scores"}
        write_atomically(path.with_suffix(".json"), json.dumps(facts, indent=1).encode())
    return result


def _probe(job: Job) -> Result:
    started = time.perf_counter()
    cards = registry.find(job.include)
    backbone, task = cards.backbones[job.backbone].card, cards.tasks[job.task].card
    protocol = PROTOCOLS[job.protocol]
    features = StoredFeatures(Store(job.store), backbone, job.keys)
    problem = Problem(task.kind, len(task.labels), task.primary, features, job.labels)
    layers = [backbone.default]
    if job.layer is not None:
        layers = [job.layer]
    elif protocol.all_layers:
        layers += [layer.name for layer in backbone.layers if layer.name != backbone.default]
    poolings = protocol.poolings if features.several_windows else (Pooling.MEAN,)
    trials = search(
        problem,
        protocol,
        layers,
        poolings,
        trials=job.trials,
        seed=job.seeds[0],
        journal=job.folder / "study.log",
        progress=lambda _done, _total: None,
    )
    choice = best(trials)
    return Result(
        hyper=params(choice.hyper),
        validation=choice.score,
        scores=_refits(problem, choice.hyper, job.seeds),
        seconds=time.perf_counter() - started,
        peak_memory_mb=_peak_memory(),
    )


def _refits(problem: Problem, hyper: Hyper, seeds: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Test predictions of the chosen probe, fitted anew for each seed that matters."""
    used = seeds if is_random(hyper) else seeds[:1]
    fits = [fit(problem, [hyper], seed)[0](Split.TEST) for seed in used]
    return np.stack(fits).astype(np.float32)


def _peak_memory() -> float | None:
    if sys.platform == "win32":
        return None
    import resource

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
