"""Two distorted views of a clip agree while clips differ in every dimension (VICReg)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from backbones._networks.chunks import pooled
from backbones._networks.trunk import Trunk
from bench.pretrain.objectives import Batch, Need, Objective, Terms
from bench.pretrain.objectives.gathering import gathered

EPSILON = 1e-4


class VICReg(Objective):
    """Variance, invariance and covariance of an expansion of the pooled feature.

    Bardes, Ponce and LeCun, VICReg: variance-invariance-covariance regularization for
    self-supervised learning, ICLR 2022; its weights are 25, 25 and 1.

    Args:
        trunk: trained.
        dim: of the expansion.
        checkpointing: see `pooled`.
    """

    needs = frozenset({Need.PAIR})
    whole = True

    def __init__(self, trunk: Trunk, dim: int = 1024, *, checkpointing: bool = False) -> None:
        super().__init__()
        self.trunk, self.checkpointing = trunk, checkpointing
        self.expand = nn.Sequential(
            *(nn.Linear(trunk.dim, dim, bias=False), nn.BatchNorm1d(dim), nn.ReLU()),
            *(nn.Linear(dim, dim, bias=False), nn.BatchNorm1d(dim), nn.ReLU()),
            nn.Linear(dim, dim, bias=False),
        )

    def forward(self, batch: Batch) -> Terms:
        """`variance`, `invariance` and `covariance`."""
        both = torch.cat([batch["first"], batch["second"]])
        expanded = self.expand(pooled(self.trunk, both, checkpointing=self.checkpointing))
        first, second = (gathered(x) for x in expanded.float().chunk(2))
        return {
            "variance": (variance(first) + variance(second)) / 2,
            "invariance": functional.mse_loss(first, second),
            "covariance": covariance(first) + covariance(second),
        }


def variance(x: Tensor) -> Tensor:
    """How far standard deviations over items lie under 1, on average (eq. 1); (items, dim)."""
    return functional.relu(1 - (x.var(0) + EPSILON).sqrt()).mean()


def covariance(x: Tensor) -> Tensor:
    """Sum of squared covariances of different dimensions, over their number (eqs. 3 and 4)."""
    centred = x - x.mean(0)
    with torch.autocast(x.device.type, enabled=False):
        matrix = centred.T @ centred / (len(x) - 1)
    return (matrix.square().sum() - matrix.diagonal().square().sum()) / x.shape[1]
