"""What tests of networks with two towers share: a few words, and weights of no training."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

WORDS = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "slow": 4, "piano": 5, "a": 6, "fiddle": 7}
TEXTS = ("slow piano", "a fiddle", "a slow fiddle tune")


def drawn(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(5)
    return {name: 0.3 * torch.randn(shape, generator=draw) for name, shape in shapes.items()}


def write_tokenizer(folder: Path, *, whole: bool) -> None:
    """A word a token; between begin and end where the text is a whole."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    made = Tokenizer(models.WordLevel({**WORDS, "<|endoftext|>": 8}, "<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if whole:
        ends = [("<s>", 0), ("</s>", 2)]
        made.post_processor = processors.TemplateProcessing("<s> $A </s>", "$A $B", ends)
    made.save(str(folder / "tokenizer.json"))


def normalised(x: Tensor, weight: Tensor) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return weight * centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
