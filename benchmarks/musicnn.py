"""Speed of the MusiCNN encoder, against a matrix product and against a plain port.

Run `python benchmarks/musicnn.py [threads]`. Everything is timed in one process with the same
number of threads; rounds are interleaved and the best of each kind counts.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from backbones._networks.musicnn import Branch, MusiCNN
from backbones._networks.seeded import seeded
from backbones._torch import TorchEncoder

PATCHES = 16
ROUNDS = 5
SIDE = 2048


class PlainBranch(nn.Module):
    """A branch as it is written down: every step on every frequency, default memory layout.

    Args:
        branch: whose weights to use.
    """

    def __init__(self, branch: Branch) -> None:
        super().__init__()
        self.conv, self.norm = branch.conv, branch.norm

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 1, frames, mels) → (batch, frames, channels)."""
        frames = self.conv.kernel_size[0]
        y = self.conv(functional.pad(x, (0, 0, (frames - 1) // 2, frames // 2))).relu()
        norm = self.norm
        y = functional.batch_norm(
            y, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps
        )
        return y.amax(dim=3).transpose(1, 2)


def plain(network: MusiCNN) -> MusiCNN:
    """The same weights in plain branches."""
    for branches in (network.timbral, network.temporal, network.middle):
        for i, branch in enumerate(branches):
            if isinstance(branch, Branch):
                branches[i] = PlainBranch(branch)
    return network


def network() -> MusiCNN:
    """Random weights, with factors of both signs in the normalisations."""

    def make() -> MusiCNN:
        net = MusiCNN()
        for name, weight in net.named_parameters():
            if "norm.weight" in name:
                nn.init.uniform_(weight, -1, 1)
        return net

    return seeded(0, make)


def best(kinds: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Shortest time of each kind [s] over interleaved rounds, after one to warm up."""
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(ROUNDS + 1):
        for name, run in kinds.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: min(seconds[1:]) for name, seconds in times.items()}


def flop() -> float:
    """Of one 3 s patch [GFLOP]: convolutions and dense layers; spectrogram and rest left out."""
    patch = torch.zeros(1, 187, 96)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        plain(network()).eval().tags(patch)
    return float(counter.get_total_flops()) / 1e9


def main() -> None:
    """Print the figures; fail if both encoders disagree."""
    if sys.argv[1:]:
        torch.set_num_threads(int(sys.argv[1]))
    audio = np.random.default_rng(0).uniform(-0.5, 0.5, (PATCHES, 48_000)).astype(np.float32)
    encoder = TorchEncoder(network())
    reference = TorchEncoder(plain(network()), rows=PATCHES)
    matrix = torch.rand(SIDE, SIDE)
    for name, expected in reference.encode(audio).items():
        np.testing.assert_allclose(encoder.encode(audio)[name], expected, atol=1e-5, err_msg=name)
    seconds = best(
        {
            "encoder": lambda: encoder.summarise(audio),
            "plain port": lambda: reference.summarise(audio),
            "product": lambda: matrix @ matrix,
        }
    )
    product = 2 * SIDE**3 / seconds["product"] / 1e9
    work = flop() * PATCHES
    print(f"threads          {torch.get_num_threads()}")
    print(f"work             {work / PATCHES:.2f} GFLOP a patch of 3 s")
    for name in ("encoder", "plain port"):
        took = seconds[name]
        print(
            f"{name:<16} {PATCHES / took:.1f} patches/s, {3 * PATCHES / took:.0f} x real time, "
            f"{work / took:.0f} GFLOP/s, {work / took / product:.0%} of the product's rate"
        )
    print(f"{SIDE}^3 product   {product:.0f} GFLOP/s")
    print(f"gain             {seconds['plain port'] / seconds['encoder']:.2f} x the plain port")
    print("outputs          equal to 1e-5")


if __name__ == "__main__":
    main()
