"""MuQ-MuLan (Zhu et al., 2025): MuQ's conformer beside XLM-R and a transformer over its words.

Modules of the transformer are named as in the published weights.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from backbones._networks.conformer import Conformer
from backbones._reading import Towers

_SHARPNESS = 8.0
"""What products of unit queries and keys are multiplied by before their own scales have a say."""


@dataclass(frozen=True, slots=True)
class Heads:
    """How large what MuQ-MuLan puts onto its two encoders is.

    Attributes:
        dim: of both encoders' outputs, once they are projected.
        depth: blocks over the words.
        heads: of their attention.
        head: numbers a head.
        joint: numbers in the space of audio and texts.
    """

    dim: int = 768
    depth: int = 8
    heads: int = 8
    head: int = 64
    joint: int = 512

    @property
    def hidden(self) -> int:
        """Numbers inside a feed-forward part."""
        return 8 * self.dim // 3


class Norm(nn.Module):
    """Layer normalisation with a scale and no offset."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.learned_gamma = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        """(…, dim) → the same shape."""
        return functional.layer_norm(x, x.shape[-1:], self.learned_gamma)


class Gate(nn.Module):
    """The first half of the numbers, gated by the second."""

    def forward(self, x: Tensor) -> Tensor:
        """(…, 2 dim) → (…, dim)."""
        kept, gate = x.chunk(2, dim=-1)
        return functional.gelu(gate) * kept


class Attention(nn.Module):
    """Self-attention of unit queries and keys, each with a scale for every number of a head."""

    def __init__(self, size: Heads) -> None:
        super().__init__()
        inner = size.heads * size.head
        self.heads = size.heads
        self.norm = Norm(size.dim)
        self.to_q = nn.Linear(size.dim, inner, bias=False)
        self.to_kv = nn.Linear(size.dim, 2 * inner, bias=False)
        self.q_scale = nn.Parameter(torch.ones(size.head))
        self.k_scale = nn.Parameter(torch.ones(size.head))
        self.to_out = nn.Sequential(nn.Linear(inner, size.dim, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, words, dim) → the same shape."""
        x = self.norm(x)
        made = (self.to_q(x), *self.to_kv(x).chunk(2, dim=-1))
        q, k, v = (y.unflatten(-1, (self.heads, -1)).transpose(1, 2) for y in made)
        q = functional.normalize(q, dim=-1) * self.q_scale
        k = functional.normalize(k, dim=-1) * self.k_scale
        heard = functional.scaled_dot_product_attention(q, k, v, scale=_SHARPNESS)
        found: Tensor = self.to_out(heard.transpose(1, 2).flatten(2))
        return found


def feed_forward(size: Heads) -> nn.Sequential:
    """Wider, gated, narrower; what is trained stands at the places 0, 1 and 4."""
    return nn.Sequential(
        Norm(size.dim),
        nn.Linear(size.dim, 2 * size.hidden, bias=False),
        Gate(),
        nn.Identity(),
        nn.Linear(size.hidden, size.dim, bias=False),
    )


class MuLan(Towers):
    """Both towers.

    Args:
        audio: MuQ.
        dim: numbers a frame of it.
        words: XLM-R; called with `input_ids`, it has `last_hidden_state`.
        size: of what stands on them.
    """

    def __init__(self, audio: Conformer, dim: int, words: nn.Module, size: Heads = Heads()) -> None:
        super().__init__()
        self.audio = audio
        self.audio_proj = nn.Linear(dim, size.dim)
        self.audio_to_latents = nn.Linear(size.dim, size.joint)
        self.words = words
        blocks = (nn.ModuleList([Attention(size), feed_forward(size)]) for _ in range(size.depth))
        self.text = nn.ModuleDict({"layers": nn.ModuleList(blocks)})
        self.text_to_latents = nn.Linear(size.dim, size.joint)

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """(batch, samples) at 24 kHz → layer → (batch, frames or 1, dim).

        `projected` has unit length. What goes into its last projection is a linear map of the mean
        of the conformer's last layer, and is no layer of its own.
        """
        states = self.audio(audio)
        pooled = self.audio_proj(list(states.values())[-1]).mean(1, keepdim=True)
        projected = functional.normalize(self.audio_to_latents(pooled), dim=-1)
        return {**states, "projected": projected}

    def read(self, tokens: Tensor) -> Tensor:
        """See `Towers`; of unit length."""
        x: Tensor = self.words(input_ids=tokens).last_hidden_state
        for attention, wider in (block.children() for block in self.text["layers"].children()):
            x = x + attention(x)
            x = x + wider(x)
        return functional.normalize(self.text_to_latents(x.mean(1)), dim=-1)
