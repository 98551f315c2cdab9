"""AdamW, and how its rate goes."""

import math

import torch
from torch import nn

from bench import decay
from bench.pretrain.recipe import Schedule, TrainRecipe


def build(model: nn.Module, recipe: TrainRecipe) -> torch.optim.AdamW:
    """AdamW over all that is trained (Loshchilov and Hutter, ICLR 2019)."""
    return torch.optim.AdamW(decay.groups(model, recipe.decay), recipe.rate, recipe.betas)


def rate(step: int, recipe: TrainRecipe) -> float:
    """The learning rate of a step, counted from 0: it rises linearly, then falls towards 0.

    It would be 0 one step after the last. With `Schedule.CONSTANT` it stays.
    """
    warm = round(recipe.warmup * recipe.steps)
    if step < warm:
        return recipe.rate * (step + 1) / warm
    gone = (step - warm) / max(recipe.steps - warm, 1)
    factors = {
        Schedule.LINEAR: 1 - gone,
        Schedule.COSINE: (1 + math.cos(math.pi * gone)) / 2,
        Schedule.CONSTANT: 1.0,
    }
    return recipe.rate * factors[recipe.schedule]
