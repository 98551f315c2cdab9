"""The one row a run writes: a JSON file, with the test predictions beside it."""

import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

VERSION: Literal[1] = 1

_DAMAGE = (
    *(OSError, EOFError, ValueError, KeyError, TypeError),
    *(RuntimeError, zipfile.BadZipFile, zlib.error),
)
"""What NumPy raises for a file that is not what it should be."""


class RecordError(ValueError):
    """A record or its predictions cannot be read."""


class _Part(BaseModel):
    """Plain data: no unknown fields, finite numbers only."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Score(_Part):
    """A metric on the test split.

    Attributes:
        value: mean over the seeds of the probe.
        low: lower end of the 95 % interval over groups of clips.
        high: upper end.
        error: standard error over groups of clips, by jackknife.
        seeds: the value for each seed.
    """

    value: float
    low: float
    high: float
    error: float
    seeds: tuple[float, ...] = Field(min_length=1)


class ClassScore(_Part):
    """The primary metric of one class, tag or target, on so many test clips."""

    value: float
    low: float
    high: float
    clips: int


class BackboneFacts(_Part):
    """What the board says about a backbone."""

    name: str
    family: str
    summary: str
    parameters: int
    paper: str
    licence: str
    weights_licence: str | None
    trained_on: tuple[str, ...]


class TaskFacts(_Part):
    """What the board says about a task."""

    name: str
    summary: str
    kind: str
    suites: tuple[str, ...]
    recorded: bool
    licence: str
    paper: str
    labels: tuple[str, ...]
    primary: str


Hyper: TypeAlias = Mapping[str, str | float | bool]
"""A configuration of a probe, by name."""


class Trial(_Part):
    """A configuration that was tried, and its score on validation."""

    hyper: Hyper
    score: float
    pruned: bool


class Search(_Part):
    """How the probe was chosen, on validation.

    Attributes:
        protocol: name.
        budget: trials, at most.
        seconds: that no trial was begun after; None for no such end.
        seeds: of the probe.
        chosen: the configuration.
        validation: its score; None where nothing is chosen.
        trials: all that were made.
    """

    protocol: str
    budget: int
    seconds: float | None
    seeds: tuple[int, ...]
    chosen: Hyper
    validation: float | None
    trials: tuple[Trial, ...]


class Variant(_Part):
    """One of several probes that were tested: a layer, or a number of examples.

    Attributes:
        name: of the layer, or the number.
        chosen: the configuration.
        validation: its score there; None where nothing is chosen.
        score: the primary metric.
    """

    name: str
    chosen: Hyper
    validation: float | None
    score: Score


class Clips(_Part):
    """How many clips were used, and which could not be.

    Attributes:
        train: to learn from.
        validation: to choose by.
        test: to score on; with folds all clips, each tested once.
        groups: of test clips.
        folds: that took turns; 0 for one split.
        skipped: clip id → why it could not be used.
    """

    train: int
    validation: int
    test: int
    groups: int
    folds: int = 0
    skipped: Mapping[str, str]


class Costs(_Part):
    """What the row took.

    Attributes:
        encode_seconds: in the encoder, for the clips of the task [s].
        real_time_factor: seconds of audio encoded a second.
        probe_seconds: of search and refits [s].
        peak_memory_mb: of the process that probed [MiB]; None where it cannot be read.
        device: the encoder ran on.
    """

    encode_seconds: float
    real_time_factor: float
    probe_seconds: float
    peak_memory_mb: float | None
    device: str


class Provenance(_Part):
    """What the row can be reproduced from; `reference` is what the task's door was asked for."""

    command: str
    commit: str | None
    machine: str
    packages: Mapping[str, str]
    features: str
    data: str
    weights: str | None
    precision: str
    reference: str = ""


class Record(_Part):
    """A backbone on a task."""

    version: Literal[1] = VERSION
    backbone: BackboneFacts
    task: TaskFacts
    scores: Mapping[str, Score]
    per_class: Mapping[str, ClassScore]
    variants: tuple[Variant, ...]
    clips: Clips
    search: Search
    leak: tuple[str, ...]
    costs: Costs
    provenance: Provenance

    @model_validator(mode="after")
    def _has_its_primary_score(self) -> Self:
        if self.task.primary not in self.scores:
            message = f"there is no score named {self.task.primary!r}, the task's primary metric"
            raise ValueError(message)
        return self

    @property
    def primary(self) -> Score:
        """The score that rows are ordered by."""
        return self.scores[self.task.primary]

    def to_json(self) -> str:
        """Sorted, indented, ending in a newline."""
        fields = self.model_dump(mode="json")
        return json.dumps(fields, indent=1, sort_keys=True, allow_nan=False) + "\n"


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a probe said about the test clips.

    Attributes:
        ids: (clips,) of the clips.
        groups: (clips,) that are resampled together.
        truth: (clips,) or (clips, outputs).
        scores: (fits, clips, outputs); one fit where seeds make no difference.
    """

    ids: npt.NDArray[np.str_]
    groups: npt.NDArray[np.str_]
    truth: npt.NDArray[np.float64] | npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32] | npt.NDArray[np.float64]

    def to_npz(self) -> bytes:
        """A compressed .npz file without pickles."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer, ids=self.ids, groups=self.groups, truth=self.truth, scores=self.scores
        )
        return buffer.getvalue()

    @classmethod
    def load(cls, path: Path) -> "Predictions":
        """Read what `to_npz` gave.

        Raises:
            RecordError: the file is missing or damaged.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                found = cls(*(arrays[name] for name in ("ids", "groups", "truth", "scores")))
            parts = (found.ids, found.groups, found.truth)
            clips = {*(len(part) for part in parts), *found.scores.shape[1:2]}
        except _DAMAGE as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            message = f"{path} does not hold predictions: {reason}; run the pair again"
            raise RecordError(message) from error
        if len(clips) != 1:
            message = f"{path} does not hold predictions of as many clips: {sorted(clips)}"
            raise RecordError(message)
        return found


def read(path: Path) -> Record:
    """Parse one record.

    Raises:
        RecordError: it is not one, or of another version.
    """
    try:
        return Record.model_validate_json(path.read_bytes())
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise RecordError(message) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        if where == "version":
            reason = f"it has record version {first['input']}, expected {VERSION}"
        else:
            reason = f"{where or 'JSON'}: {first['msg']}"
        message = f"{path} is no record: {reason}; run the pair again, or move the file away"
        raise RecordError(message) from error


def paths(results: Path) -> Iterable[Path]:
    """Every record file under a results folder, sorted."""
    return sorted(results.rglob("*.json"))


def place(results: Path, protocol: str, task: str, backbone: str) -> Path:
    """Where the record of a pair lies: `<results>/<protocol>/<task>/<backbone>.json`."""
    return results / protocol / task / f"{backbone}.json"
