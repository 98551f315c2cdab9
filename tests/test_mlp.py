"""The network keeps its best epoch, its seed and its labels' unit."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.probes import EVERY_LAYER, Hyper, Indices, Matrix, Model, Pooling, Problem, mlp
from bench.probes.fit import Fitter, by_layer
from tasks import Kind, Metric, Split, Truth
from tasks._metrics import ACCURACY, PR_AUC, R2

HYPER = Hyper("layer", Pooling.MEAN, standardise=True, model=Model.MLP)


pytestmark = pytest.mark.usefixtures("one_thread")


class Fixed:
    """Features that are given."""

    def __init__(self, **splits: Matrix) -> None:
        self._splits = splits

    def pooled(self, split: Split, layer: str, pooling: Pooling) -> Matrix:
        del layer, pooling
        return self._splits[split.value]

    def owners(self, split: Split) -> Indices:
        raise NotImplementedError(split)


def clouds(clips: int, seed: int) -> tuple[Matrix, Truth]:
    """Three classes that lie apart."""
    rng = np.random.default_rng(seed)
    y = np.arange(clips) % 3
    return (rng.normal(size=(clips, 6)) + 2 * np.eye(6)[y]).astype(np.float32), y


def problem(kind: Kind, metric: Metric, x: Matrix, y: Truth) -> Problem:
    """A problem whose splits are all the same clips."""
    outputs = int(y.max()) + 1 if y.ndim == 1 else y.shape[1]
    features = Fixed(train=x, validation=x, test=x)
    return Problem(kind, outputs, metric, features, {Split.TRAIN: y, Split.VALIDATION: y})


def trained(score: Callable[[mlp.Network], float], seed: int = 0) -> mlp.Network:
    x, y = clouds(60, 0)
    examples = mlp.Examples(torch.from_numpy(x)[:, None], torch.from_numpy(y), Kind.MULTICLASS, 3)
    return mlp.train(examples, HYPER, seed, score)


class Peak:
    """A validation score that is highest at one epoch; keeps the weights of every epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.seen: list[Tensor] = []

    def __call__(self, model: nn.Module) -> float:
        assert not model.training
        self.seen.append(next(model.parameters()).detach().clone())
        return -abs(len(self.seen) - self.epoch)


@pytest.mark.parametrize("epoch", [1, 5, 11])
def test_the_best_epoch_is_restored_and_training_ends_after_patience(epoch: int) -> None:
    peak = Peak(epoch)
    network = trained(peak)
    assert len(peak.seen) == epoch + HYPER.patience
    assert torch.equal(next(network.parameters()), peak.seen[epoch - 1])
    assert not torch.equal(peak.seen[epoch - 1], peak.seen[-1])
    assert not network.training


def test_an_equal_score_keeps_the_earlier_epoch() -> None:
    peak = Peak(1)
    network = trained(lambda model: peak(model) * 0)
    assert torch.equal(next(network.parameters()), peak.seen[0])


def test_a_seed_is_a_network_bit_for_bit_and_leaves_torchs_own_state_alone() -> None:
    torch.random.manual_seed(99)
    before = torch.random.get_rng_state()
    first = trained(Peak(4))
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(7)
    again, other = trained(Peak(4)), trained(Peak(4), seed=1)
    pairs = [list(network.parameters()) for network in (first, again, other)]
    assert all(torch.equal(a, b) for a, b in zip(pairs[0], pairs[1], strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(pairs[0], pairs[2], strict=True))


def test_twenty_clips_are_learnt_by_heart() -> None:
    x, y = clouds(20, 1)
    y = np.random.default_rng(1).permutation(y)
    eager = replace(HYPER, learning_rate=1e-2, dropout=0.0)
    (predict,) = Fitter(problem(Kind.MULTICLASS, ACCURACY, x, y)).fit([eager], seed=0)
    assert (predict(Split.TEST).argmax(1) == y).all()
    np.testing.assert_allclose(predict(Split.TEST).sum(1), 1)


@pytest.mark.parametrize(("offset", "scale"), [(120.0, 20.0), (-3e4, 0.01)])
def test_regressed_values_are_in_the_unit_of_the_labels(offset: float, scale: float) -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(200, 4)).astype(np.float32)
    y = offset + scale * (x[:, :2] * [1, -2]).astype(np.float64)
    asked = problem(Kind.REGRESSION, R2, x, y)
    (predict,) = Fitter(asked).fit([HYPER], seed=0)
    assert asked.score(predict(Split.VALIDATION)) > 0.9


