"""A process that probes: what it needs is imported there, not in its parent."""

import multiprocessing
import os
import signal
import sys
import threading

from bench.probes.job import Job, Result

PRELOADED = ("bench.probes.worker",)
"""What takes long to import."""


def prepare() -> None:
    """Use one thread, for processes share the cores; leave Ctrl-C to the parent, end with it.

    What a plug-in prints here is no output of the command.
    """
    os.dup2(sys.stderr.fileno(), 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    for library in ("OPENBLAS", "MKL", "OMP"):  # for what is loaded after this
        os.environ[f"{library}_NUM_THREADS"] = "1"
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    threadpool_limits(1)


def run(job: Job) -> Result:
    """See `worker.run`."""
    from bench.probes import worker

    return worker.run(job)


def _end_with_the_parent() -> None:
    """A parent that is killed cannot tell its children."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
