"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Include = Annotated[
    list[Path] | None,
    typer.Option("--include", "-i", help="A Python file with cards of your own; repeatable."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document, and nothing else, on stdout.")
]
Board = Annotated[Path, typer.Option("--board", help="The folder of records and page.")]
BOARD = Path("leaderboard")
