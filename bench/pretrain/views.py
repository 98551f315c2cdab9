"""What is heard and read of an item in a step: crops, distortions, masks, swapped captions.

Every choice is drawn from (seed, step, item): the same step is the same batch in any process, on
any machine, after any interruption.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from bench.audio import Samples
from bench.pretrain.corpus import RATE, Reader, multi_hot
from bench.pretrain.distortion import distort
from bench.pretrain.manifest import Item
from bench.pretrain.masking import hide_chunks, hide_words
from bench.pretrain.objectives import IGNORED, Batch, Need
from bench.pretrain.recipe import Recipe
from bench.pretrain.texts import Words

View: TypeAlias = dict[str, npt.NDArray[np.generic]]
"""What one item brings to a batch; see `Need`."""

TRIES = 20
"""How often another caption is drawn until it is not the item's own."""


@dataclass(frozen=True, slots=True)
class Views:
    """Makes the views of the items of one split.

    Args:
        items: of the split.
        reader: decodes them.
        recipe: how to crop, distort and mask.
        needs: which views to make.
        tags: names of the tags.
        words: the tokenizer, where captions are needed.
        stream: tells the draws of training from those of validation.
    """

    items: Sequence[Item]
    reader: Reader
    recipe: Recipe
    needs: frozenset[Need]
    tags: Sequence[str]
    words: Words | None
    stream: int

    def view(self, step: int, index: int) -> View:
        """One item in one step.

        Raises:
            CorpusError: its audio cannot be used.
        """
        item = self.items[index]
        draws = np.random.default_rng([self.recipe.seed, self.stream, step, index]).spawn(5)
        samples = self._at_least_a_chunk(self.reader.read(item))
        found: View = {}
        if Need.CROP in self.needs:
            found["crop"] = self._crop(samples, draws[0])
        if Need.PAIR in self.needs:
            found["first"] = self._distorted(samples, draws[1])
            found["second"] = self._distorted(samples, draws[1])
        if Need.CHUNKS in self.needs:
            found["chunks"] = self._chunks(samples, draws[2])
        if self.words is not None and Need.CAPTION in self.needs:
            found["words"] = self.words.encode(item.caption)
        if self.words is not None and Need.FUSION in self.needs:
            found |= self._fusion(self.words, index, draws[3])
            masking = self.recipe.masking
            found["hidden_chunks"] = hide_chunks(len(found["chunks"]), masking.chunks, draws[4])
        if Need.TAGS in self.needs:
            found["tags"] = multi_hot(item, self.tags)
        return found

    @property
    def _chunk(self) -> int:
        """Samples of a chunk."""
        return round(self.recipe.clip.chunk * RATE)

    def _at_least_a_chunk(self, samples: Samples) -> Samples:
        return np.pad(samples, (0, max(0, self._chunk - len(samples))))

    def _crop(self, samples: Samples, draw: np.random.Generator) -> Samples:
        start = draw.integers(0, len(samples) - self._chunk, endpoint=True)
        return samples[start : start + self._chunk]

    def _distorted(self, samples: Samples, draw: np.random.Generator) -> Samples:
        return distort(self._crop(samples, draw), self.recipe.distortion, draw)

    def _chunks(self, samples: Samples, draw: np.random.Generator) -> Samples:
        """(chunks, samples): side by side or overlapping, from a random beginning on."""
        size, hop = self._chunk, round(self.recipe.clip.hop * RATE)
        number = min(self.recipe.clip.chunks, 1 + (len(samples) - size) // hop)
        rest = len(samples) - size - (number - 1) * hop
        first = int(draw.integers(0, rest, endpoint=True))
        return np.stack([samples[first + i * hop :][:size] for i in range(number)])

    def _fusion(self, words: Words, index: int, draw: np.random.Generator) -> View:
        """A caption to fuse with; words are asked for only where it is the item's own."""
        other = self._other(index, draw) if draw.random() < self.recipe.masking.swapped else index
        ids = words.encode(self.items[other].caption)
        hidden = hide_words(ids, words, self.recipe.masking.words, draw)
        matches = other == index
        wanted = hidden.wanted if matches else np.full_like(ids, IGNORED)
        return {
            "fused_words": hidden.ids,
            "hidden_words": wanted,
            "matches": np.array(matches, dtype=np.int64),
        }

    def _other(self, index: int, draw: np.random.Generator) -> int:
        """An item with another caption; the item itself where none is found."""
        own = self.items[index].caption
        for other in draw.integers(0, len(self.items), TRIES).tolist():
            if self.items[other].caption != own:
                return int(other)
        return index


PADDED = {"words": "words_present", "fused_words": "fused_present", "chunks": "chunks_present"}
"""Tensors whose second dimension differs between items → the mask of what is no padding."""


def collate(views: Sequence[View], padding: int) -> Batch:
    """One batch of several items, padded to the longest.

    Args:
        views: one an item, of the same needs.
        padding: the token behind the end of a caption.
    """
    batch: Batch = {}
    for name in views[0]:
        rows = [torch.from_numpy(np.asarray(view[name], order="C")) for view in views]
        if name in PADDED:
            value = padding if name != "chunks" else 0
            batch[name] = pad_sequence(rows, batch_first=True, padding_value=value)
            batch[PADDED[name]] = _present([len(row) for row in rows])
        elif name in {"hidden_words", "hidden_chunks"}:
            blank = IGNORED if name == "hidden_words" else 0
            batch[name] = pad_sequence(rows, batch_first=True, padding_value=blank)
        else:
            batch[name] = torch.stack(rows)
    return batch


def _present(lengths: Sequence[int]) -> Tensor:
    return torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
