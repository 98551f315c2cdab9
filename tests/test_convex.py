"""The batched solver finds scikit-learn's solutions, whatever else is in the batch."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from torch import Tensor

from bench.probes import convex
from bench.probes.basis import Basis, eigh, scaling
from tasks._metrics import PR_AUC

pytestmark = pytest.mark.usefixtures("one_thread")

Array = npt.NDArray[np.float64]

STRENGTHS = (1e-4, 1e-2, 1.0, 1e2)


def plain(rng: np.random.Generator, clips: int, dim: int) -> Array:
    return rng.normal(size=(clips, dim))


def correlated(rng: np.random.Generator, clips: int, dim: int) -> Array:
    axes = rng.normal(size=(dim, dim)) * np.logspace(0, -2, dim)[:, None]
    return plain(rng, clips, dim) @ axes


def unscaled(rng: np.random.Generator, clips: int, dim: int) -> Array:
    return plain(rng, clips, dim) * np.logspace(-6, 6, dim) + 3


def partly_constant(rng: np.random.Generator, clips: int, dim: int) -> Array:
    x = plain(rng, clips, dim)
    x[:, ::5] = 0.3
    x[:, 1] = 0.0
    return x


Maker = Callable[[np.random.Generator, int, int], Array]

MATRICES: tuple[Maker, ...] = (plain, correlated, unscaled, partly_constant)


def standardised(x: Array) -> Array:
    """As the solver sees them: in single precision at first, constant features left out."""
    wide = x.astype(np.float32).astype(np.float64)
    keep = np.ptp(wide, axis=0) > 0
    return np.asarray((wide[:, keep] - wide[:, keep].mean(0)) / wide[:, keep].std(0))


def rotated(x: Array, *, standardise: bool = True) -> tuple[Tensor, Tensor]:
    """The solver's features and their variances."""
    single = torch.from_numpy(x.astype(np.float32))
    basis = Basis.of(single, standardise=standardise)
    return basis(single), basis.spectrum


def penalties(clips: int) -> Tensor:
    return 1 / (torch.tensor(STRENGTHS) * clips)


def tagged(rng: np.random.Generator, x: Array, noise: float) -> Array:
    """Tags of 50, 20 and 3 %; without noise they are separable."""
    unit = (x - x.mean(0)) / x.std(0).clip(1e-12)
    logits = unit @ rng.normal(size=(x.shape[1], 3)) / np.sqrt(x.shape[1])
    logits += noise * rng.normal(size=logits.shape)
    return np.asarray(logits > np.diag(np.quantile(logits, [0.5, 0.8, 0.97], axis=0)), float)


def binary_loss(x: Array, y: Array, weight: Array, bias: float, c: float) -> float:
    logits = x @ weight + bias
    loss = np.mean(np.logaddexp(0, logits) - y * logits)
    return float(loss + weight @ weight / (2 * c * len(x)))


def best_binary(x: Array, y: Array, c: float) -> LogisticRegression:
    return LogisticRegression(C=c, tol=1e-7, solver="newton-cholesky", max_iter=1000).fit(x, y)


def excess(x: Array, z: Tensor, y: Array, found: convex.Linear) -> float:
    """The largest loss over scikit-learn's, of all tags and strengths."""
    worst = -np.inf
    for i, c in enumerate(STRENGTHS):
        for tag in range(y.shape[1]):
            theirs = best_binary(x, y[:, tag], c)
            least = binary_loss(x, y[:, tag], theirs.coef_[0], theirs.intercept_[0], c)
            weight = found.weight[i, tag].double().numpy()
            bias = float(found.bias[i, tag])
            ours = binary_loss(z.double().numpy(), y[:, tag], weight, bias, c)
            worst = max(worst, ours - least)
    return float(worst)


@pytest.mark.parametrize("make", MATRICES)
@pytest.mark.parametrize(("clips", "dim"), [(400, 30), (80, 120)])
@pytest.mark.parametrize("noise", [0.7, 0.0])
def test_tags_reach_scikit_learns_objective(
    make: Maker, clips: int, dim: int, noise: float
) -> None:
    rng = np.random.default_rng(0)
    x = make(rng, clips, dim)
    y = tagged(rng, x, noise)
    z, spectrum = rotated(x)
    found = convex.binary(z, spectrum, torch.from_numpy(y).float(), penalties(clips))
    assert -1e-5 < excess(standardised(x), z, y, found) < 1e-5


def test_tags_reach_the_objective_on_features_that_are_not_standardised() -> None:
    rng = np.random.default_rng(1)
    x = (correlated(rng, 300, 20) * 5 + 40).astype(np.float32).astype(np.float64)
    y = tagged(rng, x, 0.5)
    z, spectrum = rotated(x, standardise=False)
    found = convex.binary(z, spectrum, torch.from_numpy(y).float(), penalties(300))
    assert excess(x - x.mean(0), z, y, found) < 1e-4


