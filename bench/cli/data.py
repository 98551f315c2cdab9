"""`bench data list | fetch | check | path`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bench import check_data, data, describe, registry
from bench.check_data import Finding
from bench.cli import printing
from bench.cli.options import AsJson, Include
from bench.describe import Json
from bench.progress import Reporter
from bench.registry import Entry
from tasks import Task

app = typer.Typer(no_args_is_help=True, help="The data sets that tasks read.")

Names = Annotated[list[str], typer.Argument(help="Tasks: names or patterns.")]


@app.command("list")
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


@app.command()
def fetch(tasks: Names, *, include: Include = None) -> None:
    """Fetch or make the data of tasks."""
    for entry in registry.find(include or ()).tasks.matching(tasks):
        place = _ready(entry)
        data.clips(entry.card, place)
        printing.line(f"{entry.card.name}: {place}")


@app.command()
def path(task: Annotated[str, typer.Argument()], *, include: Include = None) -> None:
    """Print the folder of a task's data set."""
    printing.line(str(data.folder(registry.find(include or ()).tasks[task])))


@app.command()
def check(tasks: Names, *, include: Include = None, as_json: AsJson = False) -> None:
    """Count and decode every clip of tasks; list what is wrong. Exit 1 if anything is."""
    reports: list[Json] = []
    wrong = 0
    for entry in registry.find(include or ()).tasks.matching(tasks):
        place = _ready(entry)
        clips = data.clips(entry.card, place)
        with Reporter().step(f"decoding {entry.card.name}", "clips") as step:
            found = check_data.unusable(clips, step)
        wrong += len(found)
        report: dict[str, Json] = {
            "task": entry.card.name,
            "folder": str(place),
            "expected": {s.value: n for s, n in entry.card.counts.items()},
            "listed": {s.value: n for s, n in data.count(clips).items()},
        }
        reports.append({**report, "unusable": [asdict(each) for each in found]})
        if not as_json:
            _print(report, found)
    if as_json:
        printing.document(reports)
    if wrong:
        raise typer.Exit(1)


def _print(report: Mapping[str, Json], found: Sequence[Finding]) -> None:
    printing.pairs(describe.rows_of({**report, "unusable": len(found)}))
    for each in found:
        printing.line(f"{each.path}: {each.reason}")


def _ready(entry: Entry[Task]) -> Path:
    with Reporter().step(f"data of {entry.card.name}", "steps") as step:
        return data.ready(entry, step)
