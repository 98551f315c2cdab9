"""Penalties solved side by side, against one after the other from the solution before.

    python benchmarks/path.py [--threads 1]

The same solver three times on synthetic embeddings: all eight penalties in one batch, as the probes
do; one at a time, each from the base rates; one at a time from the strongest penalty on, each from
the solution before it (a warm start). CPU seconds, the best of several rounds; ratios to the batch.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from unittest.mock import patch

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from bench.probes import convex
from bench.probes.basis import Basis
from bench.probes.convex import Objective

PENALTIES = 10.0 ** -torch.arange(-2, 6)
"""Times clips; the strongest first."""

ROUNDS = 3

SHAPES = ((600, 753, 20), (4000, 256, 50), (20_000, 256, 50))
"""Clips, dimensions, tags."""

Solve = Callable[[Tensor], object]


@dataclass
class Warm:
    """Takes the place of `convex.minimise`, and begins where the call before it ended."""

    solve: Callable[[Objective, Tensor, Tensor], Tensor]
    before: list[Tensor] = field(default_factory=list)

    def __call__(self, objective: Objective, start: Tensor, curvature: Tensor) -> Tensor:
        """See `convex.minimise`."""
        found = self.solve(objective, self.before[-1] if self.before else start, curvature)
        self.before.append(found)
        return found


def made(clips: int, dim: int, tags: int) -> tuple[Tensor, Tensor, Tensor]:
    """Features on their axes, their variances, and tags of 30 % down to 1 %."""
    generator = torch.Generator().manual_seed(0)
    latent = torch.randn(clips, dim, generator=generator) / torch.arange(1, dim + 1) ** 0.5
    basis = Basis.of(latent, standardise=True)
    z = basis(latent)
    signal = latent @ torch.randn(dim, tags, generator=generator)
    noisy = signal + torch.randn(clips, tags, generator=generator)
    rates = torch.logspace(-0.5, -2, tags)
    edges = [noisy[:, tag].quantile(1 - rates[tag]) for tag in range(tags)]
    return z, basis.spectrum, (noisy > torch.stack(edges)).to(z)


def together(solve: Solve, penalties: Tensor) -> None:
    """All in one batch."""
    solve(penalties)


def alone(solve: Solve, penalties: Tensor) -> None:
    """One at a time, each from the base rates."""
    for penalty in penalties:
        solve(penalty[None])


def warm(solve: Solve, penalties: Tensor) -> None:
    """One at a time, each from the solution before."""
    with patch.object(convex, "minimise", Warm(convex.minimise)):
        alone(solve, penalties)


def seconds(way: Callable[[Solve, Tensor], None], solve: Solve, penalties: Tensor) -> float:
    """CPU seconds, the best of several rounds."""
    taken = []
    for _ in range(ROUNDS):
        started = time.process_time()
        way(solve, penalties)
        taken.append(time.process_time() - started)
    return min(taken)


def report(name: str, solve: Solve, penalties: Tensor) -> None:
    """Print how long each way takes."""
    batch, cold, path = (seconds(way, solve, penalties) for way in (together, alone, warm))
    print(f"{name}: batch {batch:.2f} s, one by one {cold / batch:.2f}x, warm {path / batch:.2f}x")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, default=1)
    threads = parser.parse_args().threads
    torch.set_num_threads(threads)
    with threadpool_limits(threads):
        for clips, dim, tags in SHAPES:
            z, spectrum, y = made(clips, dim, tags)
            penalties = PENALTIES.to(z) / clips
            report(
                f"{clips:,} × {dim}, {tags} tags", partial(convex.binary, z, spectrum, y), penalties
            )
            classes = partial(convex.multinomial, z, spectrum, y.argmax(1), tags)
            report(f"{clips:,} × {dim}, {tags} classes", classes, penalties)


if __name__ == "__main__":
    main()
