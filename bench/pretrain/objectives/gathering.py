"""Rows of all processes, for losses that compare each item with all others."""

from typing import Any

import torch
from torch import Tensor, distributed


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(_: Any, x: Tensor) -> Tensor:  # noqa: ANN401 — torch's context has no type
        parts = [torch.empty_like(x) for _ in range(distributed.get_world_size())]
        distributed.all_gather(parts, x.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:  # noqa: ANN401
        """Every process has a loss over all rows, so each row's gradient is the sum of theirs."""
        total = gradient.contiguous().clone()
        distributed.all_reduce(total)
        return total.chunk(distributed.get_world_size())[distributed.get_rank()]


def gathered(x: Tensor) -> Tensor:
    """The rows of every process in the order of their ranks.

    `x` itself where there is one process, and in validation, where each does all by itself.

    The gradient is that of the sum of all processes' losses, which data-parallel training then
    averages: the same as one process would have with the whole batch.

    Args:
        x: (rows, dim), of one shape everywhere.
    """
    alone = not distributed.is_initialized() or distributed.get_world_size() == 1
    if alone or not torch.is_grad_enabled():
        return x
    out: Tensor = _Gather.apply(x)
    return out
