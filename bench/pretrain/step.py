"""One step of training: forward, backward, what is watched, update."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor
from torch.amp.grad_scaler import GradScaler
from torch.nn.utils import clip_grad_norm_

from backbones import Precision
from backbones._networks.trunk import Trunk
from bench.errors import UserError
from bench.pretrain import optimiser
from bench.pretrain.objectives import Batch, Terms
from bench.pretrain.objectives.weighted import Weighted
from bench.pretrain.recipe import Recipe
from bench.pretrain.state import whole
from bench.pretrain.world import World, accumulating, share_buffers, split_again
from bench.store import write_atomically

DTYPES = {Precision.BF16: torch.bfloat16, Precision.FP16: torch.float16}
DROPOUT = 3
"""Tells the draws of dropout from those of order and views."""

Numbers: TypeAlias = dict[str, float]


class TrainingError(UserError):
    """Training cannot go on."""


class Spread:
    """Watches how much the trunk's features differ between chunks.

    Features that are all alike make masked audio modelling easy, and are of no use.

    Args:
        trunk: every forward pass of it is seen.
    """

    def __init__(self, trunk: Trunk) -> None:
        self._seen: list[Tensor] = []
        trunk.register_forward_hook(lambda _m, _i, out: self._seen.append(out["pool"].detach()))

    def forget(self) -> None:
        """Begin anew."""
        self._seen.clear()

    def value(self) -> Tensor:
        """Mean over dimensions of the standard deviation over chunks; NaN for a single chunk."""
        features = torch.cat(self._seen)[:, 0].float()
        spread = features.std(0, correction=0).mean()
        return spread if len(features) > 1 else spread.new_tensor(math.nan)


class Stepper:
    """Does steps.

    Args:
        recipe: of the training.
        objective: on the world's device.
        trunk: within it.
        world: all processes.
        sharded: see `World.wrap`.
    """

    def __init__(
        self, recipe: Recipe, objective: Weighted, trunk: Trunk, world: World, *, sharded: bool
    ) -> None:
        self.recipe, self.objective, self.world = recipe, objective, world
        self.wrapped = world.wrap(objective, sharded=sharded)
        self.optimiser = optimiser.build(objective, recipe.train)
        self.mixed = DTYPES.get(recipe.train.precision)
        self.scaler = GradScaler(world.device.type, enabled=self.mixed is torch.float16)
        self.spread = Spread(trunk)

    def train(self, step: int, pieces: Sequence[Batch], folder: Path) -> Numbers:
        """One update of the weights.

        Args:
            step: from 0.
            pieces: this process's share of the batch.
            folder: where the batch is put if training has to stop.

        Returns:
            `loss`, every term, `spread`, `rate`, and `gradient`, its norm before clipping. Terms
            are means over the examples of all pieces and processes: but for normalisation, how a
            batch is taken apart makes no other loss.

        Raises:
            TrainingError: the loss or its gradient is not finite, or features have collapsed.
        """
        rate = optimiser.rate(step, self.recipe.train)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad()
        first = self.world.rank * len(pieces)
        parts = []
        for index, (piece, share) in enumerate(zip(pieces, self._shares(pieces), strict=True)):
            self._draw(step, first + index)
            with accumulating(self.wrapped, last=index == len(pieces) - 1):
                terms, spread = self._forward(piece)
                part = self._weighed(share * terms, spread / len(pieces))
                self.scaler.scale(part[0]).backward()
            parts.append(part.detach())
        found = self._named(torch.stack(parts).sum(0))
        found |= {"rate": rate, "gradient": self._clipped()}
        reason = self._lost(found)
        if reason:
            file = folder / f"batch-{step + 1}-{self.world.rank}.safetensors"
            tensors = {f"{i} {k}": x for i, part in enumerate(pieces) for k, x in part.items()}
            write_atomically(file, save(tensors))
            message = f"step {step + 1}: {reason}; the batch is in {file}"
            raise TrainingError(message)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        return found

    @torch.no_grad()
    def validate(self, batches: Iterable[Batch]) -> Numbers:
        """Means of the same over batches, without dropout; without batches nothing."""
        self.objective.eval()
        share_buffers(self.wrapped)
        found = [(*self._forward(batch), self._counts(batch)) for batch in batches]
        split_again(self.wrapped)
        self.objective.train()
        if not found:
            return {}
        terms, spreads, counts = (torch.stack(each) for each in zip(*found, strict=True))
        means = (terms * counts).sum(0) / counts.sum(0).clamp(min=1)
        return self._named(self._weighed(means, spreads.mean()))

    def _draw(self, step: int, piece: int) -> None:
        """Dropout depends on nothing but the seed, the step and the piece."""
        sequence = np.random.SeedSequence([self.recipe.seed, DROPOUT, step, piece])
        torch.manual_seed(int(sequence.generate_state(1)[0]))

    def _counts(self, batch: Batch) -> Tensor:
        """(terms,): how many examples each is the mean of."""
        counts = self.objective.counts(batch)
        return torch.stack([counts[name] for name in self.objective.weights]).to(
            self.world.device, torch.float32
        )

    def _shares(self, pieces: Sequence[Batch]) -> Tensor:
        """(pieces, terms): what a piece counts for in the mean of all pieces of all processes.

        Gradients are averaged over processes, so shares of one process add up to 1 on average.
        """
        counts = torch.stack([self._counts(piece) for piece in pieces])
        return counts / self.world.mean(counts.sum(0)).clamp(min=1e-6)

    def _forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(terms,), not weighted, and the spread."""
        device = self.world.device
        there = {name: x.to(device, non_blocking=True) for name, x in batch.items()}
        self.spread.forget()
        with torch.autocast(device.type, self.mixed, enabled=self.mixed is not None):
            terms: Terms = self.wrapped(there)
        found = torch.stack([terms[name].float() for name in self.objective.weights])
        return found, self.spread.value()

    def _weighed(self, terms: Tensor, spread: Tensor) -> Tensor:
        """(2 + terms,): the loss, the terms, the spread."""
        loss = self.objective.total(dict(zip(self.objective.weights, terms, strict=True)))
        return torch.cat([loss[None], terms, spread[None]])

    def _named(self, values: Tensor) -> Numbers:
        """The same by name, as means over processes."""
        names = ("loss", *self.objective.weights, "spread")
        return dict(zip(names, self.world.mean(values.detach()).tolist(), strict=True))

    def _clipped(self) -> float:
        """Scale the gradient down to the recipe's norm; its norm before."""
        self.scaler.unscale_(self.optimiser)
        most = self.recipe.train.clip or math.inf
        return whole(clip_grad_norm_(self.objective.parameters(), most)).item()

    def _lost(self, found: Numbers) -> str | None:
        """Why training cannot go on; None if it can. An overflow of fp16's scale is no reason."""
        watched = {"loss", *self.recipe.weights}
        watched |= set() if self.scaler.is_enabled() else {"gradient"}
        wrong = [name for name, x in found.items() if name in watched and not math.isfinite(x)]
        if wrong:
            return f"not finite: {', '.join(wrong)}"
        least = self.recipe.train.collapse
        if found["spread"] < least:
            return (
                f"the trunk's features have collapsed: they spread by {found['spread']:.1e}, less "
                f"than train.collapse, {least:g}"
            )
        return None
