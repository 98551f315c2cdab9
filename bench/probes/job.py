"""What a probe is asked to do, and what comes of it. Imports no torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench import provenance
from tasks import Split, Truth


@dataclass(frozen=True)
class Job:
    """All that a probe needs.

    Attributes:
        include: files of cards.
        backbone: its name.
        task: its name.
        store: the folder of the features.
        keys: clip keys of each split.
        labels: of training and validation.
        protocol: its name.
        layer: the only one to use; None for the protocol's.
        trials: budget of the search.
        seeds: of refits; the first is the search's.
        cache: where studies and results are kept.
        code: digest of what the task's metrics are made of.
    """

    include: tuple[Path, ...]
    backbone: str
    task: str
    store: Path
    keys: Mapping[Split, tuple[str, ...]]
    labels: Mapping[Split, Truth]
    protocol: str
    layer: str | None
    trials: int
    seeds: tuple[int, ...]
    cache: Path
    code: str

    @cached_property
    def folder(self) -> Path:
        """Where the study and its results are kept; named after all that a choice depends on."""
        key = provenance.digest(
            [
                *(self.store.name, self.task, self.protocol, self.layer, self.seeds[0], self.code),
                provenance.code_digest(Path(__file__).with_name("worker.py")),
                [version(package) for package in ("optuna", "torch")],
                {split: list(keys) for split, keys in self.keys.items()},
                {split: labels.tolist() for split, labels in self.labels.items()},
            ]
        )
        return self.cache / key[:32]

    @property
    def name(self) -> str:
        """The result's file name: the study is shared by all budgets, the result is not."""
        return f"{self.trials}-trials-{'-'.join(map(str, self.seeds))}"


@dataclass(frozen=True, slots=True)
class Result:
    """A chosen probe and what it says about the test clips.

    Attributes:
        hyper: the choice.
        validation: its score there.
        seconds: of the search and the refits [s].
        peak_memory_mb: of this process [MiB]; None where it cannot be read.
        scores: (fits, clips, outputs); one fit where seeds make no difference.
    """

    hyper: Mapping[str, str | float | bool]
    validation: float
    seconds: float
    peak_memory_mb: float | None
    scores: npt.NDArray[np.float32]


def load(job: Job) -> Result | None:
    """The stored result, if there is one."""
    path = job.folder / f"{job.name}.json"
    if not path.is_file():
        return None
    return Result(**json.loads(path.read_bytes()), scores=np.load(path.with_suffix(".npy")))
