"""Probes: small models on frozen features. They are given no test label, ever."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from tasks import Kind, Metric, Scores, Split, Truth

Matrix: TypeAlias = npt.NDArray[np.float32]
"""(clips, dim)."""


class Pooling(StrEnum):
    """How the windows of a clip become one vector."""

    MEAN = "mean"
    MAX = "max"
    MEAN_STD = "mean+std"


class Model(StrEnum):
    """What is fitted on the vectors."""

    LINEAR = "linear"
    MLP = "mlp"


class ClipFeatures(Protocol):
    """Where a probe gets its input from."""

    def pooled(self, split: Split, layer: str, pooling: Pooling) -> Matrix:
        """One vector a clip of the split, in the order of the task's clips."""


@dataclass(frozen=True, slots=True)
class Hyper:
    """Everything a search chooses.

    Attributes:
        layer: of the backbone.
        pooling: of windows.
        standardise: whether each feature is divided by its training deviation.
        model: linear (logistic or ridge) or a network with one hidden layer.
        c: inverse strength of the linear model's L2 penalty, as in scikit-learn.
        learning_rate: of the network.
        weight_decay: of the network.
        dropout: of the network.
    """

    layer: str
    pooling: Pooling
    standardise: bool
    model: Model
    c: float = 1.0
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    dropout: float = 0.2


@dataclass(frozen=True, slots=True)
class Problem:
    """What a probe may see: features of every split, labels of training and validation.

    Attributes:
        kind: what the labels are.
        outputs: classes, tags or targets.
        metric: that choices are made by, on validation.
        features: of all splits.
        labels: of training and validation; there is no entry for test.
    """

    kind: Kind
    outputs: int
    metric: Metric
    features: ClipFeatures
    labels: Mapping[Split, Truth]

    def score(self, scores: Scores) -> float:
        """The metric on validation."""
        truth = self.labels[Split.VALIDATION]
        return float(self.metric.function(truth, scores, np.ones((1, len(truth))))[0])
