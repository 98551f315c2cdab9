"""Time of the linear probe's batched solve against a loop over scikit-learn's logistic regression.

    python benchmarks/probes.py [--clips 20000] [--tags 50] [--looped 5] [--threads 1]

Features are synthetic and correlated like embeddings: a decaying spectrum, unequal scales. Both
sides standardise, solve every tag for the same eight values of C, and use as many threads.
scikit-learn solves `--looped` of the tags; its time is scaled to all of them and marked as such.
It runs at its default tolerance, with which it stops early at the largest C.
"""

import argparse
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from bench.probes import Hyper, Indices, Model, Pooling, Problem
from bench.probes.fit import Fitter
from tasks import Kind, Split
from tasks._metrics import PR_AUC

STRENGTHS = tuple(10.0**power for power in range(-5, 3))
TARGET = 4

Matrix = npt.NDArray[np.float32]
Tags = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Synthetic features of two splits; the layer and the pooling make no difference."""

    matrices: dict[Split, Matrix]

    def pooled(self, split: Split, layer: str, pooling: Pooling) -> Matrix:
        """(clips, dim)."""
        del layer, pooling
        return self.matrices[split]

    def owners(self, split: Split) -> Indices:
        """A clip is one window."""
        return np.arange(len(self.matrices[split]))


def made(clips: int, dim: int, tags: int, seed: int) -> Problem:
    """Clips to train on and half as many to validate, with tags of 30 % down to 1 %."""
    rng = np.random.default_rng(seed)
    total = clips + clips // 2
    latent = rng.standard_normal((total, dim)) / np.arange(1, dim + 1) ** 0.5
    mixed = latent @ rng.standard_normal((dim, dim)) * np.exp(rng.standard_normal(dim))
    logits = latent @ rng.standard_normal((dim, tags)) + rng.logistic(size=(total, tags))
    rates = np.geomspace(0.3, 0.01, tags)
    edges = [np.quantile(column, 1 - rate) for column, rate in zip(logits.T, rates, strict=True)]
    truth = (logits > np.array(edges)).astype(np.float64)
    x = mixed.astype(np.float32)
    return Problem(
        kind=Kind.MULTILABEL,
        outputs=tags,
        metric=PR_AUC,
        features=Embeddings({Split.TRAIN: x[:clips], Split.VALIDATION: x[clips:]}),
        labels={Split.TRAIN: truth[:clips], Split.VALIDATION: truth[clips:]},
    )


def batched(problem: Problem) -> tuple[float, list[Tags]]:
    """Seconds, and probabilities (clips, tags) for each strength."""
    hypers = [Hyper("", Pooling.MEAN, True, Model.LINEAR, c=c) for c in STRENGTHS]  # noqa: FBT003
    started = time.perf_counter()
    scores = [predict(Split.VALIDATION) for predict in Fitter(problem).fit(hypers, seed=0)]
    return time.perf_counter() - started, scores


def looped(problem: Problem, tags: list[int]) -> tuple[float, list[Tags]]:
    """Seconds, and probabilities of these tags (clips, len(tags)) for each strength."""
    features, labels = problem.features, problem.labels[Split.TRAIN]
    started = time.perf_counter()
    scaler = StandardScaler().fit(features.pooled(Split.TRAIN, "", Pooling.MEAN))
    train, valid = (
        scaler.transform(features.pooled(split, "", Pooling.MEAN))
        for split in (Split.TRAIN, Split.VALIDATION)
    )
    scores = [np.empty((len(valid), len(tags))) for _ in STRENGTHS]
    for column, tag in enumerate(tags):
        for c, array in zip(STRENGTHS, scores, strict=True):
            model = LogisticRegression(C=c, max_iter=1000).fit(train, labels[:, tag])
            array[:, column] = model.predict_proba(valid)[:, 1]
    return time.perf_counter() - started, scores


def compare(problem: Problem, count: int) -> None:
    """Print seconds, their ratio, and the PR-AUC of both sides at every strength."""
    chosen = np.random.default_rng(0).choice(problem.outputs, count, replace=False)
    tags = sorted(chosen.tolist())
    ours, our_scores = batched(problem)
    measured, their_scores = looped(problem, tags)
    theirs = measured * problem.outputs / len(tags)
    print(f"batched solve: {ours:.1f} s for {problem.outputs} tags × {len(STRENGTHS)} strengths")
    print(f"scikit-learn: {measured:.1f} s for {len(tags)} tags, {theirs:.1f} s scaled to all")
    print(f"ratio: {theirs / ours:.1f} (target: at least {TARGET})")
    truth = problem.labels[Split.VALIDATION][:, tags]
    whole = np.ones((1, len(truth)))
    for c, mine, other in zip(STRENGTHS, our_scores, their_scores, strict=True):
        values = [PR_AUC.function(truth, scores, whole)[0] for scores in (mine[:, tags], other)]
        print(f"C {c:7.0e}: PR-AUC {values[0]:.4f}, scikit-learn {values[1]:.4f}")


def main() -> None:
    """Parse, set the threads, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    for name, default in (
        *(("--clips", 20_000), ("--dim", 768), ("--tags", 50)),
        *(("--looped", 5), ("--threads", 1), ("--seed", 0)),
    ):
        parser.add_argument(name, type=int, default=default)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    with threadpool_limits(given.threads):
        compare(made(given.clips, given.dim, given.tags, given.seed), given.looped)


if __name__ == "__main__":
    main()
