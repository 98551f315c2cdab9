"""EfficientNet-B0 (Tan and Le, 2019, table 1) on a log-mel spectrogram.

Modules are named as torchvision names them, since published weights are.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.functional import amplitude_to_DB, melscale_fbanks

RATE, FRAME, HOP, FFT, MELS = 16_000, 640, 320, 1024, 128
STAGES = (
    *((1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3)),
    *((6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1)),
)
"""Of each stage: expansion, kernel, stride, channels, blocks."""
STEM, HEAD = 32, 1280
_SQUEEZE = 4


class Convolution(nn.Sequential):
    """A convolution, normalised, and SiLU unless it is linear."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1,
        linear: bool = False,
    ) -> None:  # fmt: skip
        convolution = nn.Conv2d(
            inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False
        )
        parts = (convolution, nn.BatchNorm2d(outputs))
        super().__init__(*parts, *(() if linear else (nn.SiLU(),)))


class Excitation(nn.Module):
    """Scales each channel by what the means of all channels say (Hu et al., 2018)."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, mels, frames) → the same shape."""
        means = x.mean((2, 3), keepdim=True)
        gains: Tensor = self.fc2(functional.silu(self.fc1(means))).sigmoid()
        return x * gains


class Bottleneck(nn.Module):
    """Inverted residual: wider, a depthwise convolution, excitation, narrower."""

    def __init__(self, inputs: int, outputs: int, widen: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = inputs * widen
        expand = [Convolution(inputs, wide, 1)] if widen > 1 else []
        self.block = nn.Sequential(
            *expand,
            Convolution(wide, wide, kernel, stride=stride, groups=wide),
            Excitation(wide, max(1, inputs // _SQUEEZE)),
            Convolution(wide, outputs, 1, linear=True),
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs, mels, frames) → (batch, outputs, mels / stride, frames / stride)."""
        found: Tensor = self.block(x)
        return found + x if self.residual else found


class EfficientNet(nn.Module):
    """The network of VibeNet: three times the spectrogram → stages, embedding, trunk.

    Args:
        stages: as `STAGES`.
        hidden: numbers that the trunk gives.
    """

    def __init__(
        self, stages: tuple[tuple[int, int, int, int, int], ...] = STAGES, hidden: int = 256
    ) -> None:
        super().__init__()
        self.mel = DecibelFrames()
        parts: list[nn.Module] = [Convolution(3, STEM, 3, stride=2)]
        inputs = STEM
        for widen, kernel, stride, outputs, blocks in stages:
            first = Bottleneck(inputs, outputs, widen, kernel, stride)
            rest = (Bottleneck(outputs, outputs, widen, kernel, 1) for _ in range(blocks - 1))
            parts.append(nn.Sequential(first, *rest))
            inputs = outputs
        parts.append(Convolution(inputs, HEAD, 1))
        self.backbone = nn.ModuleDict({"features": nn.Sequential(*parts)})
        self.trunk = nn.Sequential(nn.LayerNorm(HEAD), nn.Linear(HEAD, hidden), nn.GELU())

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """(batch, samples) at 16 kHz → layer → (batch, frames or 1, dim).

        `stage1` … `stage7` are means over frequency; `embedding` is the mean over both axes.
        """
        stem, *stages, head = self.backbone["features"].children()
        x = stem(self.mel(audio)[:, None].expand(-1, 3, -1, -1))
        found = {}
        for number, stage in enumerate(stages, 1):
            x = stage(x)
            found[f"stage{number}"] = x.mean(2).mT
        pooled = head(x).mean((2, 3))
        return {**found, "embedding": pooled[:, None], "trunk": self.trunk(pooled)[:, None]}


class DecibelFrames(nn.Module):
    """Mel power in dB of 40-ms frames every 20 ms, down to 80 dB under the window's loudest bin.

    No frame reaches over an end of the window; its spectrum is interpolated to 1,024 points.
    """

    def __init__(self) -> None:
        super().__init__()
        bands = melscale_fbanks(FFT // 2 + 1, 0, RATE / 2, MELS, RATE, "slaney", "slaney")
        self.register_buffer("bands", bands, persistent=False)
        self.register_buffer("window", torch.hann_window(FRAME), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """(batch, samples) → (batch, mels, frames) [dB]."""
        with torch.autocast(audio.device.type, enabled=False):
            frames = audio.float().unfold(-1, FRAME, HOP) * self.get_buffer("window")
            power = torch.fft.rfft(frames, FFT).abs().square()
            mel = (power @ self.get_buffer("bands")).mT[:, None]  # or top_db spans the batch
            decibel: Tensor = amplitude_to_DB(mel, 10, amin=1e-10, db_multiplier=0, top_db=80)
            return decibel.squeeze(1)
