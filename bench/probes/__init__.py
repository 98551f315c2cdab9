"""Probes: small models on frozen features. They are given no test label, ever."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from tasks import Kind, Metric, Scores, Split, Truth

Matrix: TypeAlias = npt.NDArray[np.float32]
"""(rows, dim)."""

Indices: TypeAlias = npt.NDArray[np.int64]

EVERY_LAYER = "*"
"""Stands for all layers side by side, which a network weighs against each other."""


class Pooling(StrEnum):
    """How the windows of a clip become vectors.

    All but the last make one vector a clip. With `WINDOWS` a probe learns from and scores every
    window by itself, and the scores of a clip's windows are averaged.
    """

    MEAN = "mean"
    MAX = "max"
    MEAN_STD = "mean+std"
    WINDOWS = "windows"


class Model(StrEnum):
    """What is fitted on the vectors."""

    LINEAR = "linear"
    MLP = "mlp"
    KNN = "knn"
    TEXT = "text"


class ClipFeatures(Protocol):
    """Where a probe gets its input from."""

    def pooled(self, split: Split, layer: str, pooling: Pooling) -> Matrix:
        """One vector a clip of the split, in the order of the task's clips, or one a window."""

    def owners(self, split: Split) -> Indices:
        """The clip, by its place in the split, that each window belongs to."""


@dataclass(frozen=True, slots=True)
class Hyper:
    """Everything a search chooses, or a protocol fixes.

    Attributes:
        layer: of the backbone, or `EVERY_LAYER`.
        pooling: of windows.
        standardise: whether each feature is divided by its training deviation.
        model: linear (logistic or ridge), a network, nearest neighbours, or nothing at all but
            the texts of the labels.
        c: inverse strength of the linear model's L2 penalty, as in scikit-learn.
        learning_rate: of the network.
        weight_decay: of the network.
        dropout: of the network.
        hidden: units in a hidden layer of the network.
        depth: hidden layers of the network.
        batch: rows in a step of the network.
        patience: epochs without a better validation score after which the network is done.
        neighbours: that vote, by cosine.
    """

    layer: str
    pooling: Pooling
    standardise: bool
    model: Model
    c: float = 1.0
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    dropout: float = 0.2
    hidden: int = 256
    depth: int = 1
    batch: int = 128
    patience: int = 5
    neighbours: int = 5


OF_A_MODEL = {
    Model.LINEAR: ("c",),
    Model.MLP: (
        *("learning_rate", "weight_decay", "dropout"),
        *("hidden", "depth", "batch", "patience"),
    ),
    Model.KNN: ("neighbours",),
    Model.TEXT: (),
}
"""The hyper-parameters that only one model has."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a probe may see: features of every split, labels of training and validation.

    Attributes:
        kind: what the labels are.
        outputs: classes, tags or targets.
        metric: that choices are made by, on validation.
        features: of all splits.
        labels: of training and validation; there is no entry for test.
        layers: how many layers `EVERY_LAYER` stands for.
        texts: (outputs, dim) of the labels, for a backbone with a text side.
    """

    kind: Kind
    outputs: int
    metric: Metric
    features: ClipFeatures
    labels: Mapping[Split, Truth]
    layers: int = 1
    texts: Matrix | None = None

    def score(self, scores: Scores) -> float:
        """The metric on validation."""
        truth = self.labels[Split.VALIDATION]
        return float(self.metric.function(truth, scores, np.ones((1, len(truth))))[0])

    def learning_from(self, clips: Indices) -> Self:
        """The same problem with these training clips alone; one vector a clip."""
        labels = {**self.labels, Split.TRAIN: self.labels[Split.TRAIN][clips]}
        return replace(self, features=_Part(self.features, clips), labels=labels)


@dataclass(frozen=True, slots=True)
class _Part:
    """Features of which only some training clips are seen."""

    whole: ClipFeatures
    clips: Indices

    def pooled(self, split: Split, layer: str, pooling: Pooling) -> Matrix:
        x = self.whole.pooled(split, layer, pooling)
        return x[self.clips] if split is Split.TRAIN else x

    def owners(self, split: Split) -> Indices:
        """Windows by themselves are not offered for a part."""
        raise NotImplementedError(split)
