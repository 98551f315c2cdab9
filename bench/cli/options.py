"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from bench.cli import printing


class Command(TyperCommand):
    """A command whose standard output holds what it prints itself, and nothing of plug-ins."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run it."""
        with printing.reserved():
            return super().invoke(ctx)


Include = Annotated[
    list[str] | None,
    typer.Option(
        "--include", "-i", help="A Python file with cards of your own, or a checkpoint; repeatable."
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document, and nothing else, on stdout.")
]
Board = Annotated[Path, typer.Option("--board", help="The folder of records and page.")]
BOARD = Path("leaderboard")
