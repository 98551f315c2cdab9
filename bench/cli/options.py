"""Options that several commands share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from bench import places, registry
from bench.cli import printing
from bench.progress import Reporter
from bench.registry import Registry

ROOT = "_data_root"
"""The parameter of `DataRoot`, which is in force while the command runs."""


class Command(TyperCommand):
    """A command whose standard output holds what it prints itself, and nothing of plug-ins.

    Data sets are looked for where the option `DataRoot` says, if the command has it.
    """

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run it."""
        with printing.reserved(), places.under(ctx.params.get(ROOT)):
            return super().invoke(ctx)


Include = Annotated[
    list[str] | None,
    typer.Option(
        "--include", "-i", help="A Python file with cards of your own, or a checkpoint; repeatable."
    ),
]
DataRoot = Annotated[
    str | None,
    typer.Option(
        "--data-root", help="Folder or address of data sets [BENCH_DATA, bench.toml, or the cache]."
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document, and nothing else, on stdout.")
]
Board = Annotated[Path, typer.Option("--board", help="The folder of records and page.")]
BOARD = Path("leaderboard")


def known(include: Sequence[Path | str] | None) -> Registry:
    """Every card there is; what is left out is said."""
    cards = registry.find(include or ())
    for line in cards.unread:
        Reporter().say(line)
    return cards


def placing(include: Sequence[Path | str] | None) -> Registry:
    """Every card there is; what the file of settings places under a name like theirs is said."""
    cards = known(include)
    sets = [entry.card.data for entry in cards.tasks]
    made = {data.name for data in sets if data.make is not None or data.place is not None}
    for line in places.strangers({data.name for data in sets}, made):
        Reporter().say(line)
    return cards
