"""The transformer of Masked Modeling Duo (Niizumi et al., 2023), which MATPAC shares.

It sees squares of a log-mel spectrogram; modules are named as M2D's published weights are.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.transforms import MelSpectrogram

from backbones._networks.dasheng import Block, Size

RATE, FFT, HOP, MELS, LOWEST = 16_000, 400, 160, 80, 50.0
SIDE, FRAMES = 16, 608
"""Bands and frames of a square, and the most frames of a window."""
BASE = Size()
_ROWS = MELS // SIDE
_EPSILON = 1e-6


class LogMel(nn.Module):
    """Natural logarithm of mel power, Slaney's scale and norm.

    Args:
        centered: whether frames reach over both ends of the window, mirrored there.
    """

    def __init__(self, *, centered: bool) -> None:
        super().__init__()
        with torch.device("cpu"):  # torchaudio looks at its bands, which a meta tensor has not
            self.mel = MelSpectrogram(
                RATE, n_fft=FFT, hop_length=HOP, n_mels=MELS, f_min=LOWEST, f_max=RATE / 2,
                center=centered, norm="slaney", mel_scale="slaney",
            )  # fmt: skip

    def forward(self, audio: Tensor) -> Tensor:
        """(batch, samples) → (batch, mels, frames), at most 608 of them."""
        with torch.autocast(audio.device.type, enabled=False):
            power: Tensor = self.mel(audio.float())[..., :FRAMES]
            return (power + torch.finfo(torch.float32).eps).log()


class PatchTransformer(nn.Module):
    """Squares as vectors, with their positions and one more, through a transformer.

    Args:
        statistics: mean and deviation that the spectrogram is normalised by.
        size: how large it is.
        centered: see `LogMel`.
    """

    def __init__(
        self, statistics: tuple[float, float], size: Size = BASE, *, centered: bool = True
    ) -> None:
        super().__init__()
        self.mel = LogMel(centered=centered)
        self.register_buffer("norm_stats", torch.tensor(statistics))
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(1, size.dim, SIDE, SIDE)})
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, size.dim))
        positions = 1 + _ROWS * (FRAMES // SIDE)
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, positions, size.dim))
        self.blocks = nn.ModuleList([Block(size) for _ in range(size.depth)])
        self.norm = nn.LayerNorm(size.dim, _EPSILON)

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """(batch, samples) at 16 kHz → layer → (batch, frames, dim), a frame being 16 of the mel's.

        `layer-0` goes into the first block, the last is normalised: means over the five squares
        that stand over each other. `embedding` is these five of the last layer side by side.
        """
        x = self._placed(audio)
        states = [x]
        for block in self.blocks:
            states.append(block(states[-1]))
        states[-1] = self.norm(states[-1])
        grids = [state[:, 1:].unflatten(1, (_ROWS, -1)) for state in states]
        found = {f"layer-{number}": grid.mean(1) for number, grid in enumerate(grids)}
        return {**found, "embedding": grids[-1].transpose(1, 2).flatten(2)}

    def _placed(self, audio: Tensor) -> Tensor:
        """What goes into the first block: (batch, 1 + squares, dim), row after row of squares.

        What lacks of a last square is filled with the mean.
        """
        mean, deviation = self.get_buffer("norm_stats")
        mel = (self.mel(audio) - mean) / deviation
        mel = functional.pad(mel, (0, -mel.shape[-1] % SIDE))
        squares = self.patch_embed["proj"](mel.unsqueeze(1))
        grid = self.pos_embed[:, 1:].unflatten(1, (_ROWS, -1))[:, :, : squares.shape[-1]]
        first = (self.cls_token + self.pos_embed[:, :1]).expand(len(audio), -1, -1)
        return torch.cat((first, squares.flatten(2).mT + grid.flatten(1, 2)), 1)
