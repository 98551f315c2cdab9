"""Events by a linear probe on frames: logistic regression on a short context, then its peaks.

Nothing is assumed of a tempo or a metre, as a dynamic Bayesian network does: it is the features
that are asked when something happens, not a model of what usually does.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np
import torch
from torch import Tensor

from bench.probes import Indices, Matrix, Model, convex
from bench.probes.basis import Basis
from bench.probes.events import Activation, Picking, Times, padded, peaks, targets
from bench.probes.job import Hyper, Tried, Variant, stacked
from bench.probes.search import UndefinedScoreError
from tasks import Kind, Metric, Split, Truth

CONTEXT = 2
"""Frames before and after the one that is asked about."""

MOST_NUMBERS = 50_000_000
"""Of the training matrix; where there are more frames, some of each clip are drawn."""

THRESHOLDS = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9, 0.05)
APART = (0.1, 0.2, 0.3, 0.4)
PICKINGS = tuple(Picking(*each) for each in product(THRESHOLDS, APART))


@dataclass(frozen=True, slots=True)
class Problem:
    """What the probe may see: frames of every split, events of training and validation.

    Attributes:
        frames: (frames, dim) of each clip of a split, in the order of the task's clips.
        labels: (clips, events) [s], NaN where a clip has fewer; there is no entry for test.
        metric: that choices are made by, on validation.
        rate: of the frames [Hz].
    """

    frames: Callable[[Split], Iterable[Matrix]]
    labels: Mapping[Split, Truth]
    metric: Metric
    rate: float

    def score(self, found: Sequence[Times]) -> float:
        """The metric on validation.

        Raises:
            UndefinedScoreError: it has no value there.
        """
        truth = self.labels[Split.VALIDATION]
        value = float(self.metric.function(truth, padded(found), np.ones((1, len(truth))))[0])
        if np.isnan(value):
            message = f"{self.metric.name} has no value on the validation clips; give it others"
            raise UndefinedScoreError(message)
        return value


@dataclass(frozen=True, slots=True)
class Detector:
    """Logistic regressions, one a strength of regularisation.

    Attributes:
        mean: (columns,) of the training frames with their context.
        weight: (columns, strengths).
        bias: (strengths,).
    """

    mean: Tensor
    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, x: Tensor, y: Tensor, strengths: Sequence[float]) -> Self:
        """Fit to frames x: (frames, columns), scaled, and their targets y: (frames,)."""
        basis = Basis.of(x, standardise=True)
        penalties = 1 / (torch.tensor(strengths, dtype=x.dtype) * len(x))
        fitted = convex.binary(basis(x), basis.spectrum, y[:, None], penalties)
        return cls(basis.mean, basis.rotation @ fitted.weight[:, 0].double().T, fitted.bias[:, 0])

    def __call__(self, frames: Matrix) -> list[Activation]:
        """(frames, dim) of a clip → for each strength (frames,)."""
        centred = torch.from_numpy(in_context(frames)).double() - self.mean
        return list((centred @ self.weight + self.bias).sigmoid().T.numpy())


def probe(
    problem: Problem,
    layer: str,
    strengths: Sequence[float],
    seed: int,
    budget_seconds: float | None = None,
) -> tuple[list[Variant], list[Tried]]:
    """Fit every strength, choose it and how peaks are picked on validation, find the test events.

    Args:
        problem: holds no test label.
        layer: whose frames these are.
        strengths: as the C of scikit-learn, the strongest penalty first; it wins a tie.
        seed: of the frames drawn, where there are more than can be held.
        budget_seconds: no further strength is tried after so many; None for all of them.
    """
    started = time.perf_counter()
    detector = Detector.of(*_training(problem, seed), strengths)
    activations = [detector(frames) for frames in problem.frames(Split.VALIDATION)]
    picked: list[tuple[float, Picking]] = []
    for index in range(len(strengths)):
        spent = time.perf_counter() - started
        if picked and budget_seconds is not None and spent >= budget_seconds:
            break
        picked.append(_best_picking(problem, [clip[index] for clip in activations]))
    tried = [
        Tried(_hyper(layer, c, picking), score, pruned=False)
        for c, (score, picking) in zip(strengths, picked, strict=False)
    ]
    best = max(range(len(tried)), key=lambda index: tried[index].score)
    found = [
        peaks(detector(frames)[best], problem.rate, picked[best][1])
        for frames in problem.frames(Split.TEST)
    ]
    scores = stacked(Kind.FRAMES, [padded(found)])
    return [Variant("", tried[best].hyper, tried[best].score, scores)], tried


def in_context(frames: Matrix) -> Matrix:
    """(frames, dim) → (frames, (2·`CONTEXT` + 1)·dim); the ends of a clip are repeated."""
    wide = np.pad(frames, ((CONTEXT, CONTEXT), (0, 0)), mode="edge")
    offsets = range(2 * CONTEXT + 1)
    return np.concatenate([wide[offset : offset + len(frames)] for offset in offsets], axis=1)


def drawn(target: Activation, most: int, rng: np.random.Generator) -> Indices:
    """At most so many frames of a clip, half of them at or beside events if there are enough.

    That shifts the activation of all frames alike, and the threshold is chosen after it.
    """
    order = rng.permutation(len(target))
    if len(target) <= most:
        return np.sort(order)
    at_events = order[target[order] > 0][: max(1, most // 2)]
    others = order[target[order] == 0][: most - len(at_events)]
    return np.sort(np.concatenate([at_events, others]))


def _training(problem: Problem, seed: int) -> tuple[Tensor, Tensor]:
    """Frames with their context, (frames, columns), and their targets, (frames,)."""
    truth = problem.labels[Split.TRAIN]
    rng = np.random.default_rng(seed)
    x, y = [], []
    for frames, times in zip(problem.frames(Split.TRAIN), truth, strict=True):
        wide = in_context(frames)
        target = targets(times[~np.isnan(times)], len(frames), problem.rate)
        rows = drawn(target, max(2, MOST_NUMBERS // (len(truth) * wide.shape[1])), rng)
        x.append(wide[rows])
        y.append(target[rows].astype(np.float32))
    return torch.from_numpy(np.concatenate(x)), torch.from_numpy(np.concatenate(y))


def _best_picking(problem: Problem, activations: Sequence[Activation]) -> tuple[float, Picking]:
    """The best of `PICKINGS` on validation, and its score; of equal ones the first."""
    scores = [
        problem.score([peaks(each, problem.rate, picking) for each in activations])
        for picking in PICKINGS
    ]
    best = int(np.argmax(scores))
    return scores[best], PICKINGS[best]


def _hyper(layer: str, c: float, picking: Picking) -> Hyper:
    """A configuration, as the record lists it."""
    return {
        "layer": layer,
        "model": Model.LINEAR.value,
        "standardise": True,
        "context": CONTEXT,
        "c": c,
        "threshold": picking.threshold,
        "apart": picking.apart,
    }
