"""Fits the probes that a search asks for, those that share their features together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from bench.probes import EVERY_LAYER, Hyper, Model, Pooling, Problem, convex, knn, mlp
from tasks import Kind, Scores, Split

Predict = Callable[[Split], Scores]
"""Scores of the clips of a split."""

Watch = Callable[[int, int, float], bool]
"""(which, epoch, its validation score) → whether training may end there."""


def never(_which: int, _epoch: int, _score: float) -> bool:
    """Let every network come to its own end."""
    return False


def fit(
    problem: Problem, hypers: Sequence[Hyper], seed: int, watch: Watch = never
) -> list[Predict]:
    """Fit one probe for each set of hyper-parameters on the training clips.

    Linear probes on the same features are solved together; the seed matters to networks only.

    Args:
        problem: holds no test label.
        hypers: one a probe.
        seed: of networks.
        watch: is told of every epoch of a network, and may end its training.

    Returns:
        For each, what it predicts for a split.
    """
    fitted: list[Predict | None] = [None] * len(hypers)
    groups: dict[Hyper, list[int]] = {}
    for index, hyper in enumerate(hypers):
        if hyper.model is Model.LINEAR:
            groups.setdefault(replace(hyper, c=1.0), []).append(index)
        elif hyper.model is Model.MLP:
            fitted[index] = _network(problem, hyper, seed, _of(watch, index))
        else:
            fitted[index] = _neighbours(problem, hyper)
    for shared, indices in groups.items():
        predictions = _linear(problem, shared, [hypers[i].c for i in indices])
        for index, predict in zip(indices, predictions, strict=True):
            fitted[index] = predict
    return [predict for predict in fitted if predict is not None]


def _of(watch: Watch, which: int) -> Callable[[int, float], bool]:
    return lambda epoch, score: watch(which, epoch, score)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows that a probe with these hyper-parameters sees: clips, or windows of clips."""

    problem: Problem
    hyper: Hyper

    def x(self, split: Split) -> Tensor:
        """(rows, dim)."""
        hyper = self.hyper
        return torch.from_numpy(self.problem.features.pooled(split, hyper.layer, hyper.pooling))

    def labels(self) -> tuple[Tensor, Tensor]:
        """Training labels; targets are centred in double, for float32 forgets a small spread.

        Returns:
            Labels (rows, ...), and (outputs,) what predictions of targets are shifted back by.
        """
        labels = torch.from_numpy(self.problem.labels[Split.TRAIN])
        if self.hyper.pooling is Pooling.WINDOWS:
            labels = labels[torch.from_numpy(self.problem.features.owners(Split.TRAIN))]
        if self.problem.kind is Kind.REGRESSION:
            return labels - labels.mean(0), labels.mean(0)
        return labels, torch.zeros(self.problem.outputs, dtype=torch.double)

    def of_clips(self, split: Split, scores: Scores) -> Scores:
        """(rows, outputs) → (clips, outputs): the mean over the windows of a clip."""
        if self.hyper.pooling is not Pooling.WINDOWS:
            return scores
        owners = self.problem.features.owners(split)
        starts = np.flatnonzero(np.diff(owners, prepend=-1))
        counts = np.diff(starts, append=len(owners))
        return np.asarray(np.add.reduceat(scores, starts) / counts[:, None])


def _linear(problem: Problem, hyper: Hyper, strengths: Sequence[float]) -> list[Predict]:
    rows = _Rows(problem, hyper)
    x = rows.x(Split.TRAIN)
    basis = convex.Basis.of(x, standardise=hyper.standardise)
    z = basis(x)
    penalties = 1 / (torch.tensor(strengths, dtype=z.dtype) * len(z))
    labels, shift = rows.labels()
    if problem.kind is Kind.REGRESSION:
        model = convex.ridge(z, basis.spectrum, labels.to(z), penalties)
    elif problem.kind is Kind.MULTILABEL:
        model = convex.binary(z, basis.spectrum, labels.to(z), penalties)
    else:
        model = convex.multinomial(z, basis.spectrum, labels, problem.outputs, penalties)

    def predict(index: int) -> Predict:
        one = convex.Linear(model.weight[[index]], model.bias[[index]])

        def scores(split: Split) -> Scores:
            outputs = one(basis(rows.x(split)))[0]
            return rows.of_clips(split, activated(problem.kind, outputs, shift))

        return scores

    return [predict(index) for index in range(len(strengths))]


def _network(
    problem: Problem, hyper: Hyper, seed: int, watch: Callable[[int, float], bool]
) -> Predict:
    rows = _Rows(problem, hyper)
    x = rows.x(Split.TRAIN)
    mean, scale = convex.scaling(x, standardise=hyper.standardise)

    def features(split: Split) -> Tensor:
        scaled = ((rows.x(split) - mean) * scale).float()
        if hyper.layer != EVERY_LAYER:
            return scaled[:, None]
        return by_layer(scaled, 2 if hyper.pooling is Pooling.MEAN_STD else 1, problem.layers)

    labels, shift = rows.labels()
    validation = features(Split.VALIDATION)

    def predict(network: mlp.Network, split: Split, inputs: Tensor) -> Scores:
        return rows.of_clips(split, activated(problem.kind, network(inputs), shift))

    network = mlp.train(
        mlp.Examples(features(Split.TRAIN), labels, problem.kind, problem.outputs),
        hyper,
        seed,
        lambda network: problem.score(predict(network, Split.VALIDATION, validation)),
        watch,
    )
    return lambda split: predict(network, split, features(split))


def by_layer(x: Tensor, parts: int, layers: int) -> Tensor:
    """(rows, parts · layers · dim), layers within parts → (rows, layers, parts · dim)."""
    apart: Tensor = x.unflatten(1, (parts, layers, -1))
    return apart.movedim(2, 1).flatten(2)


def _neighbours(problem: Problem, hyper: Hyper) -> Predict:
    rows = _Rows(problem, hyper)
    x = rows.x(Split.TRAIN)
    mean, scale = convex.scaling(x, standardise=hyper.standardise)

    def features(split: Split) -> Tensor:
        return (rows.x(split) - mean) * scale

    labels, shift = rows.labels()
    vote = knn.fit(features(Split.TRAIN).numpy(), labels.numpy(), problem, hyper.neighbours)
    return lambda split: rows.of_clips(split, vote(features(split).numpy()) + shift.numpy())


def activated(kind: Kind, outputs: Tensor, shift: Tensor) -> Scores:
    """Probabilities from logits; regressed values, shifted back. (clips, outputs)."""
    wide = outputs.detach().double()
    if kind is Kind.REGRESSION:
        return (wide + shift).numpy()
    return (wide.sigmoid() if kind is Kind.MULTILABEL else wide.softmax(1)).numpy()


def is_random(hyper: Hyper) -> bool:
    """Whether another seed gives another probe."""
    return hyper.model is Model.MLP
