"""How trainings went, from their logs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Log = Sequence[Mapping[str, Any]]
POINTS = 60
"""Of a curve at most: means over as many stretches of the training."""

_OTHER = {"step", "loss", "spread", "rate", "gradient", "seconds", "waited", "validation"}


def terms(log: Log) -> list[str]:
    """Names of the terms of the loss."""
    return [name for name in log[0] if name not in _OTHER] if log else []


def smooth(logs: Sequence[Log], name: str) -> tuple[npt.NDArray[np.float64], ...]:
    """Steps and a number of the log, means over trainings of one length and over stretches."""
    values = np.array([[row[name] for row in log] for log in logs], dtype=np.float64).mean(axis=0)
    parts = np.array_split(np.arange(len(values)), min(POINTS, len(values)))
    steps = np.array([float(part.mean()) + 1 for part in parts])
    return steps, np.array([float(values[part].mean()) for part in parts])


def validations(logs: Sequence[Log], name: str) -> tuple[npt.NDArray[np.float64], ...]:
    """Steps and a number of the validations, means over trainings."""
    rows = [
        {row["step"]: row["validation"] for row in log if row.get("validation")} for log in logs
    ]
    steps = sorted(set.intersection(*(set(each) for each in rows)))
    means = [float(np.mean([each[step][name] for each in rows])) for step in steps]
    return np.array(steps, dtype=np.float64), np.array(means)


def lowest(log: Log) -> int | None:
    """The step of the lowest loss on validation; None without a validation."""
    losses = {row["step"]: row["validation"]["loss"] for row in log if row.get("validation")}
    return min(losses, key=lambda step: losses[step]) if losses else None
