"""Encoders of two towers: what they hear and what they read are in one space."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor, nn

from backbones import Texts
from backbones._torch import TorchEncoder

Tokens: TypeAlias = Callable[[str], Tensor]
"""A text → (1, tokens)."""


class Towers(nn.Module):
    """A network that also reads."""

    @abstractmethod
    def read(self, tokens: Tensor) -> Tensor:
        """(1, tokens) → (1, dim), in the space of its joint layer."""


class Reading(TorchEncoder):
    """An encoder with a text side.

    Args:
        network: both towers.
        tokens: of a text.
    """

    def __init__(self, network: Towers, tokens: Tokens) -> None:
        super().__init__(network)
        self._towers = network
        self._tokens = tokens

    @torch.inference_mode()
    def read(self, texts: Sequence[str]) -> Texts:
        """See `Encoder.read`. One by one, so that no text is padded."""
        vectors = [self._towers.read(self._tokens(text).to(self._device)) for text in texts]
        found: Texts = torch.cat(vectors).float().cpu().numpy()
        return found


def by_bytes(text: str) -> Tensor:
    """Begin, a token a byte, end, by the ids that RoBERTa has for begin and end."""
    return torch.tensor([[0, *(3 + byte for byte in text.encode()), 2]])
