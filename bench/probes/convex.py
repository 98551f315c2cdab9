"""Logistic and ridge regression for all outputs and all strengths of regularisation at once.

The features are rotated into the eigenbasis of their covariance. An L2 penalty does not notice,
ridge regression becomes a division, and the Hessian of a logistic loss is close to diagonal,
which is what the batched L-BFGS below is preconditioned with.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

HISTORY = 10
MAX_ITERATIONS = 300
TOLERANCE = 1e-6
"""A problem is solved when half its squared Newton decrement is under this share of its loss."""

Objective: TypeAlias = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""(weights (problems, size), which (problems,)) → loss (problems,), gradient (problems, size)."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Fitted linear models, one a strength of regularisation.

    Attributes:
        weight: (strengths, outputs, rank).
        bias: (strengths, outputs).
    """

    weight: Tensor
    bias: Tensor

    def __call__(self, z: Tensor) -> Tensor:
        """(clips, rank) → (strengths, clips, outputs): logits, or regressed values."""
        return torch.einsum("nr,skr->snk", z, self.weight) + self.bias[:, None]


def ridge(z: Tensor, spectrum: Tensor, y: Tensor, penalties: Tensor) -> Linear:
    """Minimises mean((z·w + b - y)²) + penalty·|w|² for every output and penalty.

    Args:
        z: (clips, rank), centred, uncorrelated.
        spectrum: (rank,) its variances.
        y: (clips, targets).
        penalties: (strengths,) > 0.
    """
    bias = y.mean(0)
    covariance = (y - bias).T @ z / len(z)
    weight = covariance[None] / (spectrum + penalties[:, None])[:, None]
    return Linear(weight, bias.expand(len(penalties), -1))


def binary(z: Tensor, spectrum: Tensor, y: Tensor, penalties: Tensor) -> Linear:
    """Minimises mean cross-entropy + penalty/2·|w|² for every label and penalty.

    Args:
        z: (clips, rank), centred, uncorrelated.
        spectrum: (rank,) its variances.
        y: (clips, labels): from 0 to 1, or NaN for a label that is not known and is left out.
        penalties: (strengths,) > 0; scikit-learn's C is 1 / (penalty × clips).
    """
    labels, strengths = y.shape[1], len(penalties)
    known = ~y.isnan()
    target = y.nan_to_num().repeat(1, strengths)
    share = known / known.sum(0).clamp_min(1)
    share = share.repeat(1, strengths)
    rate = (share * target).sum(0)
    penalty = penalties.repeat_interleave(labels)
    ones = torch.cat([z, torch.ones_like(z[:, :1])], dim=1)

    def objective(weights: Tensor, which: Tensor) -> tuple[Tensor, Tensor]:
        logits = ones @ weights.T
        part = share[:, which]
        loss = (part * (functional.softplus(logits) - target[:, which] * logits)).sum(0)
        residual = part * (logits.sigmoid() - target[:, which])
        return _penalised(loss, residual.T @ ones, weights[:, None], penalty[which])

    curvature = _diagonal((rate * (1 - rate)).clamp_min(1e-3)[:, None], spectrum, penalty)
    start = torch.zeros_like(curvature)
    start[:, -1] = rate.clamp(1e-6, 1 - 1e-6).logit()
    solved = minimise(objective, start, curvature).unflatten(0, (strengths, labels))
    return Linear(solved[..., :-1], solved[..., -1])


def multinomial(z: Tensor, spectrum: Tensor, y: Tensor, classes: int, penalties: Tensor) -> Linear:
    """Minimises mean softmax cross-entropy + penalty/2·|w|² for every penalty.

    Args:
        z: (clips, rank), centred, uncorrelated.
        spectrum: (rank,) its variances.
        y: (clips,) class indices.
        classes: how many there are.
        penalties: (strengths,) > 0; scikit-learn's C is 1 / (penalty × clips).
    """
    clips, strengths = len(z), len(penalties)
    target = functional.one_hot(y, classes).to(z)
    rate = target.mean(0)
    ones = torch.cat([z, torch.ones_like(z[:, :1])], dim=1)

    def objective(weights: Tensor, which: Tensor) -> tuple[Tensor, Tensor]:
        shaped = weights.unflatten(1, (classes, -1))
        logits = (ones @ shaped.flatten(0, 1).T).unflatten(1, (len(which), classes))
        loss = (logits.logsumexp(2) - (logits * target[:, None]).sum(2)).mean(0)
        residual = (logits.softmax(2) - target[:, None]).flatten(1) / clips
        return _penalised(loss, residual.T @ ones, shaped, penalties[which])

    spread = (rate * (1 - rate)).clamp_min(1e-3)[None].expand(strengths, -1)
    curvature = _diagonal(spread, spectrum, penalties)
    start = torch.zeros(strengths, classes, len(spectrum) + 1).to(z)
    start[..., -1] = rate.clamp_min(1e-6).log()
    solved = minimise(objective, start.flatten(1), curvature).unflatten(1, (classes, -1))
    return Linear(solved[..., :-1], solved[..., -1])


