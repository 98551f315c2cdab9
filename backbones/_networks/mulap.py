"""MuLaP whole: trunk, audio tokens, fusion with text, and the heads of the proxy tasks.

Manco, Benetos, Quinton and Fazekas, Learning music audio representations via weak language
supervision, ICASSP 2022.
"""

from collections.abc import Collection
from dataclasses import dataclass

from torch import Tensor, nn

from backbones._networks.chunks import of_chunks
from backbones._networks.fusion import AudioTokens, Fusion
from backbones._networks.heads import ChunkHead, MatchHead, WordHead
from backbones._networks.sizes import FusionSizes
from backbones._networks.text import TextEncoder
from backbones._networks.trunk import Trunk

TERMS = ("mlm", "mam", "atm")
"""Masked language modelling, masked audio modelling, audio-text matching."""


@dataclass(frozen=True, slots=True)
class Streams:
    """What MuLaP makes of a batch.

    Attributes:
        features: (batch, chunks, trunk.dim), of the chunks as they are, none masked.
        audio: (batch, chunks, dim), the tokens of the chunks after fusion.
        pooled: (batch, tokens, dim), audio tokens with the global one, if any, first.
        text: (batch, tokens, dim), text tokens after fusion.
    """

    features: Tensor
    audio: Tensor
    pooled: Tensor
    text: Tensor


class MuLaP(nn.Module):
    """Trunk, fusion and the heads of the terms asked for.

    Args:
        trunk: what is trained for; also gives the targets of masked audio modelling.
        text: its first layers run before the fusion.
        sizes: of the fusion.
        chunks: the most a clip has.
        terms: which heads to have, of `TERMS`.
        checkpointing: compute activations again in the backward pass, to save memory.
    """

    def __init__(
        self,
        trunk: Trunk,
        text: TextEncoder,
        sizes: FusionSizes,
        chunks: int = 6,
        terms: Collection[str] = TERMS,
        *,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        self.trunk, self.checkpointing = trunk, checkpointing
        self.first = int(sizes.global_token)
        self.tokens = AudioTokens(trunk.dim, chunks, sizes)
        self.fusion = Fusion(text, sizes, checkpointing=checkpointing)
        self.heads = nn.ModuleDict()
        if "mlm" in terms:
            self.heads["mlm"] = WordHead(text.words)
        if "mam" in terms:
            self.heads["mam"] = ChunkHead(sizes.dim, trunk.dim)
        if "atm" in terms:
            self.heads["atm"] = MatchHead(text.dim, sizes)

    def forward(
        self, audio: Tensor, present: Tensor, masked: Tensor, ids: Tensor, text_present: Tensor
    ) -> Streams:
        """Fuse clips with texts.

        Args:
            audio: (batch, chunks, samples) at 16 kHz.
            present: (batch, chunks), False for padding.
            masked: (batch, chunks), True where a chunk's feature is hidden from the fusion.
            ids: (batch, tokens), vocabulary indices.
            text_present: (batch, tokens), False for padding.
        """
        features = of_chunks(self.trunk, audio, present, checkpointing=self.checkpointing)
        tokens, tokens_present = self.tokens(features, present, masked)
        fused, text = self.fusion(tokens, tokens_present, ids, text_present)
        return Streams(features, fused[:, self.first :], fused, text)
