"""SF-NFNet-F0 (Wang et al., 2021): a slow and a fast path of normaliser-free blocks, as in MULE."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

_ALPHA = 0.2
_GELU = 1.7015043497085571
"""Gives an activation's output the variance of its input (Brock et al., 2021)."""
_LEAST = 1e-4
_STRIDES = (1, 2, 2, 2)
"""Of each stage, in frequency."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of one path.

    Attributes:
        stem: channels of the four first convolutions.
        kernel: of the first three of them, in bands and frames.
        stride: of the first of them, likewise.
        stages: channels of the stages.
        group: channels of a group in grouped convolutions.
    """

    stem: tuple[int, ...]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    stages: tuple[int, ...]
    group: int


SLOW = Sizes((16, 32, 64, 128), (3, 1), (2, 8), (256, 512, 1536, 1536), 128)
FAST = Sizes((2, 4, 8, 16), (3, 3), (2, 2), (32, 64, 192, 192), 16)
FUSED = ((32, 128), (32, 256), (64, 512), (192, 3072))
"""Channels of the two convolutions by which the slow path hears the fast one, before each stage."""
DEPTHS = (1, 2, 6, 3)
"""Blocks of the stages."""


def gelu(x: Tensor) -> Tensor:
    """Scaled to keep the variance."""
    return functional.gelu(x) * _GELU


class Convolution(nn.Module):
    """Its weights are used with mean 0 and variance 1 / fan-in; padded as TensorFlow pads."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: tuple[int, int] = (1, 1),
        stride: tuple[int, int] = (1, 1),
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs // groups, *kernel))
        self.gain = nn.Parameter(torch.ones(outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.stride, self.groups = stride, groups

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs, bands, frames) → (batch, outputs, bands / stride, frames / stride)."""
        variance, mean = torch.var_mean(self.weight, (1, 2, 3), correction=0, keepdim=True)
        fan_in = self.weight[0].numel()
        scale = (variance * fan_in).clamp(min=_LEAST).rsqrt() * self.gain[:, None, None, None]
        weight = (self.weight - mean) * scale
        sizes = (x.shape[2:], weight.shape[2:], self.stride)
        bands, frames = (_sides(*each) for each in zip(*sizes, strict=True))
        x = functional.pad(x, (*frames, *bands))
        return functional.conv2d(x, weight, self.bias, self.stride, groups=self.groups)


def _sides(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and behind, of which the odd one is behind."""
    missing = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    return missing // 2, missing - missing // 2


class Block(nn.Module):
    """Convolutions in time and in frequency, excitation, beside what comes in.

    Args:
        inputs: channels.
        outputs: channels.
        group: channels of a group.
        stride: in frequency; 0 for a block that keeps what comes in as it is.
        spread: expected standard deviation of what comes in.
    """

    def __init__(self, inputs: int, outputs: int, group: int, stride: int, spread: float) -> None:
        super().__init__()
        half = outputs // 2
        groups = half // group
        self.convolutions = nn.ModuleList(
            (
                Convolution(inputs, half),
                Convolution(half, half, (1, 3), (max(stride, 1), 1), groups),
                Convolution(half, half, (3, 1), (1, 1), groups),
                Convolution(half, outputs),
            )
        )
        self.squeeze, self.excite = nn.Linear(outputs, half), nn.Linear(half, outputs)
        self.gain = nn.Parameter(torch.ones(()))
        self.skip = Convolution(inputs, outputs) if stride else None
        self.stride, self.spread = stride, spread

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs, bands, frames) → (batch, outputs, bands / stride, frames)."""
        y = gelu(x) / self.spread
        kept = x
        if self.skip is not None:
            kept = self.skip(functional.avg_pool2d(y, (self.stride, 1)))
        for number, convolution in enumerate(self.convolutions):
            y = convolution(gelu(y) if number else y)
        hidden = self.squeeze(y.mean((2, 3))).relu()
        gains = 2 * self.excite(hidden).sigmoid()
        found: Tensor = kept + _ALPHA * self.gain * gains[:, :, None, None] * y
        return found


class Stream(nn.Module):
    """One path: its stem and its stages.

    Args:
        path: sizes.
        heard: channels that each stage gets from elsewhere.
        depths: blocks of the stages.
    """

    def __init__(self, path: Sizes, heard: tuple[int, ...], depths: tuple[int, ...]) -> None:
        super().__init__()
        kernels, strides = (*[path.kernel] * 3, (3, 3)), (path.stride, (1, 1), (1, 1), (2, 2))
        shapes = zip(pairwise((1, *path.stem)), kernels, strides, strict=True)
        self.stem = nn.ModuleList(
            Convolution(inputs, outputs, kernel, stride)
            for (inputs, outputs), kernel, stride in shapes
        )
        ways = pairwise((path.stem[-1], *path.stages))
        self.stages = nn.ModuleList(
            nn.Sequential(*_blocks(inputs + more, outputs, path.group, number, depth))
            for number, ((inputs, outputs), more, depth) in enumerate(
                zip(ways, heard, depths, strict=True)
            )
        )

    def begun(self, x: Tensor) -> Tensor:
        """What the stem gives."""
        for number, convolution in enumerate(self.stem):
            x = convolution(gelu(x) if number else x)
        return x


def _blocks(inputs: int, outputs: int, group: int, stage: int, depth: int) -> Iterator[Block]:
    """One that changes the shape, and others that do not."""
    spread = 1.0 if stage == 0 else (1 + _ALPHA**2) ** 0.5
    yield Block(inputs, outputs, group, _STRIDES[stage], spread)
    for _ in range(depth - 1):
        spread = (spread**2 + _ALPHA**2) ** 0.5
        yield Block(outputs, outputs, group, 0, spread)


class SlowFast(nn.Module):
    """Both paths; the slow one hears the fast one before each stage.

    Args:
        slow: sizes.
        fast: sizes.
        fused: as `FUSED`.
        depths: as `DEPTHS`.
    """

    def __init__(
        self,
        slow: Sizes = SLOW,
        fast: Sizes = FAST,
        fused: tuple[tuple[int, int], ...] = FUSED,
        depths: tuple[int, ...] = DEPTHS,
    ) -> None:
        super().__init__()
        self.slow = Stream(slow, tuple(more for _, more in fused), depths)
        self.fast = Stream(fast, (0,) * len(fused), depths)
        sources = (fast.stem[-1], *fast.stages)
        self.fusion = nn.ModuleList(
            nn.Sequential(Convolution(source, hidden, (1, 7), (1, 4)), Convolution(hidden, more))
            for source, (hidden, more) in zip(sources, fused, strict=False)
        )

    def forward(self, mel: Tensor) -> dict[str, Tensor]:
        """(batch, 1, bands, frames) → layer → (batch, frames or 1, dim).

        `slow1` … `fast4` are means over frequency; `embedding` is the activation of both means.
        """
        slow, fast = self.slow.begun(mel), self.fast.begun(mel)
        found: dict[str, Tensor] = {}
        for number, fuse in enumerate(self.fusion):
            slow = self.slow.stages[number](torch.cat((slow, fuse(fast)), 1))
            fast = self.fast.stages[number](fast)
            found[f"slow{number + 1}"] = slow.mean(2).mT
            found[f"fast{number + 1}"] = fast.mean(2).mT
        both = torch.cat((slow.mean((2, 3)), fast.mean((2, 3))), 1)
        return {**found, "embedding": gelu(both).unsqueeze(1)}
