"""The processes that train together: one, or those that torchrun started."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True, slots=True)
class World:
    """This process among all.

    Attributes:
        device: to compute on.
        rank: from 0.
        size: number of processes.
    """

    device: torch.device
    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    def wrap(self, objective: nn.Module, *, sharded: bool) -> nn.Module:
        """Make the objective's gradients those of all processes.

        Args:
            objective: on its device.
            sharded: split weights and the optimiser's state over the processes (FSDP2), rather
                than copy them to each (DDP).
        """
        if self.size == 1:
            return objective
        if sharded:
            fully_shard(objective)
            return objective
        # A single term may leave the last layers of one of MuLaP's streams without a gradient.
        return DistributedDataParallel(objective, find_unused_parameters=True)

    def mean(self, values: Tensor) -> Tensor:
        """The mean over processes."""
        if self.size > 1:
            distributed.all_reduce(values)
        return values / self.size

    def wait(self) -> None:
        """Until all processes are here."""
        if self.size > 1:
            distributed.barrier()


def accumulating(wrapped: nn.Module, *, last: bool) -> AbstractContextManager[None]:
    """Exchange gradients only with the last piece of a step."""
    if isinstance(wrapped, FSDPModule):
        wrapped.set_requires_gradient_sync(last)
    if isinstance(wrapped, DistributedDataParallel) and not last:
        return wrapped.no_sync()
    return nullcontext()


def share_buffers(wrapped: nn.Module) -> None:
    """Give all processes the first one's running statistics, as DDP does before every step."""
    if isinstance(wrapped, FSDPModule):
        for buffer in wrapped.buffers():
            distributed.broadcast(buffer, 0)


def split_again(wrapped: nn.Module) -> None:
    """Split weights that a forward pass without a backward pass left whole.

    Those that are whole are other objects than those that the optimiser knows.
    """
    if isinstance(wrapped, FSDPModule):
        wrapped.reshard()


@contextmanager
def joined(device: str) -> Iterator[World]:
    """Meet the other processes, if torchrun started this one.

    Args:
        device: `cpu`, `cuda` or another of torch's names.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        yield World(torch.device(device))
        return
    local = torch.device(f"cuda:{os.environ['LOCAL_RANK']}" if device == "cuda" else device)
    if local.type == "cuda":
        torch.cuda.set_device(local)
    distributed.init_process_group("nccl" if local.type == "cuda" else "gloo")
    try:
        yield World(local, distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()
