"""Fits the probes that a search asks for, those that share their features together."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from bench.probes import Hyper, Model, Problem, convex, mlp
from tasks import Kind, Scores, Split

Predict = Callable[[Split], Scores]
"""Scores of the clips of a split."""


def fit(problem: Problem, hypers: Sequence[Hyper], seed: int) -> list[Predict]:
    """Fit one probe for each set of hyper-parameters on the training clips.

    Linear probes on the same features are solved together; the seed matters to networks only.

    Returns:
        For each, what it predicts for a split.
    """
    fitted: list[Predict | None] = [None] * len(hypers)
    groups: dict[Hyper, list[int]] = {}
    for index, hyper in enumerate(hypers):
        if hyper.model is Model.LINEAR:
            groups.setdefault(replace(hyper, c=1.0), []).append(index)
        else:
            fitted[index] = _network(problem, hyper, seed)
    for shared, indices in groups.items():
        predictions = _linear(problem, shared, [hypers[i].c for i in indices])
        for index, predict in zip(indices, predictions, strict=True):
            fitted[index] = predict
    return [predict for predict in fitted if predict is not None]


def _matrix(problem: Problem, split: Split, hyper: Hyper) -> Tensor:
    return torch.from_numpy(problem.features.pooled(split, hyper.layer, hyper.pooling))


def _linear(problem: Problem, hyper: Hyper, strengths: Sequence[float]) -> list[Predict]:
    x = _matrix(problem, Split.TRAIN, hyper)
    basis = convex.Basis.of(x, standardise=hyper.standardise)
    z = basis(x)
    penalties = 1 / (torch.tensor(strengths, dtype=z.dtype) * len(z))
    labels, shift = _labels(problem)
    if problem.kind is Kind.REGRESSION:
        model = convex.ridge(z, basis.spectrum, labels.to(z), penalties)
    elif problem.kind is Kind.MULTILABEL:
        model = convex.binary(z, basis.spectrum, labels.to(z), penalties)
    else:
        model = convex.multinomial(z, basis.spectrum, labels, problem.outputs, penalties)

    def predict(index: int) -> Predict:
        one = convex.Linear(model.weight[[index]], model.bias[[index]])

        def scores(split: Split) -> Scores:
            outputs = one(basis(_matrix(problem, split, hyper)))[0]
            return activated(problem.kind, outputs, shift)

        return scores

    return [predict(index) for index in range(len(strengths))]


def _network(problem: Problem, hyper: Hyper, seed: int) -> Predict:
    x = _matrix(problem, Split.TRAIN, hyper)
    mean, scale = convex.scaling(x, standardise=hyper.standardise)

    def features(split: Split) -> Tensor:
        return ((_matrix(problem, split, hyper) - mean) * scale).float()

    labels, shift = _labels(problem)
    validation = features(Split.VALIDATION)
    network = mlp.train(
        features(Split.TRAIN),
        labels,
        problem.kind,
        problem.outputs,
        hyper,
        seed,
        lambda model: problem.score(activated(problem.kind, model(validation), shift)),
    )
    return lambda split: activated(problem.kind, network(features(split)), shift)


def _labels(problem: Problem) -> tuple[Tensor, Tensor]:
    """Training labels; targets are centred in double, for float32 forgets a small spread.

    Returns:
        Labels, and (outputs,) what predictions of targets are shifted back by.
    """
    labels = torch.from_numpy(problem.labels[Split.TRAIN])
    if problem.kind is Kind.REGRESSION:
        return labels - labels.mean(0), labels.mean(0)
    return labels, torch.zeros(problem.outputs, dtype=torch.double)


def activated(kind: Kind, outputs: Tensor, shift: Tensor) -> Scores:
    """Probabilities from logits; regressed values, shifted back. (clips, outputs)."""
    wide = outputs.detach().double()
    if kind is Kind.REGRESSION:
        return (wide + shift).numpy()
    return (wide.sigmoid() if kind is Kind.MULTILABEL else wide.softmax(1)).numpy()


def is_random(hyper: Hyper) -> bool:
    """Whether another seed gives another probe."""
    return hyper.model is Model.MLP
