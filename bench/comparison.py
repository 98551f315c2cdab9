"""Two backbones, task by task: how they differ and whether that is more than noise."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench import statistics
from bench.errors import UserError
from bench.registry import Registry, UnknownNameError
from bench.rows import Rows, of_board, of_clips, reopened
from bench.statistics import Samples
from leaderboard import records
from leaderboard.records import Predictions, Record
from tasks import Kind

DECIDED = {Kind.MULTICLASS, Kind.KEY}
"""Kinds whose predictions are right or wrong."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first backbone minus the second, on one task.

    Attributes:
        task: name.
        metric: primary one of the task.
        value: difference of the scores.
        low: lower end of its 95 % interval, by paired bootstrap over groups; no difference that
            the bounds of the metric do not allow.
        high: upper end.
        p: of no difference, Holm-corrected for all pairs of rows of the task.
        groups: of test clips.
        floor: the p-value before correction, where it is the smallest that so few groups can give;
            else None.
        mcnemar: the same by McNemar's exact test of right and wrong answers; None where clips
            share groups, which it does not know, or answers are not right or wrong.
        detectable: the difference that is found 80 times in 100 on this task.
    """

    task: str
    metric: str
    value: float
    low: float
    high: float
    p: float
    groups: int
    floor: float | None
    mcnemar: float | None
    detectable: float


def compare(
    board: Path, registry: Registry, pair: tuple[str, str], protocol: str
) -> list[Difference]:
    """Every task that both have rows on, scored on the same clips.

    Raises:
        BoardError: a record is damaged.
        UnknownNameError: the board has no row of a backbone.
        UserError: there is no task that both were scored on.
    """
    by_protocol = of_board(board, registry)
    rows = by_protocol.get(protocol, {})
    if not rows:
        others = " or ".join(f"--protocol {name}" for name in sorted(by_protocol))
        how = f"it has those of {others}" if others else f"`bench run --board {board}` makes some"
        message = f"{board} has no row of {protocol}; {how}"
        raise UserError(message)
    known = sorted({backbone for _, backbone in rows})
    for name in pair:
        if name not in known:
            raise UnknownNameError(name, f"row of {protocol} on {board}", known)
    found = []
    for task in sorted({task for task, _ in rows}):
        asked = {rows[task, name].clips for name in pair if (task, name) in rows}
        compared = of_clips(task, rows, asked.pop()) if len(asked) == 1 else {}
        if set(pair) <= set(compared):
            each = _difference(task, rows, compared, pair, board)
            found.append(_possible(each, rows[task, pair[0]].record, registry))
    if not found:
        message = f"{pair[0]} and {pair[1]} were not scored on the same clips: {_why(rows, pair)}"
        raise UserError(message)
    return found


def _why(rows: Rows, pair: tuple[str, str]) -> str:
    """Why no task compares two backbones, and what to do."""
    one, two = ({task for task, backbone in rows if backbone == name} for name in pair)
    strange = sorted(task for task in one & two if rows[task, pair[0]].samples is None)
    if not one & two:
        return f"{pair[0]} has rows of {', '.join(sorted(one))}, {pair[1]} of others"
    if len(strange) == len(one & two):
        return f"{', '.join(strange)} is not known here; name its file with --include"
    other = ", ".join(sorted((one & two) - {*strange}))
    return f"of {other} one left out others as bad audio, or has an older version; run both again"


def _difference(
    task: str, rows: Rows, compared: Mapping[str, Samples], pair: tuple[str, str], board: Path
) -> Difference:
    names, samples = list(compared), list(compared.values())
    taken = [rows[task, name].record for name in names]
    groups = rows[task, names[0]].groups
    values = [record.primary.value for record in taken]
    one, two = (names.index(name) for name in pair)
    p = statistics.paired_p_values(values, samples, groups)
    value, low, high = statistics.difference(
        (values[one], values[two]), (samples[one], samples[two]), groups
    )
    files = [
        records.place(board / "results", record.search.protocol, task, name).with_suffix(".npz")
        for record, name in zip(taken, names, strict=True)
    ]
    number = taken[0].clips.groups
    floor = statistics.least_p_value(number)
    independent = number == taken[0].clips.test and taken[0].task.kind in DECIDED
    return Difference(
        task=task,
        metric=taken[0].task.primary,
        value=value,
        low=low,
        high=high,
        p=_corrected(p)[one, two],
        groups=number,
        floor=floor if p[one, two] <= floor else None,
        mcnemar=float(_corrected(_mcnemar(files))[one, two]) if independent else None,
        detectable=statistics.detectable(samples, groups),
    )


def _possible(found: Difference, record: Record, registry: Registry) -> Difference:
    """With an interval that ends where the primary metric's bounds do."""
    entry = reopened(record, registry)
    if isinstance(entry, str):
        return found
    lowest, highest = entry.card.primary.bounds
    span = highest - lowest
    return replace(found, low=max(found.low, -span), high=min(found.high, span))


def _mcnemar(files: list[Path]) -> npt.NDArray[np.float64]:
    """P-values of all pairs; the seeds of a row vote."""
    right = []
    for file in files:
        found = Predictions.load(file)
        right.append((found.scores.mean(0).argmax(1) == found.truth).tolist())
    p = np.ones((len(files), len(files)))
    for i, j in combinations(range(len(files)), 2):
        p[i, j] = p[j, i] = statistics.mcnemar(right[i], right[j])
    return p


def _corrected(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Holm's correction for all pairs of rows."""
    upper = np.triu_indices(len(p), k=1)
    adjusted = np.ones_like(p)
    adjusted[upper] = statistics.holm(p[upper].tolist())
    return np.minimum(adjusted, adjusted.T)
