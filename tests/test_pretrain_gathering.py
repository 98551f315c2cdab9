"""A contrastive loss over two processes is that of one with the whole batch."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, distributed, nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

from backbones._networks.seeded import seeded
from bench.pretrain.objectives.gathering import gathered
from bench.pretrain.objectives.simclr import nt_xent

ITEMS = 8
SECOND = """
import sys
from tests.test_pretrain_gathering import two_processes
two_processes(sys.argv[1], 1)
"""


def model() -> nn.Module:
    return seeded(0, lambda: nn.Linear(6, 4))


def views() -> Tensor:
    return torch.randn(2, ITEMS, 6, generator=torch.Generator().manual_seed(1))


def loss(network: nn.Module, both: Tensor) -> Tensor:
    first, second = (functional.normalize(network(x), dim=1) for x in both)
    return nt_xent(gathered(first), gathered(second), 0.5)


def two_processes(meeting: str, rank: int) -> tuple[float, Tensor]:
    """The loss, and the gradient, as one of two processes has them."""
    distributed.init_process_group("gloo", f"file://{meeting}", rank=rank, world_size=2)
    try:
        wrapped = DistributedDataParallel(model())
        found = loss(wrapped, views()[:, rank * ITEMS // 2 :][:, : ITEMS // 2])
        found.backward()
        with torch.no_grad():
            assert gathered(found[None]).shape == (1,)
        return found.item(), wrapped.module.weight.grad
    finally:
        distributed.destroy_process_group()


def test_two_processes_have_the_loss_and_gradient_of_one(tmp_path: Path) -> None:
    meeting = str(tmp_path / "meeting")
    root = Path(__file__).parents[1]
    words = [sys.executable, "-c", SECOND, meeting]
    other = subprocess.Popen(words, cwd=root, stderr=subprocess.PIPE, text=True)
    value, gradient = two_processes(meeting, 0)
    _, err = other.communicate(timeout=60)
    assert other.returncode == 0, err
    alone = model()
    whole = loss(alone, views())
    whole.backward()
    assert value == pytest.approx(whole.item())
    torch.testing.assert_close(gradient, alone.get_parameter("weight").grad)
