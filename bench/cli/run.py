"""`bench run` and `bench leaderboard`."""

from pathlib import Path
from typing import Annotated

import typer

from backbones import Precision
from bench import registry, selection
from bench.cli import printing
from bench.cli.options import BOARD, AsJson, Board, DataRoot, Include, known, placing
from bench.encoders import BATCH_SECONDS
from bench.errors import UserError
from bench.extraction import Settings
from bench.progress import Reporter
from bench.request import OnBadAudio, Outcome, Request, Status
from bench.selection import Preset


def run(
    *,
    backbone: Annotated[
        list[str] | None,
        typer.Option("--backbone", "-b", help="Name, pattern or checkpoint; repeatable."),
    ] = None,
    task: Annotated[
        list[str] | None, typer.Option("--task", "-t", help="Name or pattern; repeatable.")
    ] = None,
    suite: Annotated[str | None, typer.Option(help="A named group of tasks.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every backbone whose weights need no hub and no extra.")
    ] = False,
    preset: Annotated[Preset, typer.Option(help="`tiny` is for tests.")] = Preset.FULL,
    protocol: Annotated[str, typer.Option(help="How to probe.")] = "tuned-v1",
    trials: Annotated[
        int | None, typer.Option(min=1, help="Budget of a search [the protocol's].")
    ] = None,
    budget_seconds: Annotated[
        float | None, typer.Option(min=0.1, help="Of a search; no trial is begun after it [none].")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Refits of the chosen probe [the protocol's].")
    ] = None,
    layer: Annotated[str | None, typer.Option(help="The only layer to use.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")] = "auto",
    precision: Annotated[Precision, typer.Option(help="Of the encoder.")] = Precision.FP32,
    batch_seconds: Annotated[
        float, typer.Option(min=0.1, help="Audio in a batch [s].")
    ] = BATCH_SECONDS,
    on_bad_audio: Annotated[
        OnBadAudio, typer.Option(help="Stop, or go on without the bad files.")
    ] = OnBadAudio.STOP,
    _data_root: DataRoot = None,
    include: Include = None,
    board: Annotated[
        Path | None,
        typer.Option(help=f"The folder of records and page [{BOARD}; of a preset {BOARD}-tiny]."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run backbones on tasks and add their rows to a board.

    Without options: four backbones on the embedded tasks. Exit 1 if a pair failed or none could
    run, 2 if nothing was begun.
    """
    board = board or (BOARD if preset is Preset.FULL else Path(f"{BOARD}-{preset}"))
    place = board.absolute()  # plug-ins may change the folder
    whole, damaged = selection.usable(backbone or (), lambda each: registry.named([each]))
    names, folders = registry.named(whole)
    included = [*(include or ()), *map(str, folders)]
    cards = placing(included)
    _claim(board, cards)
    asked = selection.protocol(protocol)
    settings = Settings(
        device=selection.device(device),
        precision=selection.precision(precision, asked),
        batch_seconds=batch_seconds,
    )
    opened, shut = selection.usable(names, cards.backbones.open)
    for reason in (broken := {**damaged, **shut}).values():
        Reporter().say(reason)
    backbones = selection.backbones(cards, opened, everything=everything)
    for line in selection.unknown_corpora(cards, backbones):
        Reporter().say(line)
    tasks = selection.tasks(cards, task or (), suite, preset)
    request = Request(
        include=(*(path.resolve() for path in cards.files(included)), *cards.opened),
        protocol=asked.name,
        trials=trials or asked.trials,
        budget_seconds=selection.budget(budget_seconds),
        seeds=seeds or asked.seeds,
        layer=selection.layer(layer, backbones),
        settings=settings,
        on_bad_audio=on_bad_audio,
        results=place / "results",
    )
    from bench import board as boards
    from bench.run import run as run_pairs

    reporter = Reporter()
    chosen = [b.card for b in backbones], [t.card for t in tasks]
    for line in boards.replaced(place, asked.name, *chosen):
        reporter.say(line)
    outcomes = run_pairs([(b, t) for b in backbones for t in tasks], request, reporter)
    outcomes += [
        Outcome(name, t.card.name, Status.FAILED, why)
        for name, why in broken.items()
        for t in tasks
    ]
    written = boards.write(place, cards) if (place / "results").is_dir() else []
    suites = [suite for suite in written if suite.protocol == asked.name]
    printing.outcomes(outcomes, suites, board, as_json=as_json)
    found = {outcome.status for outcome in outcomes}
    if Status.FAILED in found or found == {Status.SKIPPED}:
        raise typer.Exit(1)


def _claim(board: Path, cards: registry.Registry) -> None:
    """Make sure of a board, and say what became of rows whose data are not what they were."""
    from bench import board as boards

    for line in boards.claim(board, cards):
        Reporter().say(line)


def leaderboard(
    *,
    board: Board = BOARD,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if the page is not fresh.")
    ] = False,
    rescore: Annotated[
        bool,
        typer.Option(
            "--rescore",
            help="First score the stored predictions anew, after a metric or an interval changed.",
        ),
    ] = False,
    include: Include = None,
) -> None:
    """Render a board's page from its records, and its tables into the README beside it.

    That shows them between the lines `<!-- board NAME -->` and `<!-- /board -->`, if it has them;
    NAME is the board's folder. `bench run` and `bench audit` do so too.
    """
    from bench import board as boards
    from bench import rescoring

    if not (board / "results").is_dir():
        message = f"{board} holds no results folder; `bench run --board {board}` makes one"
        raise UserError(message)
    if check and rescore:
        message = "--check writes nothing, --rescore writes records: give one of them"
        raise UserError(message)
    cards = known(include)
    _claim(board, cards)
    if rescore:
        for line in rescoring.rescore(board, cards):
            Reporter().say(line)
    if not check:
        boards.write(board, cards)
        printing.line(f"{board / 'README.md'} written")
        return
    stale = boards.stale(board, cards)
    for path in stale:
        printing.line(f"{path} is stale; `bench leaderboard` renders it again")
    if stale:
        raise typer.Exit(1)
