"""MuLaP's encoder of audio and text together (Manco et al., ICASSP 2022, section 2)."""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from backbones._networks.coattention import CoAttention, Stream
from backbones._networks.sizes import FusionSizes
from backbones._networks.text import TextEncoder

Out = TypeVar("Out")


class AudioTokens(nn.Module):
    """Chunk features to tokens: projection, learned position, layer normalisation.

    Args:
        features: dim of a chunk's feature.
        chunks: the most there can be.
        sizes: of the tokens.
    """

    def __init__(self, features: int, chunks: int, sizes: FusionSizes) -> None:
        super().__init__()
        self.global_token = sizes.global_token
        self.project = nn.Linear(features, sizes.dim)
        self.positions = nn.Parameter(torch.empty(chunks + sizes.global_token, sizes.dim))
        nn.init.normal_(self.positions, std=0.02)
        self.norm = nn.LayerNorm(sizes.dim)
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(self, features: Tensor, present: Tensor, masked: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens, and which of them are no padding.

        The global token is the mean of the chunks that are neither padding nor masked: with the
        masked ones in it, they could be told from the others by subtraction. No gradient flows
        through it.

        Args:
            features: (batch, chunks, features).
            present: (batch, chunks), False for padding.
            masked: (batch, chunks), True where the feature is to be hidden.
        """
        shown = features * (present & ~masked).unsqueeze(-1)
        if self.global_token:
            number = (present & ~masked).sum(1).clamp(min=1)
            mean = (shown.sum(1) / number[:, None]).detach()
            shown = torch.cat([mean[:, None], shown], dim=1)
            present = torch.cat([present.new_ones(len(present), 1), present], dim=1)
        tokens = self.project(shown) + self.positions[: shown.shape[1]]
        return self.dropout(self.norm(tokens)), present


class Fusion(nn.Module):
    """Text encoder and audio transformer with co-attention between their layers.

    Args:
        text: its last layers follow the blocks of co-attention.
        sizes: of the rest.
        checkpointing: whether layers are computed again in the backward pass, to save memory.

    Raises:
        ValueError: more blocks than layers.
    """

    def __init__(
        self, text: TextEncoder, sizes: FusionSizes, *, checkpointing: bool = False
    ) -> None:
        super().__init__()
        if sizes.blocks > min(len(text.layers), sizes.layers):
            message = (
                f"{sizes.blocks} blocks of co-attention need as many layers: the text encoder has "
                f"{len(text.layers)}, the audio transformer {sizes.layers}"
            )
            raise ValueError(message)
        self.text, self.checkpointing = text, checkpointing
        self.audio = nn.ModuleList(
            nn.TransformerEncoderLayer(
                *(sizes.dim, sizes.heads, sizes.hidden, sizes.dropout, "gelu"), batch_first=True
            )
            for _ in range(sizes.layers)
        )
        self.blocks = nn.ModuleList(_block(text.dim, sizes) for _ in range(sizes.blocks))

    def forward(
        self, audio: Tensor, audio_present: Tensor, ids: Tensor, text_present: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Both streams after their last layer.

        Args:
            audio: (batch, audio tokens, dim).
            audio_present: (batch, audio tokens), False for padding.
            ids: (batch, text tokens), vocabulary indices.
            text_present: (batch, text tokens), False for padding.

        Returns:
            (batch, audio tokens, dim) and (batch, text tokens, dim of the text encoder).
        """
        text = self.text.embed(ids)
        before = len(self.text.layers) - len(self.blocks)
        for index in range(before):
            text = self._run(self._text_layer(index, text_present), text)
        for index, layer in enumerate(self.audio):
            if index < len(self.blocks):
                block = self.blocks[index]
                audio, text = self._run(block, audio, audio_present, text, text_present)
                text = self._run(self._text_layer(before + index, text_present), text)
            audio = self._run(_audio_layer(layer, audio_present), audio)
        return audio, text

    def _text_layer(self, index: int, present: Tensor) -> Callable[[Tensor], Tensor]:
        return lambda x: self.text.layer(index, x, present)

    def _run(self, part: Callable[..., Out], *inputs: Tensor) -> Out:
        if not (self.checkpointing and torch.is_grad_enabled()):
            return part(*inputs)
        out: Out = checkpoint(part, *inputs, use_reentrant=False)
        return out


def _audio_layer(layer: nn.Module, present: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda x: layer(x, src_key_padding_mask=~present)


def _block(text: int, sizes: FusionSizes) -> CoAttention:
    co = (sizes.co_dim, sizes.co_heads)
    return CoAttention(
        Stream(sizes.dim, text, *co, sizes.hidden, sizes.dropout),
        Stream(text, sizes.dim, *co, sizes.text_hidden, sizes.dropout),
    )
