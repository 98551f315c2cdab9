"""`bench data list | fetch | check | path`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bench import check_data, data, describe, registry
from bench.check_data import Finding
from bench.cli import printing
from bench.cli.options import AsJson, Command, Include
from bench.describe import Json
from bench.errors import UserError
from bench.progress import Reporter
from bench.registry import Entry
from tasks import Task

app = typer.Typer(no_args_is_help=True, help="The data sets that tasks read.")

Names = Annotated[list[str], typer.Argument(help="Tasks: names or patterns.")]


@app.command("list", cls=Command)
def list_(*, include: Include = None, as_json: AsJson = False) -> None:
    """List data sets, where they lie or would lie, and how to get them."""
    entries = {e.card.data.name: e for e in registry.find(include or ()).tasks}
    rows = [
        (
            name,
            "there" if data.folder(entry).is_dir() else "not there",
            str(data.folder(entry)),
            entry.card.data.how_to_get,
        )
        for name, entry in sorted(entries.items())
    ]
    header = ("name", "state", "folder", "how_to_get")
    if as_json:
        printing.document([dict(zip(header, row, strict=True)) for row in rows])
    else:
        printing.listing("data sets", [name.replace("_", " ") for name in header], rows)


@app.command(cls=Command)
def fetch(tasks: Names, *, include: Include = None) -> None:
    """Fetch or make the data of tasks."""
    for entry in registry.find(include or ()).tasks.matching(tasks):
        place = _ready(entry)
        data.clips(entry.card, place)
        printing.line(f"{entry.card.name}: {place}")


@app.command(cls=Command)
def path(task: Annotated[str, typer.Argument()], *, include: Include = None) -> None:
    """Print the folder of a task's data set."""
    printing.line(str(data.folder(registry.find(include or ()).tasks[task])))


@app.command(cls=Command)
def check(tasks: Names, *, include: Include = None, as_json: AsJson = False) -> None:
    """Count and decode every clip of tasks; list what is wrong.

    Exit 1 if clips cannot be used, 2 if a task's data are not what its card says.
    """
    reports: list[Json] = []
    code = 0
    for entry in registry.find(include or ()).tasks.matching(tasks):
        report: dict[str, Json] = {"task": entry.card.name}
        found: list[Finding] = []
        try:
            found = _check(entry, report)
        except (UserError, OSError) as error:
            report["error"] = str(error)
        code = max(code, 2 if "error" in report else bool(found))
        reports.append({**report, "unusable": [asdict(each) for each in found]})
        if not as_json:
            _print(report, found)
    if as_json:
        printing.document(reports)
    if code:
        raise typer.Exit(code)


def _check(entry: Entry[Task], report: dict[str, Json]) -> list[Finding]:
    """Fill in the report; the clips that cannot be used."""
    place = _ready(entry)
    report["folder"] = str(place)
    report["expected"] = {s.value: n for s, n in entry.card.counts.items()}
    clips = data.clips(entry.card, place)
    report["listed"] = {s.value: n for s, n in data.count(clips).items()}
    with Reporter().step(f"decoding {entry.card.name}", "clips") as step:
        return check_data.unusable(clips, step)


def _print(report: Mapping[str, Json], found: Sequence[Finding]) -> None:
    printing.pairs(describe.rows_of({**report, "unusable": len(found)}))
    for each in found:
        printing.line(f"{each.path}: {each.reason}")


def _ready(entry: Entry[Task]) -> Path:
    with Reporter().step(f"data of {entry.card.name}", "steps") as step:
        return data.ready(entry, step)
