"""Processes that end when this one does."""

import signal
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from multiprocessing import active_children, get_context


@contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Processes that are started now leave Ctrl-C to this one, from their first instruction."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def processes(
    size: int, initializer: Callable[[], None] | None = None
) -> Iterator["futures.ProcessPoolExecutor"]:
    """Processes that end at once when the run is interrupted."""
    context = get_context("spawn")
    pool = futures.ProcessPoolExecutor(size, mp_context=context, initializer=initializer)
    try:
        yield pool
    except BaseException:
        for process in active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
