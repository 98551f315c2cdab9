"""Random weights that depend on a seed and on nothing else."""

from collections.abc import Callable
from typing import TypeVar

import torch

T = TypeVar("T")


def seeded(seed: int, make: Callable[[], T]) -> T:
    """Call `make` with PyTorch's CPU generator at `seed`, and put the generator back after."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()
