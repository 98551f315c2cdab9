"""What is asked of MuLaP's two streams: hidden words, hidden chunks, whether the pair belongs."""

import torch
from torch import Tensor, nn

from backbones._networks.sizes import FusionSizes


class WordHead(nn.Module):
    """Scores of every word of the vocabulary, the output weights being the word embeddings.

    Args:
        words: (vocabulary, dim), shared with the text encoder.
    """

    def __init__(self, words: nn.Parameter) -> None:
        super().__init__()
        vocabulary, dim = words.shape
        self.transform = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.LayerNorm(dim))
        self.words = words
        self.bias = nn.Parameter(torch.zeros(vocabulary, device=words.device))

    def forward(self, x: Tensor) -> Tensor:
        """(tokens, dim) → (tokens, vocabulary)."""
        return nn.functional.linear(self.transform(x), self.words, self.bias)


class ChunkHead(nn.Sequential):
    """The trunk's feature of a chunk, from the token in its place.

    Args:
        dim: of a token.
        features: of the trunk.
    """

    def __init__(self, dim: int, features: int) -> None:
        super().__init__(
            nn.Linear(dim, dim), nn.GELU(), nn.LayerNorm(dim), nn.Linear(dim, features)
        )


class MatchHead(nn.Module):
    """Whether audio and text belong together, from the first token of each.

    Args:
        text: dim of a text token.
        sizes: of the rest.
    """

    def __init__(self, text: int, sizes: FusionSizes) -> None:
        super().__init__()
        self.audio = nn.Sequential(nn.Linear(sizes.dim, sizes.co_dim), nn.Tanh())
        self.text = nn.Sequential(nn.Linear(text, sizes.co_dim), nn.Tanh())
        self.output = nn.Sequential(nn.Dropout(sizes.dropout), nn.Linear(sizes.co_dim, 2))

    def forward(self, audio: Tensor, text: Tensor) -> Tensor:
        """(batch, tokens, dim) of each stream → (batch, 2): scores of no and of yes."""
        out: Tensor = self.output(self.audio(audio[:, 0]) * self.text(text[:, 0]))
        return out
