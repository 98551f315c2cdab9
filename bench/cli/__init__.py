"""The command line: parse, call, print."""

import os
import sys
from typing import Annotated

import typer

from bench import provenance
from bench.cli import audit, cards, compare, data, pretrain, printing, run
from bench.cli.options import Command
from bench.errors import UserError

app = typer.Typer(
    add_completion=False,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Compare music audio representations: any backbone, any task.",
)


@app.callback()
def bench(
    context: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Print the version, or what there is to choose from."""
    if version:
        printing.line(provenance.packages()["mulap-bench"])
    elif context.invoked_subcommand is None:
        printing.line(context.get_help())


app.command(cls=Command)(run.run)
app.command(cls=Command)(run.leaderboard)
app.command(cls=Command)(compare.compare)
app.command("list", cls=Command)(cards.list_)
app.command(cls=Command)(cards.show)
app.command(cls=Command)(cards.check)
app.command(cls=Command)(audit.audit)
app.command(cls=Command)(pretrain.pretrain)
app.command(cls=Command)(cards.doctor)
app.add_typer(data.app, name="data")

USER_ERROR = 2
INTERRUPTED = 130


def main() -> None:
    """Run the command line; a user's mistake is one line and exit code 2.

    Threads of a network that wait by spinning slow whatever shares their cores, decoders and other
    runs, several times over; they are told to sleep before torch is loaded.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    try:
        code = app(standalone_mode=False)
    except (UserError, OSError) as error:
        code = _refuse(str(error))
    except typer.TyperException as error:
        code = _refuse(error.format_message())
    if code == INTERRUPTED:
        sys.stderr.write(
            "\nbench: interrupted. What is finished is kept; the same command goes on from there.\n"
        )
    sys.exit(code)


def _refuse(message: str) -> int:
    """One line, and a document for whoever asked for one; the exit code."""
    sys.stderr.write(f"bench: {message}\n")
    if "--json" in sys.argv:
        printing.document({"error": message})
    return USER_ERROR
