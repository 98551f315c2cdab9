"""What the trunk is trained for: one file an objective.

An objective names what it needs of a batch and maps a batch to named terms, not yet weighted.
"""

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import ClassVar, TypeAlias

from torch import Tensor, nn

Batch: TypeAlias = dict[str, Tensor]
"""What `bench.pretrain.views` makes; which tensors there are depends on the needs."""

Terms: TypeAlias = dict[str, Tensor]
"""Name of a term → its value, a scalar that is not weighted."""


class Need(StrEnum):
    """What an objective needs of a batch.

    Each brings tensors, of which the first dimension is the batch:
    `crop` → `crop` (batch, samples);
    `pair` → `first` and `second` (batch, samples): two stretches, distorted;
    `chunks` → `chunks` (batch, chunks, samples), `chunks_present` (batch, chunks);
    `caption` → `words` and `words_present` (batch, tokens);
    `fusion` → `fused_words` and `fused_present` (batch, tokens): a caption, perhaps another
    clip's, with words hidden; `hidden_words` (batch, tokens): which they were, `IGNORED`
    elsewhere; `hidden_chunks` (batch, chunks); `matches` (batch,): 1 where the caption is the
    clip's own, else 0;
    `tags` → `tags` (batch, tags): 0, 1, or NaN for not known.
    """

    CROP = "crop"
    PAIR = "pair"
    CHUNKS = "chunks"
    CAPTION = "caption"
    FUSION = "fusion"
    TAGS = "tags"


IGNORED = -100
"""In place of a word that is not asked for."""


class Objective(nn.Module, ABC):
    """A loss over the trunk's features.

    Attributes:
        needs: of a batch.
        whole: whether a term depends on which items share a batch; gradients of such a term
            cannot be accumulated over parts of it.
    """

    needs: ClassVar[frozenset[Need]]
    whole: ClassVar[bool] = False

    @abstractmethod
    def forward(self, batch: Batch) -> Terms:
        """Name → scalar, not weighted, of every term."""

    def counts(self, batch: Batch) -> Terms:
        """Name → how many examples a term is the mean of, of those that are no mean over clips."""
        del batch
        return {}
