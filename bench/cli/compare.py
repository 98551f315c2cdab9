"""`bench compare`."""

from collections.abc import Set as AbstractSet
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench import selection
from bench.cli import printing
from bench.cli.options import BOARD, AsJson, Board, Include, known
from bench.errors import UserError
from bench.registry import UnknownNameError

if TYPE_CHECKING:
    from bench.comparison import Difference
    from leaderboard.records import Record


def compare(
    first: Annotated[str | None, typer.Argument(help="A backbone with rows on the board.")] = None,
    second: Annotated[str | None, typer.Argument(help="Another.")] = None,
    *,
    protocol: Annotated[str, typer.Option(help="Whose rows.")] = "tuned-v1",
    published: Annotated[
        bool, typer.Option("--published", help="Compare all rows with numbers others published.")
    ] = False,
    board: Board = BOARD,
    include: Include = None,
    as_json: AsJson = False,
) -> None:
    """Compare two backbones on every task that both have a row on, or rows with other tables."""
    if published:
        _published(board, {first, second} - {None}, as_json=as_json)
        return
    if first is None or second is None:
        message = "name two backbones to compare, or --published"
        raise UserError(message)
    cards = known(include)
    asked = selection.protocol(protocol)
    from bench.comparison import compare as differences

    found = differences(board, cards, (first, second), asked.name)
    if as_json:
        printing.document([asdict(each) for each in found])
        return
    header = [
        "task",
        "metric",
        f"{first} - {second}",
        "95 % interval",
        "p",
        "McNemar p",
        "detectable",
    ]
    rows = [
        [
            each.task,
            each.metric,
            f"{100 * each.value:+.1f}",
            f"[{100 * each.low:+.1f}, {100 * each.high:+.1f}]",
            f"{each.p:.3f}",
            "–" if each.mcnemar is None else f"{each.mcnemar:.3f}",
            f"{100 * each.detectable:.1f}",
        ]
        for each in found
    ]
    printing.listing(f"{first} against {second}, {asked.name}, score × 100", header, rows)
    printing.line(
        "The interval is of this comparison alone; p is Holm-corrected for all pairs of rows of "
        "the task. A true difference that is detectable is found 80 times in 100, uncorrected."
    )
    for said in filter(None, map(_floor, found)):
        printing.line(said)


def _floor(found: "Difference") -> str | None:
    """What to know of a p that is as small as it can be, where three digits show it."""
    if found.floor is None or f"{found.floor:.3f}" == "0.000":
        return None
    groups = "group" if found.groups == 1 else "groups"
    return (
        f"{found.task}: with {found.groups} {groups} of test clips no p is under "
        f"{found.floor:.3f}, 2^(1 - groups), before correction; the interval knows no such floor, "
        "so it may exclude 0 where p does not say so."
    )


def _published(board: Path, named: AbstractSet[str | None], *, as_json: bool) -> None:
    """Print published numbers beside the rows of a board, or of the backbones that are named."""
    from leaderboard.published import beside

    found = beside(_rows(board, named))
    if as_json:
        printing.document([asdict(each) for each in found])
        return
    if not found:
        printing.line(f"no published number is of a backbone and data that {board} has a row of")
        return
    header = ["backbone", "task", "metric", "protocol", "here", "published", "tolerance", "", "by"]
    table = [
        [
            each.backbone,
            each.task,
            each.metric,
            each.protocol,
            "–" if each.ours is None else f"{each.ours:.1f}",
            f"{each.published:g}",
            "–" if each.tolerance is None else f"±{each.tolerance:g}",
            f"{each.verdict}: {each.reason}" if each.reason else each.verdict.value,
            f"{each.model}, {each.source}",
        ]
        for each in found
    ]
    printing.listing("published numbers, score × 100", header, table)


def _rows(board: Path, named: AbstractSet[str | None]) -> "list[Record]":
    """The rows of a board, or those of the backbones that are named, which must have some."""
    from leaderboard import records

    try:
        rows = [records.read(path) for path in records.paths(board / "results")]
    except records.RecordError as error:
        raise UserError(str(error)) from error
    if not rows:
        message = f"{board} has no row; `bench run --board {board}` makes some"
        raise UserError(message)
    there = sorted({row.backbone.name for row in rows})
    for name in sorted(filter(None, named)):
        if name not in there:
            raise UnknownNameError(name, f"row on {board}", there)
    return [row for row in rows if not named or row.backbone.name in named]
