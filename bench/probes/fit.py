"""Fits the probes that a search asks for, those that share their features together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from cachetools import LRUCache, cachedmethod
from torch import Tensor

from bench.probes import EVERY_LAYER, Hyper, Model, Pooling, Problem, convex, knn, mlp
from bench.probes.basis import Basis, scaling
from tasks import Kind, Scores, Split

Predict = Callable[[Split], Scores]
"""Scores of the clips of a split."""

Watch = Callable[[int, int, float], bool]
"""(which, epoch, its validation score) → whether training may end there."""


def never(_which: int, _epoch: int, _score: float) -> bool:
    """Let every network come to its own end."""
    return False


MEMORY = 2**30
"""Of the rotations that are kept [bytes]; a larger one is made again for every batch."""


class Fitter:
    """Fits probes on one problem; the last rotations of its features are kept.

    Args:
        problem: holds no test label.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._kept: LRUCache[Hyper, _Rotated] = LRUCache(MEMORY, getsizeof=_Rotated.size)

    def fit(self, hypers: Sequence[Hyper], seed: int, watch: Watch = never) -> list[Predict]:
        """Fit one probe for each set of hyper-parameters on the training clips.

        Linear probes on the same features are solved together; the seed matters to networks only.

        Args:
            hypers: one a probe.
            seed: of networks.
            watch: is told of every epoch of a network, and may end its training.

        Returns:
            For each, what it predicts for a split.
        """
        fitted: dict[int, Predict] = {}
        groups: dict[Hyper, list[int]] = {}
        for index, hyper in enumerate(hypers):
            if hyper.model is Model.LINEAR:
                groups.setdefault(replace(hyper, c=1.0), []).append(index)
            elif hyper.model is Model.MLP:
                fitted[index] = _network(self._problem, hyper, seed, _of(watch, index))
            elif hyper.model is Model.KNN:
                fitted[index] = _neighbours(self._problem, hyper)
            else:
                fitted[index] = _texts(self._problem, hyper)
        for shared, indices in groups.items():
            predictions = _linear(self._rotated(shared), [hypers[i].c for i in indices])
            fitted.update(zip(indices, predictions, strict=True))
        return [fitted[index] for index in range(len(hypers))]

    @cachedmethod(lambda self: self._kept)
    def _rotated(self, hyper: Hyper) -> "_Rotated":
        return _Rotated(_Rows(self._problem, hyper))


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


class _Rotated:
    """Rows in the eigenbasis of the training rows; each split is rotated once."""

    def __init__(self, rows: _Rows) -> None:
        self.rows = rows
        x = rows.x(Split.TRAIN)
        self.basis = Basis.of(x, standardise=rows.hyper.standardise)
        self._z = {Split.TRAIN: self.basis(x)}

    def z(self, split: Split) -> Tensor:
        """(rows, rank)."""
        if split not in self._z:
            self._z[split] = self.basis(self.rows.x(split))
        return self._z[split]

    def size(self) -> int:
        """With all its splits, as if the others were as large as that for training [bytes]."""
        return self.basis.rotation.nbytes + len(Split) * self._z[Split.TRAIN].nbytes


@dataclass(frozen=True, slots=True)
class Head:
    """A linear probe on features as they are: (x - mean) · weight + bias (+ shift).

    Attributes:
        mean: (dim,) of the training features.
        weight: (dim, outputs).
        bias: (outputs,).
        shift: (outputs,) that targets are moved back by; else 0.
        spread: (outputs,) standard deviation of the training targets; else 1.
    """

    mean: Tensor
    weight: Tensor
    bias: Tensor
    shift: Tensor
    spread: Tensor


def head(problem: Problem, hyper: Hyper) -> Head:
    """The linear probe with these hyper-parameters, of the mean over windows."""
    rotated = _Rotated(_Rows(problem, hyper))
    model, shift = _solved(rotated, [hyper.c])
    spread = torch.ones(problem.outputs)
    if problem.kind is Kind.REGRESSION:
        targets = torch.from_numpy(problem.labels[Split.TRAIN])
        spread = targets.std(0).clamp_min(1e-6)
    weight = rotated.basis.rotation @ model.weight[0].double().T
    return Head(rotated.basis.mean, weight, model.bias[0].double(), shift, spread)


def _solved(rotated: _Rotated, strengths: Sequence[float]) -> tuple[convex.Linear, Tensor]:
    """Linear models, one a strength, and (outputs,) what their targets are shifted back by."""
    rows, spectrum = rotated.rows, rotated.basis.spectrum
    kind, outputs = rows.problem.kind, rows.problem.outputs
    z = rotated.z(Split.TRAIN)
    penalties = 1 / (torch.tensor(strengths, dtype=z.dtype) * len(z))
    labels, shift = rows.labels()
    if kind is Kind.REGRESSION:
        return convex.ridge(z, spectrum, labels.to(z), penalties), shift
    if kind is Kind.MULTILABEL:
        return convex.binary(z, spectrum, labels.to(z), penalties), shift
    return convex.multinomial(z, spectrum, labels, outputs, penalties), shift


def _linear(rotated: _Rotated, strengths: Sequence[float]) -> list[Predict]:
    rows = rotated.rows
    model, shift = _solved(rotated, strengths)

    def predict(index: int) -> Predict:
        one = convex.Linear(model.weight[[index]], model.bias[[index]])

        def scores(split: Split) -> Scores:
            logits = one(rotated.z(split))[0]
            return rows.of_clips(split, activated(rows.problem.kind, logits, shift))

        return scores

    return [predict(index) for index in range(len(strengths))]


def _network(
    problem: Problem, hyper: Hyper, seed: int, watch: Callable[[int, float], bool]
) -> Predict:
    rows = _Rows(problem, hyper)
    x = rows.x(Split.TRAIN)
    mean, scale = scaling(x, standardise=hyper.standardise)

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
    mean, scale = scaling(x, standardise=hyper.standardise)

    def features(split: Split) -> Tensor:
        return (rows.x(split) - mean) * scale

    labels, shift = rows.labels()
    vote = knn.fit(features(Split.TRAIN).numpy(), labels.numpy(), problem, hyper.neighbours)
    return lambda split: rows.of_clips(split, vote(features(split).numpy()) + shift.numpy())


def _texts(problem: Problem, hyper: Hyper) -> Predict:
    """The cosine of a clip with the text of each label."""
    if problem.texts is None:
        message = "texts of the labels are needed where nothing else is known of them"
        raise ValueError(message)
    rows, texts = _Rows(problem, hyper), knn.unit(problem.texts.astype(np.float64))
    return lambda split: knn.unit(rows.x(split).double().numpy()) @ texts.T


def activated(kind: Kind, outputs: Tensor, shift: Tensor) -> Scores:
    """Probabilities from logits; regressed values, shifted back. (clips, outputs)."""
    wide = outputs.detach().double()
    if kind is Kind.REGRESSION:
        return (wide + shift).numpy()
    return (wide.sigmoid() if kind is Kind.MULTILABEL else wide.softmax(1)).numpy()


def is_random(hyper: Hyper) -> bool:
    """Whether another seed gives another probe."""
    return hyper.model is Model.MLP
