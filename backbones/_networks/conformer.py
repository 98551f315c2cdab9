"""The conformer of MusicFM (Won et al., 2024) and of MuQ (Zhu et al., 2025).

Blocks are those of wav2vec 2.0's conformer with rotary positions; modules are named as there, for
published weights are.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.transforms import MelSpectrogram

RATE, FFT, HOP, MELS = 24_000, 2048, 240, 128
ROTARY_BASE = 10_000
MSD_MEAN, MSD_DEVIATION = 6.768444971712967, 18.417922652295623
"""Of the mel spectrograms of the Million Song Dataset [dB], as MusicFM's authors give them."""
_LEAST = 1e-10


@dataclass(frozen=True, slots=True)
class Size:
    """How large a conformer is.

    Attributes:
        channels: of the convolutions in front.
        dim: numbers a frame.
        depth: blocks.
        heads: of attention.
        hidden: numbers inside a feed-forward part.
        kernel: frames that a convolution sees; odd.
    """

    channels: int = 512
    dim: int = 1024
    depth: int = 12
    heads: int = 16
    hidden: int = 4096
    kernel: int = 31


class Residual(nn.Module):
    """Two convolutions beside one, at half the bands and half the frames."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv3 = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
        self.bn3 = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs, mels, frames) → (batch, outputs, mels / 2, frames / 2)."""
        long = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        found: Tensor = (long + self.bn3(self.conv3(x))).relu()
        return found


class Subsampling(nn.Module):
    """Two residual parts, and all bands of a frame as one vector."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            Residual(1, size.channels), Residual(size.channels, size.channels)
        )
        self.linear = nn.Linear(size.channels * MELS // 4, size.dim)

    def forward(self, mel: Tensor) -> Tensor:
        """(batch, mels, frames) → (batch, frames / 4, dim)."""
        x = self.conv(mel[:, None])
        found: Tensor = self.linear(x.permute(0, 3, 1, 2).flatten(2))
        return found


class FeedForward(nn.Module):
    """Wider, SiLU, narrower."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.intermediate_dense = nn.Linear(size.dim, size.hidden)
        self.output_dense = nn.Linear(size.hidden, size.dim)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, dim) → the same shape."""
        found: Tensor = self.output_dense(functional.silu(self.intermediate_dense(x)))
        return found


class Attention(nn.Module):
    """Self-attention; what queries and keys are made of is turned by its position."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.heads = size.heads
        for name in ("q", "k", "v", "out"):
            self.add_module(f"linear_{name}", nn.Linear(size.dim, size.dim))

    def forward(self, x: Tensor, angles: Tensor) -> Tensor:
        """(batch, frames, dim) and (frames, dim / heads) → the shape of the first."""
        turned = rotated(x.unflatten(-1, (self.heads, -1)), angles).flatten(2)
        given = (("linear_q", turned), ("linear_k", turned), ("linear_v", x))
        q, k, v = (
            self.get_submodule(name)(y).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for name, y in given
        )
        heard = functional.scaled_dot_product_attention(q, k, v)
        found: Tensor = self.get_submodule("linear_out")(heard.transpose(1, 2).flatten(2))
        return found


class Convolution(nn.Module):
    """A gate, a convolution of each channel by itself, SiLU."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        dim, kernel = size.dim, size.kernel
        self.layer_norm = nn.LayerNorm(dim)
        self.pointwise_conv1 = nn.Conv1d(dim, 2 * dim, 1, bias=False)
        self.depthwise_conv = nn.Conv1d(
            dim, dim, kernel, padding=kernel // 2, groups=dim, bias=False
        )
        self.batch_norm = nn.BatchNorm1d(dim)
        self.pointwise_conv2 = nn.Conv1d(dim, dim, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, dim) → the same shape."""
        gated = functional.glu(self.pointwise_conv1(self.layer_norm(x).mT), dim=1)
        heard = functional.silu(self.batch_norm(self.depthwise_conv(gated)))
        found: Tensor = self.pointwise_conv2(heard).mT
        return found


class Block(nn.Module):
    """Attention and a convolution between two half steps of feed-forward (Gulati et al., 2020)."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.ffn1_layer_norm = nn.LayerNorm(size.dim)
        self.ffn1 = FeedForward(size)
        self.self_attn_layer_norm = nn.LayerNorm(size.dim)
        self.self_attn = Attention(size)
        self.conv_module = Convolution(size)
        self.ffn2_layer_norm = nn.LayerNorm(size.dim)
        self.ffn2 = FeedForward(size)
        self.final_layer_norm = nn.LayerNorm(size.dim)

    def forward(self, x: Tensor, angles: Tensor) -> Tensor:
        """(batch, frames, dim) → the same shape."""
        x = x + self.ffn1(self.ffn1_layer_norm(x)) / 2
        x = x + self.self_attn(self.self_attn_layer_norm(x), angles)
        x = x + self.conv_module(x)
        x = x + self.ffn2(self.ffn2_layer_norm(x)) / 2
        found: Tensor = self.final_layer_norm(x)
        return found


class Conformer(nn.Module):
    """A log-mel spectrogram, normalised by the data it was trained on → all states.

    Args:
        size: how large it is.
        mean: of that data's spectrograms [dB].
        deviation: likewise [dB].
    """

    def __init__(
        self, size: Size = Size(), mean: float = MSD_MEAN, deviation: float = MSD_DEVIATION
    ) -> None:
        super().__init__()
        self.mean, self.deviation = mean, deviation
        self.head = size.dim // size.heads
        with torch.device("cpu"):  # torchaudio looks at its bands, which a meta tensor has not
            self.mel = MelSpectrogram(RATE, n_fft=FFT, hop_length=HOP, n_mels=MELS)
        self.conv = Subsampling(size)
        blocks = nn.ModuleList([Block(size) for _ in range(size.depth)])
        self.conformer = nn.ModuleDict({"layers": blocks, "layer_norm": nn.LayerNorm(size.dim)})

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """(batch, samples) at 24 kHz → layer → (batch, frames, dim), 25 frames a second.

        `layer-0` goes into the first block; the last layer is normalised, as its authors have it.
        """
        states = [self.conv(self._spectrogram(audio))]
        angles = turns(states[0].shape[1], self.head, audio.device)
        for block in self.conformer["layers"].children():
            states.append(block(states[-1], angles))
        states[-1] = self.conformer["layer_norm"](states[-1])
        return {f"layer-{number}": x for number, x in enumerate(states)}

    def _spectrogram(self, audio: Tensor) -> Tensor:
        """Mel power in dB, normalised: (batch, mels, frames); the last frame is left out."""
        with torch.autocast(audio.device.type, enabled=False):
            decibel = 10 * self.mel(audio.float())[..., :-1].clamp(min=_LEAST).log10()
            found: Tensor = (decibel - self.mean) / self.deviation
            return found


def turns(frames: int, dim: int, device: torch.device) -> Tensor:
    """Angles of rotary positions (Su et al., 2021, eq. 15), twice: (frames, dim)."""
    rates = ROTARY_BASE ** -(torch.arange(0, dim, 2, device=device) / dim)
    return (torch.arange(frames, device=device)[:, None] * rates).repeat(1, 2)


def rotated(x: Tensor, angles: Tensor) -> Tensor:
    """Every head's vector, its first half against its second: (batch, frames, heads, dim)."""
    first, second = x.float().chunk(2, dim=-1)
    turned = torch.cat((-second, first), dim=-1)
    angles = angles[:, None]
    return (x * angles.cos() + turned * angles.sin()).to(x.dtype)
