"""Probes on awkward features and labels."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsRegressor
from torch import Tensor

from bench.probes import Hyper, Indices, Matrix, Model, Pooling, Problem, fit
from bench.probes.basis import Basis
from bench.probes.fit import Fitter
from tasks import Kind, Metric, Split, Truth
from tasks._metrics import ACCURACY, R2, ROC_AUC

CLIPS = 60


@dataclass(frozen=True)
class Given:
    """The same features for every split."""

    x: Matrix

    def pooled(self, _split: Split, _layer: str, _pooling: Pooling) -> Matrix:
        return self.x

    def owners(self, split: Split) -> Indices:
        raise NotImplementedError(split)


def problem(kind: Kind, metric: Metric, x: Matrix, y: Truth) -> Problem:
    outputs = 3 if y.ndim == 1 else y.shape[1]
    labels = {Split.TRAIN: y, Split.VALIDATION: y}
    return Problem(kind, outputs, metric, Given(x), labels)


def hyper(model: Model) -> Hyper:
    return Hyper("a", Pooling.MEAN, standardise=True, model=model, learning_rate=3e-3)


CLASSES: Truth = np.repeat([0, 0, 1], CLIPS // 3)
TAGS: Truth = np.stack([np.arange(CLIPS) % 2, np.arange(CLIPS) % 3 == 0], 1).astype(np.float64)


@pytest.mark.parametrize("model", [Model.LINEAR, Model.MLP, Model.KNN])
@pytest.mark.parametrize("value", [0.0, 7.5])
def test_constant_features_give_the_base_rates(model: Model, value: float) -> None:
    x = np.full((CLIPS, 5), value, np.float32)
    (predict,) = Fitter(problem(Kind.MULTICLASS, ACCURACY, x, CLASSES)).fit([hyper(model)], 0)
    scores = predict(Split.TEST)
    assert (scores == scores[0]).all()
    assert scores[0].argmax() == 0
    (predict,) = Fitter(problem(Kind.MULTILABEL, ROC_AUC, x, TAGS)).fit([hyper(Model.LINEAR)], 0)
    np.testing.assert_allclose(predict(Split.TEST)[0], TAGS.mean(0), atol=1e-3)


@pytest.mark.parametrize("model", [Model.LINEAR, Model.MLP])
def test_targets_far_from_zero_are_learnt_as_well_as_near_ones(model: Model) -> None:
    x = np.random.default_rng(0).normal(size=(CLIPS, 4)).astype(np.float32)
    near = x[:, :1].astype(np.float64)
    scores = []
    for offset in (0.0, 1e8):
        asked = problem(Kind.REGRESSION, R2, x, near + offset)
        (predict,) = Fitter(asked).fit([hyper(model)], 0)
        scores.append(asked.score(predict(Split.VALIDATION)))
    assert scores[0] > 0.9
    assert scores[1] == pytest.approx(scores[0], abs=1e-3)


class Windows:
    """Three windows a clip, of which one in three says what the clip is."""

    def pooled(self, _split: Split, _layer: str, pooling: Pooling) -> Matrix:
        rng = np.random.default_rng(1)
        x = rng.normal(0, 0.1, size=(CLIPS, 3, 2))
        x[:, 1] += np.eye(2)[CLASSES]
        flat = x.reshape(-1, 2) if pooling is Pooling.WINDOWS else x.mean(1)
        return flat.astype(np.float32)

    def owners(self, _split: Split) -> Indices:
        return np.repeat(np.arange(CLIPS), 3)


@pytest.mark.parametrize("model", [Model.LINEAR, Model.MLP, Model.KNN])
def test_scores_of_windows_are_averaged_over_their_clip(model: Model) -> None:
    labels = {Split.TRAIN: CLASSES, Split.VALIDATION: CLASSES}
    asked = Problem(Kind.MULTICLASS, 2, ACCURACY, Windows(), labels)
    by_window = replace(hyper(model), pooling=Pooling.WINDOWS)
    (predict,) = Fitter(asked).fit([by_window], 0)
    scores = predict(Split.VALIDATION)
    assert scores.shape == (CLIPS, 2)
    np.testing.assert_allclose(scores.sum(1), 1, atol=1e-6)
    assert asked.score(scores) > 0.9


def test_neighbours_vote_as_scikit_learns_do() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(CLIPS, 5)).astype(np.float32)
    asked = problem(Kind.MULTILABEL, ROC_AUC, x, TAGS)
    near = replace(hyper(Model.KNN), standardise=False, neighbours=7)
    (predict,) = Fitter(asked).fit([near], 0)
    centred = x - x.mean(0)
    expected = KNeighborsRegressor(7, metric="cosine", weights=lambda distance: 2 - distance)
    expected.fit(centred, TAGS)
    np.testing.assert_allclose(predict(Split.TEST), expected.predict(centred), atol=1e-5)


def test_a_tag_that_no_neighbour_is_labelled_for_has_its_usual_share() -> None:
    x = np.eye(4, dtype=np.float32)[[0, 0, 1, 1, 2, 2, 3, 3]] + 1
    tags = np.array([[1.0], [1], [0], [0], [1], [1], [np.nan], [np.nan]])
    asked = problem(Kind.MULTILABEL, ROC_AUC, x, tags)
    (predict,) = Fitter(asked).fit([replace(hyper(Model.KNN), neighbours=2)], 0)
    expected = [1, 1, 0, 0, 1, 1, 4 / 6, 4 / 6]
    np.testing.assert_allclose(predict(Split.TEST)[:, 0], expected)


def test_a_tag_that_no_clip_is_labelled_for_has_a_share_all_the_same() -> None:
    tags = np.column_stack([TAGS[:, 0], np.full(CLIPS, np.nan)])
    asked = problem(Kind.MULTILABEL, ROC_AUC, np.eye(CLIPS, 5, dtype=np.float32), tags)
    (predict,) = Fitter(asked).fit([hyper(Model.KNN)], 0)
    np.testing.assert_array_equal(predict(Split.TEST)[:, 1], 0.5)


@pytest.mark.parametrize(("rotations", "made"), [(2, 2), (1, 4), (0, 4)])
def test_rotations_are_kept_by_their_bytes(
    monkeypatch: pytest.MonkeyPatch, rotations: int, made: int
) -> None:
    """Two layers are asked for in turn; what does not fit is made again, and scores the same."""
    x = np.random.default_rng(0).normal(size=(CLIPS, 8)).astype(np.float32)
    given = problem(Kind.MULTICLASS, ACCURACY, x, CLASSES)
    asked = [replace(hyper(Model.LINEAR), layer=layer) for layer in ("a", "b", "a", "b")]
    expected = [Fitter(given).fit([each], 0)[0](Split.TEST) for each in asked]
    size = 8 * (8 * 8 + 3 * CLIPS * 8)
    monkeypatch.setattr(fit, "MEMORY", rotations * size)
    counted = []
    rotated = Basis.of

    def count(rows: Tensor, *, standardise: bool) -> Basis:
        counted.append("one")
        return rotated(rows, standardise=standardise)

    monkeypatch.setattr(Basis, "of", count)
    fitter = Fitter(given)
    found = [fitter.fit([each], 0)[0](Split.TEST) for each in asked]
    assert len(counted) == made
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
