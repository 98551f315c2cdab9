"""`bench list`, `show`, `check` and `doctor`."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from backbones import Backbone
from bench import data, describe, registry, selection
from bench.cli import printing
from bench.cli.options import AsJson, DataRoot, Include, known
from bench.progress import Reporter
from bench.registry import CardT, Catalogue, Entry, Registry, UnknownNameError

Name = Annotated[str, typer.Argument(help="Of a backbone or a task, or a checkpoint's folder.")]


class Noun(StrEnum):
    """What can be listed."""

    BACKBONES = "backbones"
    TASKS = "tasks"
    SUITES = "suites"
    PROTOCOLS = "protocols"
    DOORS = "doors"


def list_(
    nouns: Annotated[
        list[Noun] | None, typer.Argument(metavar="[backbones|tasks|suites|protocols|doors]...")
    ] = None,
    *,
    include: Include = None,
    as_json: AsJson = False,
) -> None:
    """List backbones, tasks, suites, protocols, and doors: names that open what has no card."""
    cards = known(include)
    wanted = nouns or list(Noun)
    if as_json:
        everything = describe.everything(cards)
        printing.document({noun.value: everything[noun.value] for noun in wanted})
        return
    for noun in wanted:
        _print(noun, cards)


def _print(noun: Noun, cards: Registry) -> None:
    if noun is Noun.BACKBONES:
        header = ["name", "family", "parameters", "rate", "window", "dim", "trained on"]
        header += ["licence", "weights", "what"]
        spare = [
            "licence",
            "weights",
            "trained on",
            "dim",
            "window",
            "rate",
            "family",
            "parameters",
        ]
        printing.listing("backbones", header, describe.backbone_rows(cards), spare)
    elif noun is Noun.TASKS:
        header = ["name", "kind", "train / valid / test", "primary metric", "audio", "what"]
        spare = ["audio", "primary metric", "train / valid / test", "kind"]
        printing.listing("tasks", header, describe.task_rows(cards), spare)
    elif noun is Noun.DOORS:
        header = ["example", "opens", "what"]
        printing.listing("doors", header, describe.door_rows(cards), ["opens"])
    else:
        values = describe.suites(cards) if noun is Noun.SUITES else describe.protocols()
        printing.listing(noun.value, ["name", "what"], describe.rows_of(values))


def show(name: Name, *, include: Include = None, as_json: AsJson = False) -> None:
    """Show the card of a backbone or a task."""
    cards = known(include)
    (entry,), _ = _by_name(cards, [name])
    card = describe.card(cards, entry)
    _say_unknown(cards, _named(cards.backbones, entry))
    if as_json:
        printing.document(card)
    else:
        printing.pairs(describe.shown(cards, entry))


def check(
    names: Annotated[
        list[str], typer.Argument(help="Backbones or tasks: names, patterns or checkpoints.")
    ],
    *,
    weights: Annotated[
        bool, typer.Option("--weights", help="Load a backbone's real weights too, twice.")
    ] = False,
    _data_root: DataRoot = None,
    include: Include = None,
) -> None:
    """Run the contract tests on backbones or tasks. Exit 1 if any fails."""
    cards = known(include)
    patterns, folders = _by_name(cards, names)
    included = [*(include or ()), *folders]
    failed = 0
    for name in patterns:
        for title, wrong in _checks(cards, name, included, weights=weights):
            failed += wrong is not None
            verdict = "ok    " if wrong is None else "FAILED"
            printing.line(f"{verdict} {title} {wrong or ''}".rstrip())
    if failed:
        raise typer.Exit(1)


def _by_name(cards: Registry, patterns: Sequence[str]) -> tuple[list[str], list[Path]]:
    """Patterns in which a checkpoint's folder has become its name, and such folders, now known.

    A folder that is called like a task is that task.
    """
    asked = [each for each in patterns if each not in cards.tasks.entries]
    names, folders = registry.named(asked)
    for folder in folders:
        cards.add_checkpoint(folder)
    found = dict(zip(asked, names, strict=True))
    return [found.get(each, each) for each in patterns], folders


def _checks(
    cards: Registry, pattern: str, include: Sequence[Path | str], *, weights: bool
) -> Iterator[tuple[str, str | None]]:
    """(check, what is wrong or None) for every card of that name or pattern."""
    from bench import testing
    from bench import weights as real

    backbones, tasks = _named(cards.backbones, pattern), _named(cards.tasks, pattern)
    if not backbones and not tasks:
        describe.card(cards, pattern)
    _say_unknown(cards, backbones)
    for backbone in backbones:
        printing.line(backbone.card.name)
        yield from testing.check_backbone(backbone.card)
        if weights:
            yield from real.check(backbone, [*include, *cards.opened])
    for task in tasks:
        printing.line(task.card.name)
        place = data.folder(task)
        if not place.is_dir():
            printing.line(f"data are not at {place}: only the card is checked")
        yield from testing.check_task(task, place if place.is_dir() else None)


def _say_unknown(cards: Registry, backbones: Sequence[Entry[Backbone]]) -> None:
    """Say which data sets, that networks are said to have heard, no card knows."""
    for line in selection.unknown_corpora(cards, backbones):
        Reporter().say(line)


def _named(catalogue: Catalogue[CardT], pattern: str) -> list[Entry[CardT]]:
    try:
        return catalogue.matching([pattern])
    except UnknownNameError:
        return []


def doctor(*, as_json: AsJson = False) -> None:
    """Show versions, devices, cache sizes and whether clients of sources are installed.

    No source is asked, so a client that is `ok` may still have no network.
    """
    from bench import doctor as doctors

    findings = doctors.findings()
    if as_json:
        printing.document(findings)
    else:
        printing.pairs(describe.rows_of(findings))