def test_the_ranking_of_new_clips_is_scikit_learns() -> None:
    rng = np.random.default_rng(2)
    x = correlated(rng, 900, 40)
    y = tagged(rng, x, 0.8)
    train, rest = slice(0, 500), slice(500, None)
    single = torch.from_numpy(x.astype(np.float32))
    basis = Basis.of(single[train], standardise=True)
    labels = torch.from_numpy(y[train]).float()
    found = convex.binary(basis(single[train]), basis.spectrum, labels, penalties(500))
    logits = found(basis(single[rest])).double().numpy()
    scale = x[train].std(0)
    for i, c in enumerate(STRENGTHS):
        theirs = [best_binary(x[train] / scale, y[train, tag], c) for tag in range(3)]
        expected = np.stack([m.decision_function(x[rest] / scale) for m in theirs], axis=1)
        values = [PR_AUC.function(y[rest], s, np.ones((1, 400)))[0] for s in (logits[i], expected)]
        assert values[0] == pytest.approx(values[1], abs=1e-3)


def multinomial_loss(
    x: Array, y: npt.NDArray[np.int64], weight: Array, bias: Array, c: float
) -> float:
    logits = x @ weight.T + bias
    loss = np.mean(np.logaddexp.reduce(logits, axis=1) - logits[np.arange(len(y)), y])
    return float(loss + np.sum(weight**2) / (2 * c * len(x)))


@pytest.mark.parametrize("make", MATRICES)
@pytest.mark.parametrize(("clips", "dim"), [(400, 30), (80, 120)])
@pytest.mark.parametrize("noise", [1.0, 0.0])
def test_classes_reach_scikit_learns_objective(
    make: Maker, clips: int, dim: int, noise: float
) -> None:
    rng = np.random.default_rng(3)
    x = make(rng, clips, dim)
    unit = standardised(x)
    logits = unit @ rng.normal(size=(unit.shape[1], 4)) + [0, 0, 1, 3]
    y = (logits + 5 * noise * rng.gumbel(size=logits.shape)).argmax(1)
    z, spectrum = rotated(x)
    found = convex.multinomial(z, spectrum, torch.from_numpy(y), 4, penalties(clips))
    wide = z.double().numpy()
    for i, c in enumerate(STRENGTHS):
        theirs = best_binary(unit, y, c)
        least = multinomial_loss(unit, y, theirs.coef_, theirs.intercept_, c)
        weight, bias = found.weight[i].double().numpy(), found.bias[i].double().numpy()
        assert abs(multinomial_loss(wide, y, weight, bias, c) - least) < 1e-4
        agree = (wide @ weight.T + bias).argmax(1) == theirs.predict(unit)
        assert agree.mean() > 0.985


@pytest.mark.parametrize("make", MATRICES)
@pytest.mark.parametrize(("clips", "dim"), [(400, 30), (80, 120)])
def test_ridge_has_scikit_learns_coefficients(make: Maker, clips: int, dim: int) -> None:
    rng = np.random.default_rng(4)
    x = make(rng, clips, dim)
    unit = standardised(x)
    y = 120 + 20 * unit @ rng.normal(size=(unit.shape[1], 2)) + rng.normal(size=(clips, 2))
    single = torch.from_numpy(x.astype(np.float32))
    basis = Basis.of(single, standardise=True)
    targets = torch.from_numpy(y).float()
    found = convex.ridge(basis(single), basis.spectrum, targets, penalties(clips))
    scale = single.double().std(0, correction=0)
    for i, c in enumerate(STRENGTHS):
        theirs = Ridge(alpha=1 / c).fit(unit, y)
        slopes = (found.weight[i].double() @ basis.rotation.T) * scale
        varies = np.ptp(single.numpy(), axis=0) > 0
        size = np.abs(theirs.coef_).max()
        np.testing.assert_allclose(slopes.numpy()[:, varies], theirs.coef_, atol=1e-4 * size)
        np.testing.assert_allclose(found.bias[i], theirs.intercept_, rtol=1e-6)


def test_a_tag_that_is_not_known_for_a_clip_is_fitted_without_it() -> None:
    rng = np.random.default_rng(5)
    x = plain(rng, 300, 10)
    y = tagged(rng, x, 0.7)
    known = rng.uniform(size=300) < 0.5
    masked = y.copy()
    masked[~known, 0] = np.nan
    z, spectrum = rotated(x)
    found = convex.binary(z, spectrum, torch.from_numpy(masked).float(), penalties(300))
    rows = z.double().numpy()[known]
    for i, c in enumerate(STRENGTHS):
        scaled = c * 300 / known.sum()
        theirs = best_binary(rows, y[known, 0], scaled)
        np.testing.assert_allclose(found.weight[i, 0], theirs.coef_[0], atol=0.02)
        least = binary_loss(rows, y[known, 0], theirs.coef_[0], theirs.intercept_[0], scaled)
        weight, bias = found.weight[i, 0].double().numpy(), float(found.bias[i, 0])
        assert binary_loss(rows, y[known, 0], weight, bias, scaled) < least + 1e-5
    other = convex.binary(z, spectrum, torch.from_numpy(y).float(), penalties(300))
    np.testing.assert_allclose(found.weight[:, 1:], other.weight[:, 1:], atol=1e-3)


