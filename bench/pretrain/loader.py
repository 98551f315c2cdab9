"""Batches of the steps to come, made by threads while the network computes."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from bench.pretrain.objectives import Batch
from bench.pretrain.order import indices
from bench.pretrain.views import View, Views, collate

AHEAD = 3
"""Steps whose views are made at once."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one process does of every step.

    Two processes with one piece each have the pieces of one process with two.

    Attributes:
        rank: from 0.
        world: number of processes.
        pieces: batches that its share is split into.
    """

    rank: int = 0
    world: int = 1
    pieces: int = 1


def batches(
    views: Views, steps: range, batch: int, part: Part, threads: int
) -> Generator[list[Batch]]:
    """For each step the batches of this process, in order.

    Args:
        views: of the training split.
        steps: which.
        batch: items a step, over all processes.
        part: which of them are this process's.
        threads: that make views.

    Raises:
        CorpusError: an item's audio cannot be used.
    """
    padding = views.words.padding if views.words else 0
    waiting: deque[list[Future[View]]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for step in range(steps.start, steps.stop + AHEAD):
            if step < steps.stop:
                chosen = indices(views.recipe.seed, step, batch, len(views.items))
                share = batch // part.world
                mine = chosen[part.rank * share :][:share].tolist()
                waiting.append([pool.submit(views.view, step, index) for index in mine])
            if step >= steps.start + AHEAD:
                made = [future.result() for future in waiting.popleft()]
                size = len(made) // part.pieces
                yield [collate(made[i : i + size], padding) for i in range(0, len(made), size)]
    finally:
        pool.shutdown(cancel_futures=True)


def validation(views: Views, batch: int) -> Iterator[Batch]:
    """Batches of one size, the same every time; fewer items than that are one batch."""
    padding = views.words.padding if views.words else 0
    items = len(views.items)
    size = min(batch, items) or 1
    for start in range(0, items - size + 1, size):
        yield collate([views.view(0, start + i) for i in range(size)], padding)
