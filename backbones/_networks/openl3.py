"""The audio side of OpenL3 (Cramer et al., 2019), of 256 mel bands."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.functional import melscale_fbanks

RATE, FFT, HOP, MELS = 48_000, 2048, 242, 256
WIDTHS = (64, 128, 256, 512)
_LEAST, _RANGE = 1e-10, 80.0
_EPSILON = 1e-3
_KERNEL = 4
_PARTS = {
    "kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
_SMALL, _LARGE = (32, 24), (8, 8)
"""Squares of the last map, in bands and frames, of which the embeddings are the maxima."""


class DecibelMel(nn.Module):
    """Mel magnitudes, 10 log10 of them, down to 80 under the window's loudest.

    A frame begins every 242 samples; the last ones see silence behind the window. That is kapre's
    front end as OpenL3 0.4 sets it, of magnitudes and not of powers.
    """

    def __init__(self) -> None:
        super().__init__()
        bands = melscale_fbanks(FFT // 2 + 1, 0, RATE / 2, MELS, RATE, "slaney", "slaney")
        self.register_buffer("bands", bands, persistent=False)
        self.register_buffer("window", torch.hann_window(FFT), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """(batch, samples) → (batch, mels, frames)."""
        with torch.autocast(audio.device.type, enabled=False):
            starts = -(-audio.shape[-1] // HOP)
            missing = (starts - 1) * HOP + FFT - audio.shape[-1]
            frames = functional.pad(audio.float(), (0, missing)).unfold(-1, FFT, HOP)
            magnitudes = torch.fft.rfft(frames * self.get_buffer("window")).abs()
            levels = 10 * (magnitudes @ self.get_buffer("bands")).mT.clamp(min=_LEAST).log10()
            loudest = levels.amax((1, 2), keepdim=True)
            found: Tensor = (levels - loudest).clamp(min=-_RANGE)
            return found


class OpenL3(nn.Module):
    """Four pairs of 3 x 3 convolutions; the last is not normalised.

    Args:
        widths: channels of the pairs.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.mel = DecibelMel()
        parts: list[nn.Module] = [nn.BatchNorm2d(1, _EPSILON)]
        inputs = 1
        for width in widths:
            parts += [*_normalised(inputs, width), *_normalised(width, width), nn.MaxPool2d(2)]
            inputs = width
        self.parts = nn.Sequential(*parts[:-3])  # the last convolution is the embedding's

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """(batch, samples) of a second at 48 kHz → layer → (batch, frames or 1, dim).

        `block1` … `block4` are means over frequency; the embeddings are OpenL3's own.
        """
        x = self.mel(audio).unsqueeze(1)
        found: dict[str, Tensor] = {}
        for part in self.parts:
            x = part(x)
            if isinstance(part, nn.MaxPool2d):
                found[f"block{len(found) + 1}"] = x.mean(2).mT
        found[f"block{len(found) + 1}"] = x.mean(2).mT
        small, large = (functional.max_pool2d(x, square) for square in (_SMALL, _LARGE))
        return {
            **found,
            "embedding": small.permute(0, 2, 3, 1).flatten(1).unsqueeze(1),
            "embedding-6144": large.permute(0, 2, 3, 1).flatten(1).unsqueeze(1),
        }


def _normalised(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1)
    return (convolution, nn.BatchNorm2d(outputs, _EPSILON), nn.ReLU())


def from_keras(network: OpenL3, saved: list[tuple[str, Tensor]]) -> dict[str, Tensor]:
    """What Keras saved, layer by layer, by the names that a network has for it.

    Args:
        network: whose layers are in the same order.
        saved: (layer/…/part:0, tensor), the layers from input to output. What they are called is
            an accident of their making; only their order and their parts count.
    """
    places = [name for name, part in network.parts.named_children() if part.state_dict()]
    layers = list(dict.fromkeys(name.partition("/")[0] for name, _ in saved))
    known = dict(zip(layers, places, strict=False))
    found = {}
    for name, tensor in saved:
        layer, part = name.partition("/")[0], name.rpartition("/")[2].partition(":")[0]
        place = f"parts.{known[layer]}" if layer in known else layer
        x = tensor.permute(3, 2, 0, 1) if tensor.ndim == _KERNEL else tensor
        found[f"{place}.{_PARTS.get(part, part)}"] = x
    return found
