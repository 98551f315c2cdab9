"""Text encoders: the first layers of a BERT, run layer by layer so that others can step between."""

from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn


class Bert(Protocol):
    """What is used of `transformers.BertModel`."""

    @property
    def embeddings(self) -> nn.Module:
        """(batch, tokens) → (batch, tokens, dim)."""

    @property
    def encoder(self) -> nn.Module:
        """Its submodule `layer` holds the layers."""


class NotABertError(ValueError):
    """The checkpoint is of another kind of model."""


class TextEncoder(nn.Module):
    """Embeddings and the first layers of a BERT.

    Args:
        bert: a `transformers.BertModel`; its pooler is left out.
        layers: how many from the bottom; 0 for all.
        frozen: whether the weights stay as they are, without dropout.

    Raises:
        ValueError: there are not so many layers.
    """

    def __init__(self, bert: Bert, layers: int = 0, *, frozen: bool = False) -> None:
        super().__init__()
        stack = bert.encoder.get_submodule("layer")
        every = list(stack.children())
        if layers > len(every):
            message = f"{layers} layers of the text encoder were asked for; it has {len(every)}"
            raise ValueError(message)
        self.embeddings = bert.embeddings
        self.layers = nn.ModuleList(every[: layers or None])
        self.frozen = frozen
        self.requires_grad_(not frozen)

    @property
    def words(self) -> nn.Parameter:
        """(vocabulary, dim): the word embeddings."""
        return self.embeddings.get_parameter("word_embeddings.weight")

    @property
    def dim(self) -> int:
        """Numbers a token."""
        return self.words.shape[1]

    def train(self, mode: bool = True) -> "TextEncoder":  # noqa: FBT001, FBT002 — torch's own
        """Switch dropout on or off; it stays off where frozen."""
        super().train(mode and not self.frozen)
        return self

    def embed(self, ids: Tensor) -> Tensor:
        """(batch, tokens) vocabulary indices → (batch, tokens, dim), the input of layer 0."""
        out: Tensor = self.embeddings(ids)
        return out

    def layer(self, index: int, x: Tensor, present: Tensor) -> Tensor:
        """One layer.

        Args:
            index: from 0.
            x: (batch, tokens, dim).
            present: (batch, tokens), False for padding.
        """
        out: Tensor = self.layers[index](x, present[:, None, None, :])
        return out

    def forward(self, ids: Tensor, present: Tensor) -> Tensor:
        """All layers: (batch, tokens), twice → (batch, tokens, dim)."""
        x = self.embed(ids)
        for index in range(len(self.layers)):
            x = self.layer(index, x, present)
        return x


def load_bert(source: Path) -> Bert:
    """A BERT from a folder; only from safetensors.

    Raises:
        NotABertError: it is another model.
    """
    from transformers import AutoConfig, BertModel
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    disable_progress_bar()
    set_verbosity_error()  # it would tell of the pooler that is left out
    config = AutoConfig.from_pretrained(source, trust_remote_code=False)
    if config.model_type != "bert":
        message = f"{source} is a {config.model_type} model; the text encoder must be a BERT"
        raise NotABertError(message)
    model: Bert = BertModel.from_pretrained(
        source,
        add_pooling_layer=False,
        attn_implementation="sdpa",
        use_safetensors=True,
        dtype=torch.float32,
    )
    return model


def mean_of_tokens(x: Tensor, present: Tensor) -> Tensor:
    """The mean over tokens that are no padding: (batch, tokens, dim) → (batch, dim)."""
    weight = present.unsqueeze(-1).to(x.dtype)
    return (x * weight).sum(1) / weight.sum(1).clamp(min=1)
