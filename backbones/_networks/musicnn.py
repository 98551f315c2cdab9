"""MusiCNN, the tagger of the `musicnn` package (Pons and Serra, 2019)."""

import torch
from torch import Tensor, nn

from backbones._networks.spectrogram import LogMel
from backbones._networks.vertical import peaks

EPSILON = 1e-3  # TensorFlow's default for batch normalisation


class Branch(nn.Module):
    """Convolution, rectifier, batch normalisation, maximum over frequency; for inference.

    Args:
        channels: of the output.
        frames: the kernel's extent in time.
        mels: its extent in frequency, or over channels of the layer before.
    """

    def __init__(self, channels: int, frames: int, mels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, channels, (frames, mels))
        self.norm = nn.BatchNorm1d(channels, EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 1, frames, mels) → (batch, frames, channels)."""
        kernel, bias = self.conv.weight, self.conv.get_parameter("bias")
        y: Tensor = self.norm(peaks(x, kernel, bias, self.norm.weight).relu())
        return y.transpose(1, 2)


class MusiCNN(nn.Module):
    """Timbral and temporal front end, three convolutions, pooling over time, two dense layers.

    For inference: its batch normalisation always uses the running statistics.
    """

    def __init__(self) -> None:
        super().__init__()
        self.spectrogram = LogMel()
        self.norm = nn.BatchNorm2d(1, EPSILON)
        self.timbral = nn.ModuleList(Branch(204, 7, mels) for mels in (38, 67))
        self.temporal = nn.ModuleList(Branch(51, frames, 1) for frames in (128, 64, 32))
        self.middle = nn.ModuleList(Branch(64, 7, channels) for channels in (561, 64, 64))
        self.pool_norm = nn.BatchNorm1d(1506, EPSILON)
        self.penultimate = nn.Linear(1506, 200)
        self.penultimate_norm = nn.BatchNorm1d(200, EPSILON)
        self.output = nn.Linear(200, 50)

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """(batch, samples) at 16 kHz → layer → (batch, frames or 1, dim)."""
        return self.layers(self.spectrogram(audio))

    def layers(self, patches: Tensor) -> dict[str, Tensor]:
        """The same from log-mel patches, (batch, frames, 96)."""
        x = self.norm(patches.unsqueeze(1))
        timbral = torch.cat([branch(x) for branch in self.timbral], dim=-1)
        temporal = torch.cat([branch(x) for branch in self.temporal], dim=-1)
        front = torch.cat([timbral, temporal], dim=-1)
        cnn1 = self.middle[0](front.unsqueeze(1))
        cnn2 = cnn1 + self.middle[1](cnn1.unsqueeze(1))
        cnn3 = cnn2 + self.middle[2](cnn2.unsqueeze(1))
        whole = torch.cat([front, cnn1, cnn2, cnn3], dim=-1)
        mean, top = whole.mean(dim=1), whole.amax(dim=1)
        layers = {"timbral": timbral, "temporal": temporal}
        layers |= {"cnn1": cnn1, "cnn2": cnn2, "cnn3": cnn3}
        pools = {"mean_pool": mean, "max_pool": top, "penultimate": self._penultimate(top, mean)}
        return layers | {name: x.unsqueeze(1) for name, x in pools.items()}

    def tags(self, patches: Tensor) -> Tensor:
        """The taggram: (batch, frames, 96) log-mel patches → (batch, 50) probabilities."""
        penultimate = self.layers(patches)["penultimate"]
        return torch.sigmoid(self.output(penultimate.squeeze(1)))

    def _penultimate(self, top: Tensor, mean: Tensor) -> Tensor:
        pooled = torch.stack([top, mean], dim=2).flatten(1)  # the order the weights were trained in
        y: Tensor = self.penultimate_norm(self.penultimate(self.pool_norm(pooled)).relu())
        return y


TENSORFLOW_NAMES = {
    "norm": "batch_normalization",
    "timbral.0.conv": "conv2d",
    "timbral.0.norm": "batch_normalization_1",
    "timbral.1.conv": "conv2d_1",
    "timbral.1.norm": "batch_normalization_2",
    "temporal.0.conv": "conv2d_2",
    "temporal.0.norm": "batch_normalization_3",
    "temporal.1.conv": "conv2d_3",
    "temporal.1.norm": "batch_normalization_4",
    "temporal.2.conv": "conv2d_4",
    "temporal.2.norm": "batch_normalization_5",
    "middle.0.conv": "conv2d_5",
    "middle.0.norm": "batch_normalization_6",
    "middle.1.conv": "conv2d_6",
    "middle.1.norm": "batch_normalization_7",
    "middle.2.conv": "conv2d_7",
    "middle.2.norm": "batch_normalization_8",
    "pool_norm": "batch_normalization_9",
    "penultimate": "dense",
    "penultimate_norm": "batch_normalization_10",
    "output": "dense_1",
}
"""Name of a module → of the variables in the published checkpoint."""
