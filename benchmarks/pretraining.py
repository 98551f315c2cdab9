"""Speed of a training step of MuLaP, of its input, and of two processes against one.

Run `python -m benchmarks.pretraining [steps]`. The baseline is the same training with a trunk that
is written down plainly (`nn.functional.conv2d` in PyTorch's default layout, maximum by `amax`) and
that goes through a clip chunk by chunk; it has the same weights and, with normalisations in eval
mode, the same losses, which is checked. *Busy* is the share of the loop's time that does not wait
for audio, from the log of a real training. Two processes share the batch of one, a core each; one
process has both cores.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from unittest.mock import patch

import torch
from torch import Tensor
from torch.nn import functional

from backbones._networks.trunk import Trunk, Vertical
from bench import registry
from bench.cli import corpora
from bench.pretrain import reading, texts
from bench.pretrain.building import build, build_trunk
from bench.pretrain.corpus import Reader
from bench.pretrain.loader import Part, batches
from bench.pretrain.loop import TRAINING
from bench.pretrain.objectives import Batch, Terms
from bench.pretrain.objectives.weighted import Weighted
from bench.pretrain.recipe import Recipe
from bench.pretrain.views import Views
from bench.progress import Reporter

RECIPE = Path("recipes/small/mulap.toml")
WARM_UP = 2


def plain_vertical(branch: Vertical, x: Tensor) -> Tensor:
    """(batch, 1, frames, mels) → (batch, channels, frames)."""
    frames = branch.conv.weight.shape[2]
    padded = functional.pad(x, (0, 0, (frames - 1) // 2, frames // 2))
    out: Tensor = branch.norm(branch.conv(padded)).relu().amax(3)
    return out


def plain_trunk(trunk: Trunk, audio: Tensor) -> Tensor:
    """(batch, samples) → (batch, trunk.dim), as the paper's figure has it."""
    x = trunk.norm(trunk.spectrogram(audio).unsqueeze(1))
    tall = [plain_vertical(branch, x) for branch in trunk.vertical if isinstance(branch, Vertical)]
    front = torch.cat(tall + [branch(x.mean(3)) for branch in trunk.horizontal], dim=1)
    first = trunk.middle[0](front)
    second = first + trunk.middle[1](first)
    third = second + trunk.middle[2](second)
    whole = torch.cat([front, first, second, third], dim=1)
    return torch.cat([whole.amax(2), whole.mean(2)], dim=1)


def chunk_by_chunk(
    trunk: Trunk, audio: Tensor, present: Tensor, *, checkpointing: bool = False
) -> Tensor:
    """In the place of `of_chunks`: one chunk of one clip after another."""
    if checkpointing:
        message = "the baseline has no checkpointing"
        raise ValueError(message)
    clips = [torch.stack([plain_trunk(trunk, chunk[None])[0] for chunk in clip]) for clip in audio]
    return torch.stack(clips) * present.unsqueeze(-1)


BASELINE = patch("backbones._networks.mulap.of_chunks", chunk_by_chunk)


def prepared(recipe: Recipe, number: int) -> tuple[Weighted, list[Batch]]:
    """The objective, and batches of real audio."""
    corpus = corpora.open_checked(recipe.corpus, registry.find(), Reporter())
    objective = build(recipe, build_trunk(recipe), len(corpus.tags))
    reader = Reader(recipe.corpus.longest, recipe.corpus.cache)
    words = texts.load_words(recipe.text)
    views = Views(corpus.train, reader, recipe, objective.needs, corpus.tags, words, TRAINING)
    made = batches(views, range(number), recipe.train.batch, Part(), recipe.train.workers)
    return objective, [batch for (batch,) in made]


def with_normalisations_fixed(objective: Weighted, batch: Batch) -> Terms:
    """Terms in eval mode: no dropout, running statistics."""
    objective.eval()
    with torch.no_grad():
        terms: Terms = objective(batch)
    objective.train()
    return terms


def seconds_a_step(objective: Weighted, made: list[Batch]) -> float:
    """Median of forward, backward and update."""
    optimiser = torch.optim.AdamW(objective.parameters(), 1e-5)
    found = []
    for batch in made:
        begun = time.perf_counter()
        optimiser.zero_grad()
        objective.total(objective(batch)).backward()
        optimiser.step()
        found.append(time.perf_counter() - begun)
    return median(found[WARM_UP:])


def step(recipe: Recipe, steps: int) -> None:
    """Print the ratio of both steps, and how far their losses are apart."""
    objective, made = prepared(recipe, steps + WARM_UP)
    ours = with_normalisations_fixed(objective, made[0])
    with BASELINE:
        theirs = with_normalisations_fixed(objective, made[0])
    apart = max(float((ours[name] - theirs[name]).abs()) for name in ours)
    fast = seconds_a_step(objective, made)
    with BASELINE:
        slow = seconds_a_step(objective, made)
    print(f"step: {fast:.2f} s, chunk by chunk {slow:.2f} s: {slow / fast:.2f} x")
    print(f"largest difference of a term, normalisations fixed: {apart:.1e}")


def logged(steps: int, processes: int) -> list[dict[str, float]]:
    """The rows of a real training's log, the first few left out."""
    alone = [sys.executable, "-m"]
    shared = [*alone, "torch.distributed.run", "--nproc-per-node", str(processes), "-m"]
    with tempfile.TemporaryDirectory() as folder:
        words = ["bench", "pretrain", "--recipe", str(RECIPE), "--out", folder]
        words += ["--set", "name=timed", "--device", "cpu", "--set", "train.validate=0"]
        words += ["--set", f"train.steps={steps + WARM_UP}"]
        launcher = alone if processes == 1 else shared
        subprocess.run([*launcher, *words], check=True, capture_output=True)
        lines = (Path(folder) / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[WARM_UP:]]


def main() -> None:
    """Print three figures."""
    steps = int(sys.argv[1]) if sys.argv[1:] else 6
    recipe = reading.load(RECIPE)
    print(f"{RECIPE}, batch {recipe.train.batch}, {torch.get_num_threads()} threads", flush=True)
    step(recipe, steps)
    one, two = logged(steps, 1), logged(steps, 2)
    busy = 1 - sum(row["waited"] for row in one) / sum(row["seconds"] for row in one)
    print(f"busy: {100 * busy:.1f} %")
    single, double = (median(row["seconds"] for row in rows) for rows in (one, two))
    print(f"one process {single:.2f} s, two {double:.2f} s a step: {single / double:.2f} x")


if __name__ == "__main__":
    main()
