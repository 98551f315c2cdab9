"""Time of a whole search against one pass of scikit-learn over the penalties.

    python -m benchmarks.tuned [--clips 20000] [--tags 50] [--trials 50]

`tuned-v1` on synthetic embeddings of 768 numbers, one layer, one window a clip, on one thread.
scikit-learn: one tag's logistic regressions for eight penalties, scaled to all tags.
"""

import argparse
import tempfile
import time
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

from bench.probes import Pooling
from bench.probes.protocols import PROTOCOLS, Case
from bench.probes.search import Budget, best, params, search
from benchmarks.probes import looped, made
from tasks import Kind

DIM = 768
LIMIT = 120.0


def main() -> None:
    """Print processor seconds of both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in (("clips", 20_000), ("tags", 50), ("trials", 50)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    problem = made(asked.clips, DIM, asked.tags, seed=0)
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        started = time.process_time()
        trials = search(
            problem,
            PROTOCOLS["tuned-v1"],
            Case(("",), (Pooling.MEAN,), weighable=False, kind=Kind.MULTILABEL),
            budget=Budget(asked.trials),
            seed=0,
            journal=Path(folder) / "study.log",
            progress=lambda _done, _total: None,
        )
        ours = time.process_time() - started
        seconds, _ = looped(problem, [asked.tags // 2])
    chosen = best(trials)
    networks = sum(trial.hyper.model == "mlp" for trial in trials)
    ended = sum(trial.pruned for trial in trials)
    print(f"{len(trials)} trials, {networks} networks, of which {ended} were ended early")
    print(f"best on validation: PR-AUC {chosen.score:.4f}, {params(chosen.hyper)}")
    print(f"ours:         {ours:.0f} s of processor time (limit {LIMIT:g})")
    print(f"scikit-learn: {seconds * asked.tags:.0f} s for eight penalties, scaled from one tag")
    print(f"ratio: {seconds * asked.tags / ours:.2f}")


if __name__ == "__main__":
    main()
