"""Networks of timm, shown spectrograms."""

from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torchaudio.transforms import MelSpectrogram

from backbones import DoorError, WeightsError, _given, _weights
from backbones._networks.seeded import seeded
from backbones._weights import one_line

SAMPLE_RATE = 16_000
FRAME, HOP, FFT, MELS = 400, 160, 1024, 128

_LEAST = 1e-6
"""Of mel power, and of a window's standard deviation."""


class Pictures(nn.Module):
    """A network for pictures behind a log-mel spectrogram.

    Args:
        network: of timm, with one channel and no classifier.
    """

    sample_rate = SAMPLE_RATE

    def __init__(self, network: Any) -> None:  # noqa: ANN401 — timm types no model
        super().__init__()
        self.mel = MelSpectrogram(
            SAMPLE_RATE, n_fft=FFT, win_length=FRAME, hop_length=HOP, n_mels=MELS
        )
        self.network: Any = network
        self.title = str(network.pretrained_cfg["architecture"])
        self.shape = tuple(network.pretrained_cfg["input_size"][1:])
        self.size = _given.size(network)

    def picture(self, audio: Tensor) -> Tensor:
        """(batch, samples) → (batch, 1, height, width), each of mean 0 and deviation 1."""
        with torch.autocast(audio.device.type, enabled=False):
            mel = torch.log(self.mel(audio) + _LEAST).unsqueeze(1)
            spread, mean = torch.std_mean(mel, dim=(2, 3), keepdim=True)
            scaled = (mel - mean) / spread.clamp(min=_LEAST)
            return interpolate(scaled, self.shape, mode="bilinear", antialias=True)

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """Every stage, averaged over its picture, and what a classifier would be given."""
        picture = self.picture(audio)
        if not hasattr(self.network, "forward_intermediates"):
            return {"pooled": self._pooled(self.network.forward_features(picture))}
        last, stages = self.network.forward_intermediates(picture)
        found = {f"stage-{n}": x.mean((2, 3)).unsqueeze(1) for n, x in enumerate(stages)}
        return {**found, "pooled": self._pooled(last)}

    def _pooled(self, x: Tensor) -> Tensor:
        pooled: Tensor = self.network.forward_head(x, pre_logits=True)
        return pooled.unsqueeze(1)


def network(folder: Path, weights: Path | None) -> Pictures:
    """The network of a folder with timm's config.json.

    Args:
        folder: as `timm.models.save_for_hf` or the hub lays it out.
        weights: a file of them; None for random ones, the same each time.

    Raises:
        DoorError: timm does not know the model.
        WeightsError: the weights are unsafe, or of another network.
    """
    overlay = None if weights is None else {"state_dict": _weights.read(weights)}
    try:
        made: Any = seeded(
            0,
            lambda: timm.create_model(
                f"local-dir:{folder}",
                pretrained=weights is not None,
                pretrained_cfg_overlay=overlay,
                in_chans=1,
            ),
        )
        made.reset_classifier(0)  # after loading, which is strict only with all the classes
    except (RuntimeError, OSError, ValueError, KeyError, TypeError) as error:
        if weights is not None:
            message = f"{weights} does not fit its config.json: {one_line(error)[:300]}"
            raise WeightsError(message) from error
        message = f"{folder} is no model of timm's: {one_line(error)[:300]}"
        raise DoorError(message) from error
    return Pictures(made)
