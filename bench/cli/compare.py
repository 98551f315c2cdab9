"""`bench compare`."""

from dataclasses import asdict
from typing import Annotated

import typer

from bench import registry, selection
from bench.cli import printing
from bench.cli.options import BOARD, AsJson, Board, Include


def compare(
    first: Annotated[str, typer.Argument(help="A backbone with rows on the board.")],
    second: Annotated[str, typer.Argument(help="Another.")],
    *,
    protocol: Annotated[str, typer.Option(help="Whose rows.")] = "tuned-v1",
    board: Board = BOARD,
    include: Include = None,
    as_json: AsJson = False,
) -> None:
    """Compare two backbones on every task that both have a row on."""
    cards = registry.find(include or ())
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
