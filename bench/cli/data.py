"""`bench data list | fetch | check | path`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bench import assets, check_data, claims, data, describe
from bench.archives import PlaceError
from bench.cli import printing
from bench.cli.options import AsJson, Command, DataRoot, Include, placing
from bench.describe import Json
from bench.digests import Digests
from bench.errors import UserError
from bench.progress import Reporter
from bench.registry import Entry
from tasks import Clip, Task

app = typer.Typer(no_args_is_help=True, help="The data sets that tasks read.")

Names = Annotated[list[str], typer.Argument(help="Tasks: names or patterns.")]


@app.command("list", cls=Command)
def list_(*, _data_root: DataRoot = None, include: Include = None, as_json: AsJson = False) -> None:
    """List data sets, where they lie or would lie, and how to get them."""
    entries = {e.card.data.name: e for e in placing(include).tasks}
    rows = [
        (name, *_state(entry), entry.card.data.how_to_get)
        for name, entry in sorted(entries.items())
    ]
    header = ("name", "state", "folder", "how_to_get")
    if as_json:
        printing.document([dict(zip(header, row, strict=True)) for row in rows])
    else:
        printing.listing("data sets", [name.replace("_", " ") for name in header], rows)


def _state(entry: Entry[Task]) -> tuple[str, str]:
    """Whether a data set is there, and its place; or why that cannot be read."""
    try:
        place = data.folder(entry)
        return "there" if place.is_dir() else "not there", data.where(entry, place)
    except PlaceError as error:
        return "not readable", str(error)


@app.command(cls=Command)
def fetch(tasks: Names, *, _data_root: DataRoot = None, include: Include = None) -> None:
    """Download or make the data of tasks, and count their clips.

    What a licence or a passing source does not allow to download is told, with what to place where.
    """
    for entry in placing(include).tasks.matching(tasks):
        reporter, card = Reporter(), entry.card
        if card.data.archives:
            reporter.say(f"licence of {card.data.name}: {card.data.licence}")
        place = data.fetched(entry, reporter)
        data.clips(card, place)
        printing.line(f"{card.name}: {data.where(entry, place)}")


@app.command(cls=Command)
def path(
    task: Annotated[str, typer.Argument()], *, _data_root: DataRoot = None, include: Include = None
) -> None:
    """Print the folder of a task's data set."""
    entry = placing(include).tasks[task]
    printing.line(data.where(entry, data.folder(entry)))


@app.command(cls=Command)
def check(
    tasks: Names, *, _data_root: DataRoot = None, include: Include = None, as_json: AsJson = False
) -> None:
    """Count and decode every clip of tasks; list what is wrong.

    Exit 1 if clips cannot be used, 2 if a task's data are not what its card says. Short and
    duplicated clips are named and no failure: a published data set may hold some.
    """
    reports: list[Json] = []
    code = 0
    for entry in placing(include).tasks.matching(tasks):
        report = _check(entry)
        code = max(code, 2 if report["errors"] else bool(report["unusable"]))
        reports.append(report)
        if not as_json:
            _print(report)
    if as_json:
        printing.document(reports)
    if code:
        raise typer.Exit(code)


@app.command(cls=Command)
def export(
    tasks: Names,
    *,
    rate: Annotated[int, typer.Option(min=1000, help="Sample rate of the files [Hz].")],
    into: Annotated[Path, typer.Option(help="A folder; clips that it holds stay.")],
    _data_root: DataRoot = None,
    include: Include = None,
) -> None:
    """Write the audio of tasks, for vectors that are computed elsewhere.

    `embeddings:<folder>` is the backbone that reads them.
    """
    from bench.export import Folder

    folder = Folder(into, rate)
    for entry in placing(include).tasks.matching(tasks):
        clips = data.clips(entry.card, _ready(entry))
        with Reporter().step(f"exporting {entry.card.name}", "clips") as step:
            number = folder.fill(clips, step)
        printing.line(f"{into}: {number:,} clips; fill in manifest.json, add <layer>.npy")


@app.command(cls=Command)
def prepare(
    tasks: Names,
    *,
    into: Annotated[Path, typer.Option(help="A folder; shards that it holds stay.")],
    size: Annotated[int, typer.Option(min=1, help="Of a shard [MB].")] = 1000,
    _data_root: DataRoot = None,
    include: Include = None,
) -> None:
    """Pack the data sets of tasks into tar shards, for disks on a network.

    They are read in place: `--data-root <the folder>`. A data set on a server is brought here.
    """
    from bench import prepare as packing

    entries = {e.card.data.name: e for e in placing(include).tasks.matching(tasks)}
    for name, entry in entries.items():
        if entry.card.data.make is not None or entry.card.data.place is not None:
            message = (
                f"{name} is not looked for under a data root, so its shards would not be found"
            )
            raise UserError(message)
        with Reporter().step(f"packing {name}", "files") as step:
            number = packing.shards(_ready(entry), name, into, size, step)
        printing.line(f"{into}: {number} shards of {name}; read them with --data-root {into}")


def _check(entry: Entry[Task]) -> dict[str, Json]:
    """All that is wrong with a task's data; each error is noted, and what is there is decoded."""
    card, errors, hints = entry.card, list[str](), list[str]()
    report: dict[str, Json] = {
        "task": card.name,
        "folder": None,
        "expected": {s.value: n for s, n in card.counts.items()},
        "listed": None,
    }
    found = check_data.Report(0, 0.0, (), (), ())
    try:
        place = _ready(entry)
        report["folder"] = data.where(entry, place)
        clips = data.read(card, place)
        report["listed"] = {s.value: n for s, n in claims.count(clips).items()}
        found = _decoded(entry, [clip for clip in clips if claims.wrong_times(clip) is None])
        hints += found.hints(place, card.data.how_to_get)
        claims.verify(card, place, clips)
    except (UserError, OSError) as error:
        errors.append(str(error))
    report |= {"decoded": found.decoded, "hours": round(found.seconds / 3600, 3)}
    parts = {"unusable": found.unusable, "short": found.short}
    report |= {name: [asdict(each) for each in part] for name, part in parts.items()}
    return {**report, "duplicated": found.duplicated, "hints": hints, "errors": errors}


def _decoded(entry: Entry[Task], clips: Sequence[Clip]) -> check_data.Report:
    contents = Digests(assets.cache_folder() / "digests.sqlite").of(clip.path for clip in clips)
    with Reporter().step(f"decoding {entry.card.name}", "clips") as step:
        return check_data.look(clips, contents, step)


def _print(report: dict[str, Json]) -> None:
    """Counts first, then a line for each finding."""
    lists = ("unusable", "short", "duplicated", "hints", "errors")
    found = {name: value for name in lists if isinstance(value := report[name], Sequence)}
    counts = {name: len(each) for name, each in found.items() if name != "hints"}
    said = {name: value for name, value in {**report, **counts}.items() if name != "hints"}
    printing.pairs(describe.rows_of(said))
    for each in (*found["unusable"], *found["short"]):
        if isinstance(each, Mapping):
            printing.line(f"{each['path']}: {each['reason']}")
    for each in found["duplicated"]:
        if isinstance(each, Sequence):
            printing.line(f"the same audio: {', '.join(map(str, each))}")
    for each in (*found["hints"], *found["errors"]):
        printing.line(f"{report['task']}: {each}")


def _ready(entry: Entry[Task]) -> Path:
    with Reporter().step(f"data of {entry.card.name}", "steps") as step:
        return data.ready(entry, step)
