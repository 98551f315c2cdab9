"""What a probe is asked to do, and what comes of it. Imports no torch."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from bench import kept, provenance
from bench.stretch import Stretch
from tasks import Kind, Scores, Split, Task, Truth

Hyper: TypeAlias = Mapping[str, str | float | bool]
"""A configuration of a probe, by name."""

Answers: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]
"""What probes say about clips, as `stacked` keeps it."""


class ProbeError(RuntimeError):
    """What went wrong in the process of a probe, in words: a plug-in's own error may not travel."""


def question(task: Task) -> tuple[str, ...]:
    """What a task asks: its kind, primary metric and labels, which doors infer from a table."""
    return (task.kind, task.primary.name, *task.labels)


@dataclass(frozen=True)
class Job:
    """All that a probe needs.

    Attributes:
        include: files of cards, and what doors were asked for.
        backbone: its name.
        task: its name.
        store: the folder of the features.
        keys: clip keys of each split.
        labels: of training and validation.
        protocol: its name.
        layer: the only one to use; None for the protocol's.
        trials: budget of the search.
        budget_seconds: of the search; None for no such end.
        seeds: of refits; the first is the search's.
        cache: where studies and results are kept.
        texts: (outputs, dim) of the labels, where the backbone reads them.
        question: see `question`.
        code: digest of what the task's metrics are made of.
        audio: of the clips of each split, where the backbone itself is trained.
        device: that it is trained on.
    """

    include: tuple[Path | str, ...]
    backbone: str
    task: str
    store: Path
    keys: Mapping[Split, tuple[str, ...]]
    labels: Mapping[Split, Truth]
    protocol: str
    layer: str | None
    trials: int
    budget_seconds: float | None
    seeds: tuple[int, ...]
    cache: Path
    question: tuple[str, ...]
    code: str
    texts: npt.NDArray[np.float32] | None = None
    audio: Mapping[Split, tuple[Stretch, ...]] = field(default_factory=dict)
    device: str = "cpu"

    @cached_property
    def folder(self) -> Path:
        """Where the study and its results are kept; named after all that a choice depends on."""
        key = provenance.digest(
            [
                *(self.store.name, self.task, self.protocol, self.layer, self.seeds[0], self.code),
                self.question,
                provenance.code_digest(Path(__file__).with_name("worker.py")),
                [version(package) for package in ("optuna", "torch")],
                {split: list(keys) for split, keys in self.keys.items()},
                {split: labels.tolist() for split, labels in self.labels.items()},
                None if self.texts is None else self.texts.tolist(),
            ]
        )
        return self.cache / key[:32]

    @property
    def name(self) -> str:
        """The result's file name: the study is shared by all budgets, the result is not."""
        clock = "" if self.budget_seconds is None else f"-{self.budget_seconds:g}-seconds"
        return f"{self.trials}-trials{clock}-{provenance.digest(self.seeds)[:16]}.zip"


@dataclass(frozen=True, slots=True)
class Variant:
    """A probe that was tested.

    Attributes:
        name: of a layer, or a number of examples; empty where there is one variant only.
        hyper: its configuration.
        validation: its score there; None where nothing is chosen.
        scores: (fits, clips, outputs) of test clips; one fit where seeds make no difference.
    """

    name: str
    hyper: Hyper
    validation: float | None
    scores: Answers


def stacked(kind: Kind, fits: Sequence[Scores]) -> Answers:
    """What probes say about the test clips, as it is kept: (fits, clips, outputs).

    Probabilities of tags are ranked, and in single precision all logits above 17 are one. What else
    there is has half the size.
    """
    scores = np.stack(fits)
    return scores if kind is Kind.MULTILABEL else scores.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Tried:
    """A trial, as the record lists it.

    Attributes:
        hyper: its configuration.
        score: on validation.
        pruned: whether it was ended early.
    """

    hyper: Hyper
    score: float
    pruned: bool


@dataclass(frozen=True, slots=True)
class Result:
    """A search, and what the probes that came of it say about the test clips.

    Attributes:
        variants: that were tested; the last one is the score of the pair.
        trials: all that were made.
        seconds: of the search and the refits [s].
        peak_memory_mb: of this process [MiB]; None where it cannot be read.
    """

    variants: tuple[Variant, ...]
    trials: tuple[Tried, ...]
    seconds: float
    peak_memory_mb: float | None

    @property
    def chosen(self) -> Variant:
        """The variant that is the score of the pair."""
        return self.variants[-1]


def save(result: Result, job: Job) -> None:
    """Store a result."""
    facts = asdict(result)
    scores = [variant.pop("scores") for variant in facts["variants"]]
    parts = {f"{index}.npy": kept.packed(array) for index, array in enumerate(scores)}
    parts["facts.json"] = json.dumps(facts, indent=1).encode()
    kept.write(job.folder / job.name, parts)


def load(job: Job) -> Result | None:
    """The stored result, if there is a sound one."""
    parts = kept.read(job.folder / job.name)
    if parts is None:
        return None
    facts = json.loads(parts["facts.json"])
    variants = tuple(
        Variant(**variant, scores=kept.unpacked(parts[f"{index}.npy"]))
        for index, variant in enumerate(facts.pop("variants"))
    )
    trials = tuple(Tried(**trial) for trial in facts.pop("trials"))
    return Result(variants, trials, **facts)
