"""Memory and arithmetic of a full-size MuLaP step, measured on one and two clips.

Run `python -m benchmarks.full_step`. The text encoder has BERT-base's sizes and random weights, the
clips are noise: neither changes what a step costs. Memory is that of weights, gradients and Adam's
moments (4 × 4 bytes a weight) and of all tensors that are kept for the backward pass; both grow in
a line with the batch, so that two measurements tell any batch's. With checkpointing, what one chunk
keeps comes on top while it is computed again. Arithmetic is counted by PyTorch's
`FlopCounterMode`: two operations a multiply-add.
"""

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode
from transformers import BertConfig, BertModel

from bench.pretrain import reading
from bench.pretrain.building import build, build_trunk
from bench.pretrain.objectives import IGNORED, Batch
from bench.pretrain.objectives.weighted import Weighted
from bench.pretrain.recipe import Recipe

RECIPE = Path("recipes/full/mulap.toml")
COPIES = 4
"""Of every weight in float32: itself, its gradient, and two moments of Adam."""

RATE = 16_000
TOKENS = 64


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one forward and backward pass.

    Attributes:
        kept: bytes that are kept for the backward pass.
        operations: of floating-point numbers.
        seconds: on this machine.
    """

    kept: int
    operations: int
    seconds: float


def made(recipe: Recipe, folder: Path) -> Weighted:
    """The objective, its text encoder as large as BERT-base."""
    BertModel(BertConfig(), add_pooling_layer=False).save_pretrained(folder)
    large = replace(recipe, text=replace(recipe.text, model=str(folder)))
    return build(large, build_trunk(large), 0)


def noise(recipe: Recipe, clips: int) -> Batch:
    """A batch of clips that are as long as the recipe allows, with captions that are too."""
    chunks, samples = recipe.clip.chunks, round(recipe.clip.chunk * RATE)
    words = torch.randint(1000, 20_000, (clips, TOKENS))
    hidden = torch.full_like(words, IGNORED)
    hidden[:, ::7] = words[:, ::7]
    masked = torch.zeros(clips, chunks, dtype=torch.bool)
    masked[:, 1] = True
    return {
        "chunks": 0.1 * torch.randn(clips, chunks, samples),
        "chunks_present": torch.ones(clips, chunks, dtype=torch.bool),
        "hidden_chunks": masked,
        "fused_words": words,
        "fused_present": torch.ones_like(words, dtype=torch.bool),
        "hidden_words": hidden,
        "matches": torch.arange(clips) % 2,
    }


def cost(objective: Weighted, batch: Batch) -> Cost:
    """What a step of this batch needs."""
    kept: dict[int, int] = {}

    def keep(x: Tensor) -> Tensor:
        kept[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
        return x

    own = {x.untyped_storage().data_ptr() for x in (*objective.parameters(), *batch.values())}
    begun = time.perf_counter()
    with FlopCounterMode(display=False) as counter:
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
            total = objective.total(objective(batch))
        total.backward()
    seconds = time.perf_counter() - begun
    held = sum(size for place, size in kept.items() if place not in own)
    return Cost(held, counter.get_total_flops(), seconds)


def report(recipe: Recipe, folder: Path) -> None:
    """Print what a step of the recipe's batch takes."""
    objective = made(recipe, folder).train()
    weights = sum(x.numel() for x in objective.parameters())
    _, one, two = (cost(objective, noise(recipe, clips)) for clips in (1, 1, 2))
    clip, batch = two.kept - one.kept, recipe.train.batch
    work = (two.operations - one.operations) * batch
    fixed = COPIES * 4 * weights
    how = "with" if recipe.train.checkpointing else "without"
    print(f"{how} checkpointing: {weights / 1e6:.1f} M weights, {fixed / 1e9:.2f} GB with moments")
    print(f"  {clip / 1e6:,.0f} MB a clip, {(fixed + clip * batch) / 1e9:.1f} GB for {batch} clips")
    print(f"  {work / 1e12:.1f} TFLOP a step of {batch} clips")
    print(f"  here: {two.seconds - one.seconds:.2f} s for another clip")


def main() -> None:
    """Print both ways."""
    for value in ("false", "true"):
        recipe = reading.load(RECIPE, changes=[f"train.checkpointing={value}"])
        with tempfile.TemporaryDirectory() as folder:
            report(recipe, Path(folder))


if __name__ == "__main__":
    main()