def _penalised(
    loss: Tensor, gradient: Tensor, weights: Tensor, penalty: Tensor
) -> tuple[Tensor, Tensor]:
    """Add the penalty on all but the intercepts; weights: (problems, outputs, rank + 1)."""
    slopes = weights[..., :-1]
    loss = loss + penalty / 2 * slopes.square().sum((1, 2))
    gradient = gradient.reshape(weights.shape).clone()
    gradient[..., :-1] += penalty[:, None, None] * slopes
    return loss, gradient.flatten(1)


def _diagonal(spread: Tensor, spectrum: Tensor, penalty: Tensor) -> Tensor:
    """The Hessian's diagonal at the base rates: (problems, outputs × (rank + 1)).

    Args:
        spread: (problems, outputs), rate·(1 - rate).
        spectrum: (rank,).
        penalty: (problems,).
    """
    slopes = spread[..., None] * spectrum + penalty[:, None, None]
    return torch.cat([slopes, spread[..., None]], dim=2).flatten(1)


def minimise(objective: Objective, start: Tensor, curvature: Tensor) -> Tensor:
    """Batched L-BFGS (Nocedal & Wright, 2006, algorithm 7.4) with a diagonal first Hessian.

    Every problem has its own history and step; one that is solved leaves the batch.

    Args:
        objective: of strictly convex, independent problems.
        start: (problems, size).
        curvature: (problems, size) > 0, a guess at the Hessian's diagonal.

    Returns:
        (problems, size).
    """
    solution = start.clone()
    which = torch.arange(len(start), device=start.device)
    point = start
    loss, gradient = objective(point, which)
    steps: list[Tensor] = []
    changes: list[Tensor] = []
    for _ in range(MAX_ITERATIONS):
        direction = _direction(gradient, curvature[which], steps, changes)
        active = -(gradient * direction).sum(1) / 2 > TOLERANCE * loss
        solution[which] = point
        if not active.any():
            break
        if not active.all():
            state = (which, point, loss, gradient, direction)
            which, point, loss, gradient, direction = (t[active] for t in state)
            steps, changes = ([t[active] for t in history] for history in (steps, changes))
        new_point, loss, new_gradient, moved = _step(
            objective, which, point, loss, gradient, direction
        )
        steps = [*steps[-HISTORY + 1 :], new_point - point]
        changes = [*changes[-HISTORY + 1 :], new_gradient - gradient]
        point, gradient = new_point, new_gradient
        if not moved:
            solution[which] = point
            break
    return solution


def _direction(
    gradient: Tensor, curvature: Tensor, steps: list[Tensor], changes: list[Tensor]
) -> Tensor:
    """Minus the inverse Hessian times the gradient: the two-loop recursion, a row a problem."""
    direction = -gradient
    tiny = torch.finfo(gradient.dtype).tiny
    pairs = [
        (step, change, (step * change).sum(1, keepdim=True))
        for step, change in zip(steps, changes, strict=True)
    ]
    alphas = []
    for step, change, product in reversed(pairs):
        usable = product > tiny
        alpha = torch.where(usable, (step * direction).sum(1, keepdim=True) / product, 0)
        direction = direction - alpha * change
        alphas.append(alpha)
    direction = direction / curvature
    if pairs:
        _, change, product = pairs[-1]
        norm = (change.square() / curvature).sum(1, keepdim=True)
        direction = direction * torch.where(product > tiny, product / norm.clamp_min(tiny), 1)
    for (step, change, product), alpha in zip(pairs, reversed(alphas), strict=True):
        beta = (change * direction).sum(1, keepdim=True) / product
        direction = direction + torch.where(product > tiny, alpha - beta, 0) * step
    return direction


def _step(
    objective: Objective,
    which: Tensor,
    point: Tensor,
    loss: Tensor,
    gradient: Tensor,
    direction: Tensor,
) -> tuple[Tensor, Tensor, Tensor, bool]:
    """Backtrack from a whole step until the Armijo condition holds, each problem by itself.

    Returns:
        The new points, losses and gradients, and whether any problem moved.
    """
    slope = (gradient * direction).sum(1)
    slack = 4 * torch.finfo(loss.dtype).eps * loss.abs()
    new_point, new_loss, new_gradient = point.clone(), loss.clone(), gradient.clone()
    trying = torch.arange(len(which), device=which.device)
    size = 1.0
    for _ in range(30):
        tried = point[trying] + size * direction[trying]
        tried_loss, tried_gradient = objective(tried, which[trying])
        good = tried_loss <= loss[trying] + 1e-4 * size * slope[trying] + slack[trying]
        done = trying[good]
        new_point[done], new_loss[done] = tried[good], tried_loss[good]
        new_gradient[done] = tried_gradient[good]
        trying = trying[~good]
        if not len(trying):
            break
        size /= 2
    return new_point, new_loss, new_gradient, len(trying) < len(which)
