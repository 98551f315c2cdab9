"""Dasheng (Dinkel et al., 2024): a transformer over slices of a log-mel spectrogram.

Modules are named as the published weights are.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.functional import amplitude_to_DB
from torchaudio.transforms import MelSpectrogram

RATE, FFT, HOP, MELS = 16_000, 512, 160, 64
SLICE, POSITIONS = 4, 252
"""Frames of the spectrogram in one of the transformer, and of these the most."""
_EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class Size:
    """How large the transformer is.

    Attributes:
        dim: numbers a frame.
        depth: blocks.
        heads: of attention.
    """

    dim: int = 768
    depth: int = 12
    heads: int = 12


class Attention(nn.Module):
    """Self-attention."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.heads = size.heads
        self.qkv = nn.Linear(size.dim, 3 * size.dim)
        self.proj = nn.Linear(size.dim, size.dim)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, dim) → the same shape."""
        parts = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        heard = functional.scaled_dot_product_attention(*parts.unbind())
        found: Tensor = self.proj(heard.transpose(1, 2).flatten(2))
        return found


class FeedForward(nn.Module):
    """Four times as wide, GELU, narrow again."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, dim) → the same shape."""
        found: Tensor = self.fc2(functional.gelu(self.fc1(x)))
        return found


class Block(nn.Module):
    """Normalise and attend, normalise and feed forward, each beside what came in."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(size.dim, _EPSILON)
        self.attn = Attention(size)
        self.norm2 = nn.LayerNorm(size.dim, _EPSILON)
        self.mlp = FeedForward(size.dim)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, dim) → the same shape."""
        x = x + self.attn(self.norm1(x))
        found: Tensor = x + self.mlp(self.norm2(x))
        return found


class Dasheng(nn.Module):
    """Slices of 40 ms as vectors, with their positions, through a transformer.

    Args:
        size: how large it is.
    """

    def __init__(self, size: Size = Size()) -> None:
        super().__init__()
        with torch.device("cpu"):  # torchaudio looks at its bands, which a meta tensor has not
            self.mel = MelSpectrogram(RATE, n_fft=FFT, hop_length=HOP, n_mels=MELS)
        self.init_bn = nn.ModuleDict({"1": nn.BatchNorm2d(MELS)})
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(1, size.dim, (MELS, SLICE), SLICE)})
        self.time_pos_embed = nn.Parameter(0.02 * torch.randn(1, size.dim, 1, POSITIONS))
        self.freq_pos_embed = nn.Parameter(0.02 * torch.randn(1, size.dim, 1, 1))
        self.blocks = nn.ModuleList([Block(size) for _ in range(size.depth)])
        self.norm = nn.LayerNorm(size.dim, _EPSILON)

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """(batch, samples) at 16 kHz, 10.08 s at most → layer → (batch, frames, dim).

        `layer-0` goes into the first block; the last layer is normalised. 25 frames a second.
        """
        slices = self.patch_embed["proj"](self._spectrogram(audio))
        placed = slices + self.time_pos_embed[..., : slices.shape[-1]] + self.freq_pos_embed
        states = [placed.flatten(2).mT]
        for block in self.blocks:
            states.append(block(states[-1]))
        states[-1] = self.norm(states[-1])
        return {f"layer-{number}": x for number, x in enumerate(states)}

    def _spectrogram(self, audio: Tensor) -> Tensor:
        """Mel power in dB, 120 dB under a window's loudest bin at least, each band normalised.

        The cut is per window, so that a window's features do not depend on its batch.
        """
        with torch.autocast(audio.device.type, enabled=False):
            mel = self.mel(audio.float())[:, None]
            decibel = amplitude_to_DB(mel, 10, amin=1e-10, db_multiplier=0, top_db=120)
            bands: Tensor = self.init_bn["1"](decibel.transpose(1, 2))
            return bands.transpose(1, 2)
