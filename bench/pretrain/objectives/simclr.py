"""Two distorted stretches of a clip find each other among all others (SimCLR; CLMR for music)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from backbones._networks.chunks import pooled
from backbones._networks.trunk import Trunk
from bench.pretrain.objectives import Batch, Need, Objective, Terms
from bench.pretrain.objectives.gathering import gathered


class SimCLR(Objective):
    """Projection of the pooled feature, then NT-Xent.

    Chen et al., A simple framework for contrastive learning of visual representations, ICML
    2020; Spijkervet and Burgoyne, Contrastive learning of musical representations, ISMIR 2021.

    Args:
        trunk: trained.
        dim: of the projection.
        hidden: units before it.
        temperature: > 0.
        checkpointing: see `pooled`.
    """

    needs = frozenset({Need.PAIR})
    whole = True

    def __init__(
        self,
        trunk: Trunk,
        dim: int = 128,
        hidden: int = 512,
        temperature: float = 0.5,
        *,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        self.trunk, self.temperature, self.checkpointing = trunk, temperature, checkpointing
        self.project = nn.Sequential(
            nn.Linear(trunk.dim, hidden), nn.ReLU(), nn.Linear(hidden, dim)
        )

    def forward(self, batch: Batch) -> Terms:
        """`simclr`."""
        both = torch.cat([batch["first"], batch["second"]])
        projected = self.project(pooled(self.trunk, both, checkpointing=self.checkpointing))
        first, second = functional.normalize(projected.float(), dim=1).chunk(2)
        return {"simclr": nt_xent(gathered(first), gathered(second), self.temperature)}


def nt_xent(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Normalised temperature-scaled cross-entropy (Chen et al., 2020, eq. 1), over all 2 N views.

    Args:
        first: (items, dim), unit rows.
        second: the other view of each, likewise.
        temperature: > 0.
    """
    items = len(first)
    both = torch.cat([first, second])
    with torch.autocast(both.device.type, enabled=False):
        similar = both @ both.T / temperature
    itself = torch.eye(2 * items, dtype=torch.bool, device=both.device)
    partner = torch.arange(2 * items, device=both.device).roll(items)
    return functional.cross_entropy(similar.masked_fill(itself, -torch.inf), partner)
