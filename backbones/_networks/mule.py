"""MULE (McCallum et al., 2022): its front end, and its published weights' order."""

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.functional import melscale_fbanks

from backbones._networks.nfnet import Block, Convolution, SlowFast

RATE, FRAME, FFT, HOP, MELS = 16_000, 400, 2048, 160, 96
_LEAST = 0.01
_UNIT = re.compile(r"_layer_checkpoint_dependencies/([a-z_]+?)(?:_(\d+))?/(.+)")
_PARTS = {
    "weight_standardization": {"vars/0": "weight", "vars/1": "gain", "layer/vars/0": "bias"},
    "dense": {"vars/0": "weight", "vars/1": "bias"},
    "scalar_multiply": {"vars/0": "gain"},
}
"""Keras' name of a layer, and what its variables are here."""
_AXES = {0: (), 1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}
"""PyTorch's, of an array of Keras with so many."""


class NormalisedMel(nn.Module):
    """log10(1 + 10000 · mel power) of a window, minus its mean and over its deviation.

    Each mel filter has the Euclidean norm 1. N samples give N // 160 frames, as many as 3 s have
    where published features are cut out of a longer clip.
    """

    def __init__(self) -> None:
        super().__init__()
        bands = melscale_fbanks(FFT // 2 + 1, 0, RATE / 2, MELS, RATE, None, "htk")
        self.register_buffer("bands", functional.normalize(bands, dim=0), persistent=False)
        self.register_buffer("window", torch.hann_window(FRAME), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """(batch, samples) → (batch, 1, mels, frames)."""
        with torch.autocast(audio.device.type, enabled=False):
            spectrum = torch.stft(
                audio.float(), FFT, HOP, FRAME, self.get_buffer("window"), pad_mode="reflect",
                return_complex=True,
            )  # fmt: skip
            power = spectrum[..., : audio.shape[-1] // HOP].abs().square()
            levels = (1 + 10_000 * self.get_buffer("bands").mT @ power).log10()
            spread, mean = torch.std_mean(levels, (1, 2), correction=0, keepdim=True)
            return ((levels - mean) / spread.clamp(min=_LEAST)).unsqueeze(1)


class Mule(nn.Module):
    """The front end and the network."""

    def __init__(self) -> None:
        super().__init__()
        self.mel = NormalisedMel()
        self.network = SlowFast()

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """(batch, samples) at 16 kHz → layer → (batch, frames or 1, dim)."""
        found: dict[str, Tensor] = self.network(self.mel(audio))
        return found


def from_keras(
    network: SlowFast, gains: Sequence[int], saved: dict[str, Tensor]
) -> dict[str, Tensor]:
    """What Keras saved of a network, by the names and in the axes that it has here.

    Keras numbers layers from input to output, the two paths side by side. Weights of one shape
    belong to one path, in which their order is certain; a gain has no shape, and goes by channels.

    Args:
        network: whose state is wanted.
        gains: channels of the layers that a gain scales, from input to output.
        saved: tensors by their path. What fits nowhere keeps its name.
    """
    known, found = _units(saved)
    channels = iter(gains)
    waiting: dict[tuple[int, ...], deque[tuple[str, dict[str, Tensor]]]] = defaultdict(deque)
    for (kind, number), parts in sorted(known.items()):
        scales = kind == "scalar_multiply"
        likeness = (next(channels, 0),) if scales else tuple(parts["weight"].shape)
        waiting[likeness].append((f"{kind}_{number}", parts))
    for name, likeness in _places(network):
        _, parts = waiting[likeness].popleft() if waiting[likeness] else ("", {})
        found |= {f"{name}.{part}": x for part, x in parts.items()}
    left = (each for many in waiting.values() for each in many)
    return found | {f"{unit}.{part}": x for unit, parts in left for part, x in parts.items()}


def _units(
    saved: dict[str, Tensor],
) -> tuple[dict[tuple[str, int], dict[str, Tensor]], dict[str, Tensor]]:
    """(kind, number) → part → tensor in the axes of PyTorch, and what is of no known kind."""
    known: dict[tuple[str, int], dict[str, Tensor]] = defaultdict(dict)
    strange = {}
    for path, x in saved.items():
        unit = _UNIT.fullmatch(path)
        part = _PARTS.get(unit[1], {}).get(unit[3]) if unit else None
        if unit is None or part is None:
            strange[path] = x
        else:
            known[unit[1], int(unit[2] or 0)][part] = x.permute(_AXES[x.ndim])
    return known, strange


def _places(network: SlowFast) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Modules with weights, each path in its order, and the shape or channels to know them by."""
    for name, module in network.named_modules():
        if isinstance(module, Convolution | nn.Linear):
            yield name, tuple(module.weight.shape)
        elif isinstance(module, Block):
            yield name, (module.excite.out_features,)