def test_tags_are_learnt_where_half_of_the_clips_have_no_label() -> None:
    x, classes = clouds(120, 3)
    y = np.eye(3)[classes]
    masked = y.copy()
    masked[::2] = np.nan
    (predict,) = Fitter(problem(Kind.MULTILABEL, PR_AUC, x, masked)).fit([HYPER], seed=0)
    truth, every = y[::2], np.ones((1, 60))
    assert PR_AUC.function(truth, predict(Split.TEST)[::2], every)[0] > 0.9


def test_only_known_labels_move_the_weights() -> None:
    x = torch.from_numpy(clouds(30, 4)[0])[:, None]
    network = mlp.Network(1, [6, 8, 2], 0.0, torch.zeros(2), torch.ones(2))
    y = torch.full((30, 2), torch.nan)
    y[:, 0] = 1.0
    mlp.loss(network(x), y, Kind.MULTILABEL, network.spread).backward()
    last = list(network.parameters())[-1].grad
    assert last is not None
    assert last[0] != 0
    assert last[1] == 0


def test_a_feature_that_is_constant_in_training_cannot_upset_a_test_clip() -> None:
    x, y = clouds(90, 5)
    x[:, 5] = 0.25
    test = x.copy()
    test[:, 5] = 0.5
    features = Fixed(train=x, validation=x, test=test)
    asked = Problem(Kind.MULTICLASS, 3, ACCURACY, features, {Split.TRAIN: y, Split.VALIDATION: y})
    (predict,) = Fitter(asked).fit([HYPER], seed=0)
    np.testing.assert_allclose(predict(Split.TEST), predict(Split.VALIDATION), atol=1e-6)


def test_layers_are_weighed_and_the_one_that_knows_weighs_most() -> None:
    x, y = clouds(120, 6)
    noise = np.random.default_rng(7).normal(size=x.shape).astype(np.float32)
    stacked = torch.from_numpy(np.stack([noise, x], axis=1))
    examples = mlp.Examples(stacked, torch.from_numpy(y), Kind.MULTICLASS, 3)
    truth = torch.from_numpy(y)
    network = mlp.train(
        examples,
        replace(HYPER, learning_rate=1e-2, patience=20),
        0,
        lambda network: -float(functional.cross_entropy(network(stacked), truth)),
    )
    assert network.mix is not None
    quiet, loud = network.mix.softmax(0).tolist()
    assert loud > 2 * quiet


def test_all_layers_reach_the_network_whatever_the_pooling() -> None:
    x, y = clouds(150, 8)
    hyper = replace(HYPER, layer=EVERY_LAYER, learning_rate=1e-2)
    asked = replace(problem(Kind.MULTICLASS, ACCURACY, x, y), layers=2)
    (predict,) = Fitter(asked).fit([hyper], seed=0)
    assert asked.score(predict(Split.VALIDATION)) > 0.7
    mean, deviation = torch.arange(6.0).reshape(1, 2, 3), torch.arange(10.0, 16).reshape(1, 2, 3)
    pooled = torch.cat([mean.flatten(1), deviation.flatten(1)], dim=1)
    expected = torch.cat([mean, deviation], dim=2)
    assert torch.equal(by_layer(pooled, 2, 2), expected)
    assert torch.equal(by_layer(mean.flatten(1), 1, 2), mean)
