"""CNN14 of PANNs (Kong et al., 2020, section II-A)."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.transforms import MelSpectrogram

RATE, FFT, HOP, MELS = 32_000, 1024, 320, 64
WIDTHS = (64, 128, 256, 512, 1024, 2048)
_LEAST = 1e-10


class Block(nn.Module):
    """Two 3 x 3 convolutions, each normalised and rectified, and a mean over squares.

    Args:
        inputs: channels.
        outputs: channels.
        pool: side of a square; 1 for none.
    """

    def __init__(self, inputs: int, outputs: int, pool: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs, frames, mels) → (batch, outputs, frames / pool, mels / pool)."""
        x = self.bn1(self.conv1(x)).relu()
        x = self.bn2(self.conv2(x)).relu()
        return functional.avg_pool2d(x, self.pool)


class Cnn14(nn.Module):
    """Six blocks on a log-mel spectrogram; names are those of the published weights.

    Args:
        widths: channels of the blocks.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.mel = MelSpectrogram(
            RATE,
            n_fft=FFT,
            hop_length=HOP,
            f_min=50,
            f_max=14_000,
            n_mels=MELS,
            norm="slaney",
            mel_scale="slaney",
        )
        self.bn0 = nn.BatchNorm2d(MELS)
        self.names = [f"conv_block{number}" for number in range(1, len(widths) + 1)]
        inputs = (1, *widths[:-1])
        pools = [2] * (len(widths) - 1) + [1]
        for name, *sizes in zip(self.names, inputs, widths, pools, strict=True):
            self.add_module(name, Block(*sizes))
        self.fc1 = nn.Linear(widths[-1], widths[-1])

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """(batch, samples) at 32 kHz → layer → (batch, frames or 1, dim).

        `block1` … `block6` are means over frequency; `embedding` is the input of the tag layer.
        """
        x = self._spectrogram(audio)
        found = {}
        for number, name in enumerate(self.names, 1):
            x = self.get_submodule(name)(x)
            found[f"block{number}"] = x.mean(3).transpose(1, 2)
        last = found[f"block{len(self.names)}"]
        pooled = self.fc1(last.amax(1) + last.mean(1)).relu()
        return {**found, "embedding": pooled.unsqueeze(1)}

    def _spectrogram(self, audio: Tensor) -> Tensor:
        """Log-mel in dB, each band normalised: (batch, 1, frames, mels)."""
        with torch.autocast(audio.device.type, enabled=False):
            mel = 10 * self.mel(audio).clamp(min=_LEAST).log10()
            bands: Tensor = self.bn0(mel.unsqueeze(2))  # the bands are the channels
        return bands.permute(0, 2, 3, 1)
