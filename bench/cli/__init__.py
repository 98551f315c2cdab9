"""The command line: parse, call, print."""

import os
import sys

import typer

from bench.cli import cards, data, run
from bench.errors import UserError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Compare music audio representations: any backbone, any task.",
)
app.command()(run.run)
app.command()(run.leaderboard)
app.command("list")(cards.list_)
app.command()(cards.show)
app.command()(cards.check)
app.command()(cards.doctor)
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
    except UserError as error:
        sys.stderr.write(f"bench: {error}\n")
        code = USER_ERROR
    except typer.TyperException as error:
        sys.stderr.write(f"bench: {error.format_message()}\n")
        code = USER_ERROR
    except OSError as error:
        sys.stderr.write(f"bench: {error}\n")
        code = USER_ERROR
    if code == INTERRUPTED:
        sys.stderr.write(
            "\nbench: interrupted. What is finished is kept; the same command goes on from there.\n"
        )
    sys.exit(code)
