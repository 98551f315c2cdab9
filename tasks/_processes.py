"""Processes that end when this one does."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent import futures
from contextlib import contextmanager
from functools import partial
from multiprocessing import active_children, get_context


@contextmanager
def interrupts_deferred() -> Iterator[None]:
    """Processes that are started now leave Ctrl-C to this one, from their first instruction.

    One that is pressed meanwhile comes afterwards. For the main thread.
    """
    pressed = []
    handler = signal.signal(signal.SIGINT, lambda number, _frame: pressed.append(number))
    if sys.platform != "win32":
        from multiprocessing import resource_tracker  # most commands do without

        resource_tracker.ensure_running()  # which, when it starts, lets interrupts through again
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # is inherited
    try:
        yield
    finally:
        if sys.platform != "win32":
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
        if pressed:
            signal.raise_signal(signal.SIGINT)


@contextmanager
def processes(
    size: int, initializer: Callable[[], None] | None = None, preloaded: Sequence[str] = ()
) -> Iterator["futures.ProcessPoolExecutor"]:
    """Processes that end at once when the run is interrupted.

    Args:
        size: how many.
        initializer: called first in each.
        preloaded: modules that take long to import. On Linux that is done once, in a process that
            these are forked from, now and later; it has neither threads at work nor a device.
    """
    forked = bool(preloaded) and sys.platform == "linux" and _is_served(preloaded)
    context = get_context("forkserver" if forked else "spawn")
    if forked:
        initializer = partial(_in_the_environment, dict(os.environ), initializer)
    pool = futures.ProcessPoolExecutor(size, mp_context=context, initializer=initializer)
    try:
        if forked:
            pool.submit(os.getpid)  # comes back when all is imported, and can be interrupted
        yield pool
    except BaseException:
        for process in active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _is_served(preloaded: Sequence[str]) -> bool:
    """Start the process that others are forked from, unless there is one; whether that can be.

    It imports from where this one does, for by itself it would look into the working folder first.
    """
    from multiprocessing import forkserver

    forkserver.set_forkserver_preload(list(preloaded))
    before = dict(os.environ)
    os.environ["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, sys.path))
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        with interrupts_deferred():
            forkserver.ensure_running()
    except OSError:  # the folder of temporary files can have no sockets, or too long a name
        return False
    finally:
        os.environ.clear()
        os.environ.update(before)
    return True


def _in_the_environment(
    environment: Mapping[str, str], initializer: Callable[[], None] | None
) -> None:
    """Begin with what the parent has now, not with what it had when it first forked."""
    os.environ.clear()
    os.environ.update(environment)
    if initializer is not None:
        initializer()
