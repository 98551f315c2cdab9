"""What kind of label the cells of a table hold, and the labels that they spell."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tasks import DoorError, Kind, Label, Metric
from tasks._metrics import (
    ACCURACY,
    BALANCED_ACCURACY,
    KEY_ACCURACY,
    KEY_WEIGHTED,
    KEYS,
    PR_AUC,
    R2,
    ROC_AUC,
)

METRICS: dict[Kind, tuple[Metric, ...]] = {
    Kind.MULTICLASS: (ACCURACY, BALANCED_ACCURACY),
    Kind.MULTILABEL: (ROC_AUC, PR_AUC),
    Kind.REGRESSION: (R2,),
    Kind.KEY: (KEY_WEIGHTED, KEY_ACCURACY),
}

MOST_NUMBERED = 20
"""More different whole numbers than this are values to regress, not names of classes."""


MOST_ODD = 0.5
"""Where fewer cells than this are no numbers, they are no classes among values."""

COMMA = re.compile(r"-?\d+,\d+")
"""A number as much of the world writes it."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labels of clips, in their order.

    Attributes:
        kind: of all of them.
        names: of the classes, tags or targets.
        labels: one a clip.
    """

    kind: Kind
    names: tuple[str, ...]
    labels: Sequence[Label]


def of(
    columns: Sequence[str],
    cells: Sequence[tuple[str, ...]],
    ids: Sequence[str],
    kind: Kind | None,
    *,
    tags: bool,
) -> Labelled:
    """Infer kind and names, and spell the labels.

    Args:
        columns: that hold labels.
        cells: for each clip its tags, or one text a column.
        ids: of the clips.
        kind: None to infer it.
        tags: whether cells are lists of tags.

    Raises:
        DoorError: a cell is not what its kind takes.
    """
    kind = kind or _kind(columns, cells, ids, tags=tags)
    if kind is Kind.REGRESSION or (kind is Kind.MULTILABEL and not tags):
        return Labelled(kind, tuple(columns), _numbers(columns, cells, ids, kind))
    if len(columns) > 1:
        message = f"kind is {kind} and there are {len(columns)} label columns, expected one"
        raise DoorError(message)
    names = KEYS if kind is Kind.KEY else tuple(sorted({each for row in cells for each in row}))
    at = {name: index for index, name in enumerate(names)}
    if kind is Kind.MULTILABEL:
        has = [{at[tag] for tag in row} for row in cells]
        return Labelled(
            kind, names, [tuple(float(i in row) for i in range(len(names))) for row in has]
        )
    strange = next((place for place, row in enumerate(cells) if row[0] not in at), None)
    if strange is not None:
        expected = f"expected one such as {KEYS[0]!r} or {KEYS[-1]!r}"
        message = f"{ids[strange]}: {cells[strange][0]!r} is no key, {expected}"
        raise DoorError(message)
    return Labelled(kind, names, [at[row[0]] for row in cells])


def _kind(
    columns: Sequence[str], cells: Sequence[tuple[str, ...]], ids: Sequence[str], *, tags: bool
) -> Kind:
    if tags:
        return Kind.MULTILABEL
    texts = {text for row in cells for text in row}
    if len(columns) > 1:
        return Kind.MULTILABEL if texts <= {"", "0", "1", "0.0", "1.0"} else Kind.REGRESSION
    if texts <= {*KEYS}:
        return Kind.KEY
    whole = {text.removesuffix(".0") for text in texts}  # as a column with gaps is written
    if all(text.removeprefix("-").isdecimal() for text in whole):
        if len(whole) < len(texts):
            twice = sorted(text for text in whole if {text, f"{text}.0"} <= texts)
            message = f"{columns[0]} is {twice[0]!r} and '{twice[0]}.0'; write one of them"
            raise DoorError(message)
        return Kind.MULTICLASS if len(texts) <= MOST_NUMBERED else Kind.REGRESSION
    commas = [place for place, row in enumerate(cells) if COMMA.fullmatch(row[0])]
    if len(commas) > len(cells) * MOST_ODD:
        message = (
            f"{ids[commas[0]]}: {columns[0]} is {cells[commas[0]][0]!r}; write numbers with a "
            "point, or ask for kind=multiclass"
        )
        raise DoorError(message)
    odd = [place for place, row in enumerate(cells) if not _is_number(row[0])]
    if 0 < len(odd) < len(cells) * MOST_ODD:
        message = (
            f"{ids[odd[0]]}: {columns[0]} is {cells[odd[0]][0]!r}, which most clips have a number "
            "for; leave such clips out, or ask for kind=multiclass"
        )
        raise DoorError(message)
    return Kind.MULTICLASS if odd else Kind.REGRESSION


def _numbers(
    columns: Sequence[str], cells: Sequence[tuple[str, ...]], ids: Sequence[str], kind: Kind
) -> list[tuple[float, ...]]:
    found = []
    for name, row in zip(ids, cells, strict=True):
        for column, text in zip(columns, row, strict=True):
            known = kind is Kind.MULTILABEL and not text
            if not known and not _is_number(text):
                expected = f"where a finite number is expected, as kind is {kind}"
                message = f"{name}: {column} is {text!r} {expected}"
                raise DoorError(message)
        found.append(tuple(float(text or "nan") for text in row))
    return found


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
