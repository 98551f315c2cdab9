"""The audio trunk of MuLaP (Manco et al., 2022): a small MusiCNN, to be trained or left random."""

import torch
from torch import Tensor, nn

from backbones._networks.seeded import seeded
from backbones._networks.spectrogram import DecibelMel
from backbones._networks.vertical import normalised_peaks, peaks


class Vertical(nn.Module):
    """Tall convolution, batch normalisation, rectifier, maximum over frequency.

    Args:
        channels: of the output.
        frames: the kernel's extent in time.
        mels: its extent in frequency.
    """

    def __init__(self, channels: int, frames: int, mels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, channels, (frames, mels))
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 1, frames, mels) → (batch, channels, frames)."""
        kernel, bias = self.conv.weight, self.conv.get_parameter("bias")
        if self.training:
            return normalised_peaks(x, kernel, bias, self.norm).relu()
        y: Tensor = self.norm(peaks(x, kernel, bias, self.norm.weight).unsqueeze(3))
        return y.squeeze(3).relu()


class Convolution(nn.Sequential):
    """One-dimensional convolution with "same" padding, batch normalisation, rectifier.

    Args:
        inputs: channels in.
        outputs: channels out.
        frames: the kernel's extent, odd.
    """

    def __init__(self, inputs: int, outputs: int, frames: int) -> None:
        conv = nn.Conv1d(inputs, outputs, frames, padding=frames // 2)
        super().__init__(conv, nn.BatchNorm1d(outputs), nn.ReLU())


class Trunk(nn.Module):
    """Front end of vertical and horizontal branches, three convolutions, maximum and mean.

    The weights start as PyTorch's defaults, drawn from `seed` alone. The normalisation of the
    spectrogram has no weights of its own, two fewer than the paper's: the next normalisations
    undo its factor, and its gradient through the one-channel convolutions would more than
    double the cost of a training step.

    Args:
        seed: of the weights.
        width: factor on every number of channels; 1 is the paper's trunk.
    """

    def __init__(self, seed: int, width: float = 1.0) -> None:
        super().__init__()
        self.spectrogram = DecibelMel()
        self.norm = nn.BatchNorm2d(1, affine=False)
        tall, flat, middle = (round(width * channels) for channels in (204, 51, 64))
        seeded(seed, lambda: self._fill(tall, flat, middle))

    def _fill(self, tall: int, flat: int, middle: int) -> None:
        front = 2 * tall + 3 * flat
        self.vertical = nn.ModuleList(Vertical(tall, 7, mels) for mels in (67, 38))
        self.horizontal = nn.ModuleList(Convolution(1, flat, n) for n in (129, 65, 33))
        self.middle = nn.ModuleList(Convolution(n, middle, 7) for n in (front, middle, middle))
        self.dim = 2 * (front + 3 * middle)

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """Features of every layer.

        Args:
            audio: (batch, samples) at 16 kHz.

        Returns:
            `front`, `cnn1`, `cnn2` and `cnn3`: (batch, frames, channels) at 62.5 Hz; `pool`:
            (batch, 1, dim), maximum then mean over time of those four side by side.
        """
        x = self.norm(self.spectrogram(audio).unsqueeze(1))
        level = x.mean(dim=3)
        tall = [branch(x) for branch in self.vertical]
        front = torch.cat(tall + [branch(level) for branch in self.horizontal], dim=1)
        cnn1 = self.middle[0](front)
        cnn2 = cnn1 + self.middle[1](cnn1)
        cnn3 = cnn2 + self.middle[2](cnn2)
        whole = torch.cat([front, cnn1, cnn2, cnn3], dim=1)
        pool = torch.cat([whole.amax(dim=2), whole.mean(dim=2)], dim=1)
        layers = {"front": front, "cnn1": cnn1, "cnn2": cnn2, "cnn3": cnn3}
        return {k: v.transpose(1, 2) for k, v in layers.items()} | {"pool": pool.unsqueeze(1)}
