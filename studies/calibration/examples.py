"""Features and labels that a search is tried on: all of the answer in them, or none."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.probes import EVERY_LAYER, Indices, Matrix, Pooling, Problem
from tasks import Kind, Metric, Split, Truth
from tasks._metrics import ACCURACY, KEY_WEIGHTED, R2, ROC_AUC

QUESTIONS: Mapping[Kind, tuple[Metric, int]] = {
    Kind.MULTICLASS: (ACCURACY, 4),
    Kind.MULTILABEL: (ROC_AUC, 4),
    Kind.REGRESSION: (R2, 2),
    Kind.KEY: (KEY_WEIGHTED, 24),
}
"""Metric, and number of classes, tags or targets."""


@dataclass(frozen=True, slots=True)
class Size:
    """Of the features and labels of a search.

    Attributes:
        layers: of the backbone, each half as strong as the one before.
        dim: of each.
        clips: of each split.
    """

    layers: int
    dim: int
    clips: Mapping[Split, int]


TELLING = Size(2, 24, {Split.TRAIN: 240, Split.VALIDATION: 120, Split.TEST: 240})
SILENT = Size(8, 64, {Split.TRAIN: 120, Split.VALIDATION: 60, Split.TEST: 60})
"""Much to choose from and few clips to choose by: luck goes far."""


@dataclass(frozen=True, slots=True)
class Data:
    """Features and labels of every split, those of the test split included.

    Attributes:
        kind: of the labels.
        x: (clips, layers, dim) of each split.
        y: labels of each split.
    """

    kind: Kind
    x: Mapping[Split, Matrix]
    y: Mapping[Split, Truth]

    def pooled(self, split: Split, layer: str, pooling: Pooling) -> Matrix:
        """See `bench.probes.ClipFeatures`; every clip has one window."""
        del pooling
        x = self.x[split]
        return x.reshape(len(x), -1) if layer == EVERY_LAYER else x[:, int(layer)]

    def owners(self, split: Split) -> Indices:
        """See `bench.probes.ClipFeatures`."""
        return np.arange(len(self.x[split]))

    @property
    def layers(self) -> tuple[str, ...]:
        """Their names, the default one first."""
        return tuple(map(str, range(self.x[Split.TRAIN].shape[1])))

    def problem(self) -> Problem:
        """What a probe is told: no test label."""
        metric, outputs = QUESTIONS[self.kind]
        labels = {split: self.y[split] for split in (Split.TRAIN, Split.VALIDATION)}
        return Problem(
            kind=self.kind,
            outputs=outputs,
            metric=metric,
            features=self,
            labels=labels,
            layers=len(self.layers),
        )


def drawn(kind: Kind, size: Size, signal: float, rng: np.random.Generator) -> Data:
    """Clips whose features are their labels, `signal` strong in the first layer, in noise of 1."""
    strength = signal * 0.5 ** np.arange(size.layers)[:, None]
    x, y = {}, {}
    for split, clips in size.clips.items():
        y[split] = labels = _labels(kind, clips, rng)
        shown = np.eye(QUESTIONS[kind][1])[labels.astype(int)] if labels.ndim == 1 else labels
        noise = rng.normal(size=(clips, size.layers, size.dim))
        noise[:, :, : shown.shape[1]] += strength * shown[:, None]
        x[split] = noise.astype(np.float32)
    return Data(kind, x, y)


def with_permuted_labels(data: Data, rng: np.random.Generator) -> Data:
    """The labels of training and validation change places within their split."""
    permuted = {
        split: labels if split is Split.TEST else rng.permutation(labels)
        for split, labels in data.y.items()
    }
    return Data(data.kind, data.x, permuted)


def _labels(kind: Kind, clips: int, rng: np.random.Generator) -> Truth:
    """As many of each class, or of clips with and without each tag; normal targets."""
    outputs = QUESTIONS[kind][1]
    if kind is Kind.REGRESSION:
        return rng.normal(size=(clips, outputs))
    if kind is Kind.MULTILABEL:
        halves = np.repeat((np.arange(clips) % 2)[:, None], outputs, axis=1)
        return rng.permuted(halves, axis=0).astype(np.float64)
    return rng.permutation(np.arange(clips) % outputs)
