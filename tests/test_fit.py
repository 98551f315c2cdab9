"""Probes on awkward features and labels."""

from dataclasses import dataclass

import numpy as np
import pytest

from bench.probes import Hyper, Matrix, Model, Pooling, Problem
from bench.probes.fit import fit
from tasks import Kind, Metric, Split, Truth
from tasks._metrics import ACCURACY, R2, ROC_AUC

CLIPS = 60


@dataclass(frozen=True)
class Given:
    """The same features for every split."""

    x: Matrix

    def pooled(self, _split: Split, _layer: str, _pooling: Pooling) -> Matrix:
        return self.x


def problem(kind: Kind, metric: Metric, x: Matrix, y: Truth) -> Problem:
    outputs = 3 if y.ndim == 1 else y.shape[1]
    labels = {Split.TRAIN: y, Split.VALIDATION: y}
    return Problem(kind, outputs, metric, Given(x), labels)


def hyper(model: Model) -> Hyper:
    return Hyper("a", Pooling.MEAN, standardise=True, model=model, learning_rate=3e-3)


CLASSES: Truth = np.repeat([0, 0, 1], CLIPS // 3)
TAGS: Truth = np.stack([np.arange(CLIPS) % 2, np.arange(CLIPS) % 3 == 0], 1).astype(np.float64)


@pytest.mark.parametrize("model", list(Model))
@pytest.mark.parametrize("value", [0.0, 7.5])
def test_constant_features_give_the_base_rates(model: Model, value: float) -> None:
    x = np.full((CLIPS, 5), value, np.float32)
    (predict,) = fit(problem(Kind.MULTICLASS, ACCURACY, x, CLASSES), [hyper(model)], 0)
    scores = predict(Split.TEST)
    assert (scores == scores[0]).all()
    assert scores[0].argmax() == 0
    (predict,) = fit(problem(Kind.MULTILABEL, ROC_AUC, x, TAGS), [hyper(Model.LINEAR)], 0)
    np.testing.assert_allclose(predict(Split.TEST)[0], TAGS.mean(0), atol=1e-3)


@pytest.mark.parametrize("model", list(Model))
def test_targets_far_from_zero_are_learnt_as_well_as_near_ones(model: Model) -> None:
    x = np.random.default_rng(0).normal(size=(CLIPS, 4)).astype(np.float32)
    near = x[:, :1].astype(np.float64)
    scores = []
    for offset in (0.0, 1e8):
        asked = problem(Kind.REGRESSION, R2, x, near + offset)
        (predict,) = fit(asked, [hyper(model)], 0)
        scores.append(asked.score(predict(Split.VALIDATION)))
    assert scores[0] > 0.9
    assert scores[1] == pytest.approx(scores[0], abs=1e-3)
