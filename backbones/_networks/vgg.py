"""The VGG tagger of the `musicnn` package (Pons and Serra, 2019; Choi et al., 2016)."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from backbones._networks.musicnn import EPSILON
from backbones._networks.spectrogram import LogMel

FILTERS = 128
Pool = tuple[tuple[int, int], tuple[int, int]]
MTT_POOLS: tuple[Pool, ...] = (
    ((4, 1), (2, 2)),
    ((2, 2), (2, 2)),
    ((2, 2), (2, 2)),
    ((2, 2), (2, 2)),
    ((4, 4), (4, 4)),
)
"""Size and stride, each (frames, mels), after every convolution."""
MSD_POOLS: tuple[Pool, ...] = (
    ((4, 1), (4, 1)),
    ((1, 4), (1, 4)),
    ((2, 2), (2, 2)),
    ((2, 2), (2, 2)),
    ((4, 4), (4, 4)),
)
"""As in the graph stored beside the MSD weights; the package's source has the other ones."""


class VGG(nn.Module):
    """Five 3 x 3 convolutions of 128 channels, each rectified, normalised and pooled.

    Args:
        pools: of the five stages.
    """

    def __init__(self, pools: tuple[Pool, ...]) -> None:
        super().__init__()
        self.pools = pools
        self.spectrogram = LogMel()
        self.norm = nn.BatchNorm2d(1, EPSILON)
        channels = pairwise((1, *[FILTERS] * len(pools)))
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding="same") for a, b in channels)
        self.norms = nn.ModuleList(nn.BatchNorm2d(FILTERS, EPSILON) for _ in pools)
        self.output = nn.Linear(2 * FILTERS, 50)
        self.convs.to(memory_format=torch.channels_last)

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """(batch, samples) at 16 kHz → layer → (batch, frames or 1, dim).

        `pool1` … `pool5` are means over frequency; `flat` is the input of the tag layer, two
        steps in time side by side.
        """
        return self.layers(self.spectrogram(audio))

    def layers(self, patches: Tensor) -> dict[str, Tensor]:
        """The same from log-mel patches, (batch, frames, 96)."""
        x = self.norm(patches.unsqueeze(1))
        layers = {}
        stages = zip(self.convs, self.norms, self.pools, strict=True)
        for number, (conv, norm, (size, stride)) in enumerate(stages, 1):
            x = functional.max_pool2d(norm(conv(x).relu()), size, stride)
            layers[f"pool{number}"] = x.mean(dim=-1).transpose(1, 2)
        two = functional.adaptive_avg_pool1d(x.squeeze(-1), 2)  # already two for a 3 s window
        return layers | {"flat": two.transpose(1, 2).flatten(1).unsqueeze(1)}

    def tags(self, patches: Tensor) -> Tensor:
        """The taggram: (batch, 187, 96) log-mel patches → (batch, 50) probabilities."""
        return torch.sigmoid(self.output(self.layers(patches)["flat"].squeeze(1)))


TENSORFLOW_NAMES = {
    "norm": "batch_normalization",
    "output": "dense",
    **{f"convs.{i}": f"{i + 1}CNN" for i in range(5)},
    **{f"norms.{i}": f"batch_normalization_{i + 1}" for i in range(5)},
}
"""Name of a module → of the variables in the published checkpoints."""
