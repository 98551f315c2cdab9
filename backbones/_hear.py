"""A model of the HEAR API as a network of ours."""

from types import ModuleType
from typing import Protocol

import torch
from torch import Tensor, nn

from backbones import _given

MILLISECONDS = 1000.0
_PROBE = 2.0  # seconds whose timestamps tell the frame rate


class Loaded(Protocol):
    """What `load_model` gives."""

    sample_rate: int


class Listener(nn.Module):
    """Calls a module's functions with the model that it has loaded.

    Args:
        module: of the HEAR API.
        model: what its `load_model` gave.
    """

    def __init__(self, module: ModuleType, model: Loaded) -> None:
        super().__init__()
        self.module = module
        self.model = model
        self.sample_rate = int(model.sample_rate)

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """(batch, samples) → timestamps: (batch, frames, dim), scene: (batch, 1, dim)."""
        frames, _ = self.module.get_timestamp_embeddings(audio, self.model)
        scene = self.module.get_scene_embeddings(audio, self.model)
        return {
            "timestamps": _given.framed("timestamps", frames),
            "scene": _given.framed("scene", scene),
        }

    @torch.no_grad()
    def frame_rate(self) -> float:
        """Timestamps a second [Hz], by what the model says of two seconds."""
        silence = torch.zeros(1, round(_PROBE * self.sample_rate))
        _, stamps = self.module.get_timestamp_embeddings(silence, self.model)
        steps = torch.as_tensor(stamps).double().reshape(-1).diff()
        return MILLISECONDS / float(steps.median()) if len(steps) else 1 / _PROBE

    def state(self) -> str:
        """A digest of the model's weights, where it is a network of PyTorch."""
        return _given.state(self.model) if isinstance(self.model, nn.Module) else ""

    def size(self) -> int:
        """Weights in the model, where it is a network of PyTorch."""
        return _given.size(self.model) if isinstance(self.model, nn.Module) else 0
