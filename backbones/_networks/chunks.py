"""Features of all chunks of all clips of a batch, in one pass of the trunk."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from backbones._networks.trunk import Trunk

BatchNorm = (nn.BatchNorm1d, nn.BatchNorm2d)


def pooled(trunk: Trunk, audio: Tensor, *, checkpointing: bool = False) -> Tensor:
    """The trunk's pooled feature.

    Args:
        trunk: to run.
        audio: (batch, samples).
        checkpointing: compute it again in the backward pass, to save memory.

    Returns:
        (batch, trunk.dim), float32.
    """
    if not (checkpointing and torch.is_grad_enabled()):
        return _pool(trunk, audio)
    out: Tensor = checkpoint(
        *(_pool, trunk, audio), use_reentrant=False, context_fn=lambda: _contexts(trunk)
    )
    return out


def of_chunks(
    trunk: Trunk, audio: Tensor, present: Tensor, *, checkpointing: bool = False
) -> Tensor:
    """The trunk's feature of every chunk; padding never enters the trunk and stays zero.

    Args:
        trunk: to run.
        audio: (batch, chunks, samples).
        present: (batch, chunks), False for padding.
        checkpointing: see `pooled`.

    Returns:
        (batch, chunks, trunk.dim).
    """
    found = pooled(trunk, audio[present], checkpointing=checkpointing)
    out = found.new_zeros(*present.shape, found.shape[-1])
    return out.masked_scatter(present.unsqueeze(-1), found)


def _pool(trunk: Trunk, audio: Tensor) -> Tensor:
    feature: Tensor = trunk(audio)["pool"]
    return feature[:, 0].float()


def _contexts(trunk: Trunk) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """Of the forward pass, and of the second one, which must not count again."""
    return nullcontext(), _statistics_kept(trunk)


@contextmanager
def _statistics_kept(trunk: Trunk) -> Iterator[None]:
    """Leave the running statistics of the batch normalisations as they are."""
    norms = [module for module in trunk.modules() if isinstance(module, BatchNorm)]
    before = [{name: x.clone() for name, x in norm.named_buffers()} for norm in norms]
    try:
        yield
    finally:
        for norm, kept in zip(norms, before, strict=True):
            for name, x in kept.items():
                norm.get_buffer(name).copy_(x)