def test_tags_without_any_known_or_positive_clip_stay_finite() -> None:
    rng = np.random.default_rng(6)
    z, spectrum = rotated(plain(rng, 50, 5))
    y = torch.zeros(50, 3)
    y[:, 0], y[:, 1] = np.nan, 1
    found = convex.binary(z, spectrum, y, penalties(50))
    assert found.weight.isfinite().all()
    assert (found(z)[:, :, 1] > 3).all()
    assert (found(z)[:, :, 2] < -3).all()


def test_a_problem_is_solved_alike_alone_and_among_others() -> None:
    rng = np.random.default_rng(7)
    x = correlated(rng, 300, 25)
    y = np.concatenate([tagged(rng, x, noise) for noise in (0.0, 0.3, 1.0, 3.0)], axis=1)
    z, spectrum = rotated(x)
    labels = torch.from_numpy(y).float()
    together = convex.binary(z, spectrum, labels, penalties(300))
    wide = z.double().numpy()
    for tag in range(y.shape[1]):
        for i, c in enumerate(STRENGTHS):
            alone = convex.binary(z, spectrum, labels[:, [tag]], penalties(300)[[i]])
            losses = [
                binary_loss(wide, y[:, tag], w.double().numpy(), float(b), c)
                for w, b in (
                    (alone.weight[0, 0], alone.bias[0, 0]),
                    (together.weight[i, tag], together.bias[i, tag]),
                )
            ]
            assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_the_same_input_gives_the_same_bits() -> None:
    rng = np.random.default_rng(8)
    x = correlated(rng, 200, 20)
    y = torch.from_numpy(tagged(rng, x, 0.5)).float()
    first, second = (convex.binary(*rotated(x), y, penalties(200)) for _ in range(2))
    assert torch.equal(first.weight, second.weight)
    assert torch.equal(first.bias, second.bias)


def test_standardised_probes_do_not_notice_the_scale_or_offset_of_features() -> None:
    rng = np.random.default_rng(9)
    x = plain(rng, 300, 12)
    y = torch.from_numpy(tagged(rng, x, 0.7)).float()
    one, other = x, x * np.logspace(-8, 8, 12)
    found = [convex.binary(*rotated(m), y, penalties(300))(rotated(m)[0]) for m in (one, other)]
    np.testing.assert_allclose(found[0], found[1], atol=0.02)


def test_probes_that_are_not_standardised_do_not_notice_a_rotation() -> None:
    rng = np.random.default_rng(10)
    x = plain(rng, 300, 12) * np.linspace(0.5, 2, 12)
    turn = np.linalg.qr(rng.normal(size=(12, 12)))[0]
    y = torch.from_numpy(tagged(rng, x, 0.7)).float()
    found = []
    for matrix in (x, x @ turn + 7):
        z, spectrum = rotated(matrix, standardise=False)
        found.append(convex.binary(z, spectrum, y, penalties(300))(z))
    np.testing.assert_allclose(found[0], found[1], atol=0.02)


def test_a_feature_that_is_constant_in_training_says_nothing_about_a_test_clip() -> None:
    rng = np.random.default_rng(11)
    x = torch.from_numpy(partly_constant(rng, 100, 10).astype(np.float32))
    basis = Basis.of(x, standardise=True)
    moved = x.clone()
    moved[:, ::5] += 100
    torch.testing.assert_close(basis(moved), basis(x), rtol=0, atol=0)


def test_axes_are_found_where_torchs_lapack_does_not_converge(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    x = torch.from_numpy(partly_constant(rng, 50, 20).astype(np.float32))
    mean, scale = scaling(x, standardise=True)
    centred = (x.double() - mean) * scale

    def gives_up(_: Tensor) -> tuple[Tensor, Tensor]:
        raise torch.linalg.LinAlgError  # type: ignore[attr-defined]

    monkeypatch.setattr(torch.linalg, "eigh", gives_up)
    spectrum, vectors = eigh(centred.T @ centred)
    torch.testing.assert_close((vectors * spectrum) @ vectors.T, centred.T @ centred)
    torch.testing.assert_close(
        Basis.of(x, standardise=True).spectrum.double(), spectrum[-15:] / 50, rtol=1e-5, atol=1e-7
    )
