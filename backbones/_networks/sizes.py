"""Sizes of MuLaP's parts, apart from the networks so that reading them loads no torch."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

Count = Annotated[int, Field(ge=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionSizes:
    """Sizes of the audio transformer and of the co-attention; the defaults are the paper's.

    Attributes:
        dim: of an audio token.
        layers: of the audio transformer.
        heads: of its attention.
        hidden: units of its feed-forwards.
        blocks: of co-attention; block i stands before audio layer i and before that text layer
            which is the i-th of the last `blocks`.
        co_dim: of queries, keys and values of the co-attention, and of the pooled streams.
        co_heads: of the co-attention.
        text_hidden: units of the text side's feed-forward in a co-attention block.
        dropout: everywhere but in the text encoder, which has its own.
        global_token: whether a token for the mean of all chunks stands first.
    """

    dim: Count = 256
    layers: Count = 6
    heads: Count = 8
    hidden: Count = 1024
    blocks: Count = 2
    co_dim: Count = 1024
    co_heads: Count = 8
    text_hidden: Count = 3072
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    global_token: bool = True
