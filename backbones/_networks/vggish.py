"""VGGish (Hershey et al., 2017), as AudioSet's authors released it."""

import numpy as np
import torch
from torch import Tensor, nn

RATE, FRAME, HOP, FFT, MELS = 16_000, 400, 160, 512, 64
FRAMES = 96
"""Of a patch: 0.96 s, the last frame of which ends after 0.975 s."""

_LOW, _HIGH, _OFFSET = 125.0, 7500.0, 0.01
_HERTZ = tuple(bin_ * RATE / FFT for bin_ in range(FFT // 2 + 1))
_STAGES = ((64,), (128,), (256, 256), (512, 512))


def triangles() -> Tensor:
    """Mel filters as AudioSet's are: straight in mel, not in Hz; (bins, mels)."""
    low, high, *mel = 1127 * np.log1p(np.array([_LOW, _HIGH, *_HERTZ]) / 700)
    edges = np.linspace(low, high, MELS + 2)
    distance = np.array(mel)[:, None] - edges
    up = distance[:, :-2] / (edges[1:-1] - edges[:-2])
    down = -distance[:, 2:] / (edges[2:] - edges[1:-1])
    return torch.from_numpy(np.minimum(up, down).clip(0).astype(np.float32))


class VGGish(nn.Module):
    """Convolutions of 3 x 3, then three linear layers; names are those of the published weights.

    Args:
        hidden: width of the first two linear layers.
    """

    bank: Tensor
    window: Tensor

    def __init__(self, hidden: int = 4096) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 1
        for stage in _STAGES:
            for outputs in stage:
                layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]
                inputs = outputs
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        flat = inputs * (FRAMES // 2 ** len(_STAGES)) * (MELS // 2 ** len(_STAGES))
        self.embeddings = nn.Sequential(
            *(nn.Linear(flat, hidden), nn.ReLU()),
            *(nn.Linear(hidden, hidden), nn.ReLU()),
            *(nn.Linear(hidden, 128), nn.ReLU()),
        )
        self.register_buffer("bank", triangles(), persistent=False)
        self.register_buffer("window", torch.hann_window(FRAME), persistent=False)

    def spectrogram(self, audio: Tensor) -> Tensor:
        """(batch, samples) → (batch, frames, mels): log(mel of the magnitudes + 0.01)."""
        with torch.autocast(audio.device.type, enabled=False):
            frames = audio.unfold(1, FRAME, HOP) * self.window
            return torch.log(torch.fft.rfft(frames, FFT).abs() @ self.bank + _OFFSET)

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """(batch, samples) of one patch → layer → (batch, frames or 1, dim).

        `stage1` … `stage4` are means over frequency; `embedding` is VGGish's own, before the PCA
        and the quantisation that AudioSet's released features went through.
        """
        x = self.spectrogram(audio)[:, :FRAMES].unsqueeze(1)
        found: dict[str, Tensor] = {}
        for layer in self.features:
            x = layer(x)
            if isinstance(layer, nn.MaxPool2d):
                found[f"stage{len(found) + 1}"] = x.mean(3).transpose(1, 2)
        flat = x.permute(0, 2, 3, 1).flatten(1)
        return {**found, "embedding": self.embeddings(flat).unsqueeze(1)}
