"""A clip finds its caption among all others, and the caption its clip."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from backbones._networks.chunks import of_chunks
from backbones._networks.text import TextEncoder, mean_of_tokens
from backbones._networks.trunk import Trunk
from bench.pretrain.objectives import Batch, Need, Objective, Terms
from bench.pretrain.objectives.gathering import gathered

SHARPEST = 100.0
"""The largest inverse temperature, as in CLIP (Radford et al., 2021)."""


class Contrastive(Objective):
    """Mean of the chunks' features and mean of the tokens, projected into one space.

    Args:
        trunk: trained.
        text: trained too unless frozen.
        dim: of the common space.
        temperature: at the beginning; it is learnt.
        checkpointing: see `of_chunks`.
    """

    needs = frozenset({Need.CHUNKS, Need.CAPTION})
    whole = True

    def __init__(
        self,
        trunk: Trunk,
        text: TextEncoder,
        dim: int = 256,
        temperature: float = 0.07,
        *,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        self.trunk, self.text, self.checkpointing = trunk, text, checkpointing
        self.project_audio = nn.Linear(trunk.dim, dim)
        self.project_text = nn.Linear(text.dim, dim)
        self.log_scale = nn.Parameter(torch.tensor(-math.log(temperature)))

    def forward(self, batch: Batch) -> Terms:
        """`contrastive`."""
        present, words_present = batch["chunks_present"], batch["words_present"]
        features = of_chunks(self.trunk, batch["chunks"], present, checkpointing=self.checkpointing)
        audio = self.project_audio(mean_of_tokens(features, present))
        words = self.text(batch["words"], words_present)
        text = self.project_text(mean_of_tokens(words, words_present))
        scale = self.log_scale.exp().clamp(max=SHARPEST)
        return {"contrastive": info_nce(_units(audio), _units(text), scale)}


def _units(x: Tensor) -> Tensor:
    return gathered(functional.normalize(x.float(), dim=1))


def info_nce(a: Tensor, b: Tensor, scale: Tensor | float) -> Tensor:
    """Symmetric InfoNCE (van den Oord et al., 2018, eq. 4; both directions averaged, as in CLIP).

    Args:
        a: (items, dim), unit rows; row i belongs with row i of `b`.
        b: (items, dim), unit rows.
        scale: inverse of the temperature, > 0.
    """
    with torch.autocast(a.device.type, enabled=False):
        scores = scale * a @ b.T
    own = torch.arange(len(a), device=a.device)
    each = functional.cross_entropy(scores, own) + functional.cross_entropy(scores.T, own)
    return each / 2
