"""Co-attention of two streams: each asks the other (Lu et al., ViLBERT, 2019, figure 2b)."""

from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention


class CrossAttention(nn.Module):
    """Multi-head attention from one stream to another, of another width.

    Args:
        dim: of the stream that asks and is answered.
        other: width of the stream that is asked.
        inner: of queries, keys and values, all heads together.
        heads: into which `inner` is split.
        dropout: of the attention's weights.
    """

    def __init__(self, dim: int, other: int, inner: int, heads: int, dropout: float) -> None:
        super().__init__()
        if inner % heads:
            message = f"{inner} cannot be split evenly over {heads} heads"
            raise ValueError(message)
        self.heads, self.dropout = heads, dropout
        self.query = nn.Linear(dim, inner)
        self.key = nn.Linear(other, inner)
        self.value = nn.Linear(other, inner)
        self.output = nn.Linear(inner, dim)

    def forward(self, x: Tensor, other: Tensor, present: Tensor) -> Tensor:
        """Attend.

        Args:
            x: (batch, tokens, dim).
            other: (batch, other tokens, other dim).
            present: (batch, other tokens), False for padding.

        Returns:
            (batch, tokens, dim).
        """
        query, key = self._split(self.query(x)), self._split(self.key(other))
        answer = scaled_dot_product_attention(
            query,
            key,
            self._split(self.value(other)),
            attn_mask=present[:, None, None, :],
            dropout_p=self.dropout if self.training else 0.0,
        )
        joined: Tensor = self.output(answer.transpose(1, 2).flatten(2))
        return joined

    def _split(self, x: Tensor) -> Tensor:
        """(batch, tokens, inner) → (batch, heads, tokens, inner / heads)."""
        heads: Tensor = x.unflatten(2, (self.heads, -1))
        return heads.transpose(1, 2)


class Residual(nn.Module):
    """Dropout, sum and layer normalisation behind a branch, as in BERT."""

    def __init__(self, dim: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor, branch: Tensor) -> Tensor:
        """(batch, tokens, dim), twice → the same."""
        out: Tensor = self.norm(x + self.dropout(branch))
        return out


class Stream(nn.Module):
    """One side of a co-attention block: attention to the other side, then a feed-forward.

    Args:
        dim: of this stream.
        other: of the other one.
        inner: of the attention.
        heads: of the attention.
        hidden: units of the feed-forward.
        dropout: everywhere.
    """

    def __init__(
        self, dim: int, other: int, inner: int, heads: int, hidden: int, dropout: float
    ) -> None:
        super().__init__()
        self.attention = CrossAttention(dim, other, inner, heads, dropout)
        self.after_attention = Residual(dim, dropout)
        self.feed_forward = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))
        self.after_feed_forward = Residual(dim, dropout)

    def forward(self, x: Tensor, other: Tensor, present: Tensor) -> Tensor:
        """See `CrossAttention.forward`."""
        x = self.after_attention(x, self.attention(x, other, present))
        out: Tensor = self.after_feed_forward(x, self.feed_forward(x))
        return out


class CoAttention(nn.Module):
    """A block in which audio attends to text and text to audio, both as they came in.

    Args:
        audio: the audio stream.
        text: the text stream.
    """

    def __init__(self, audio: Stream, text: Stream) -> None:
        super().__init__()
        self.audio, self.text = audio, text

    def forward(
        self, audio: Tensor, audio_present: Tensor, text: Tensor, text_present: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(batch, tokens, dim) of each stream, with what is no padding → both, answered."""
        return self.audio(audio, text, text_present), self.text(text, audio, audio_present)
