"""`bench pretrain`."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backbones import pretrained
from bench import registry, selection
from bench.cli import printing
from bench.cli.options import AsJson, DataRoot, Include, known
from bench.errors import UserError, why_no_folder
from bench.pretrain.presets import Preset
from bench.progress import Reporter, Silent

if TYPE_CHECKING:
    from bench.pretrain.corpus import Corpus


def pretrain(
    *,
    recipe: Annotated[
        Path | None, typer.Option("--recipe", "-r", help="A TOML file; see recipes/.")
    ] = None,
    preset: Annotated[
        Preset | None, typer.Option(help="Sizes, over those of the recipe; `tiny` is for tests.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", metavar="KEY=VALUE", help="E.g. train.steps=100; repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The folder [checkpoints/<name>].")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    fsdp: Annotated[
        bool, typer.Option("--fsdp", help="Under torchrun, split weights over the processes.")
    ] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write the log for TensorBoard too.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Decode the whole corpus, and train nothing.")
    ] = False,
    _data_root: DataRoot = None,
    include: Include = None,
    as_json: AsJson = False,
) -> None:
    """Pre-train the audio trunk into a checkpoint, or go on with one.

    Exit 1 if --check finds audio that cannot be used.
    """
    if recipe is None and preset is None:
        message = "--recipe or --preset is needed; recipes/small has one for each objective"
        raise UserError(message)
    from bench.cli import corpora
    from bench.extraction import resolve
    from bench.pretrain import loop, reading, texts

    settings = reading.load(recipe, preset, changes or ())
    text = replace(settings.text, model=texts.pinned(settings.text.model))
    settings = replace(settings, text=text)
    folder = out or registry.checkpoints() / settings.name
    cards = known(include)
    if settings.name in cards.backbones.entries and not pretrained.is_checkpoint(folder):
        message = f"a backbone is named {settings.name!r} already: choose another with --set name=…"
        raise UserError(message)
    if taken := why_no_folder("--out", folder):
        raise UserError(taken)
    chosen = resolve(selection.device(device))
    reporter = Reporter() if os.environ.get("RANK", "0") == "0" else Silent()  # torchrun's
    corpus = corpora.open_checked(settings.corpus, cards, reporter)
    for remark in corpus.remarks(settings.text.longest):
        reporter.say(f"{corpus.name}: {remark}")
    for remark in reading.remarks(settings):
        reporter.say(f"{settings.name}: {remark}")
    if check:
        _check(corpus, settings.corpus.longest, reporter, as_json=as_json)
        return
    first = loop.pretrain(
        *(settings, corpus, folder, reporter),
        device=chosen,
        sharded=fsdp,
        tensorboard=tensorboard,
    )
    if not first:
        return
    if as_json:
        printing.document({"folder": str(folder), **pretrained.read_record(folder)})
    else:
        printing.line(f"{folder} holds {settings.name}: bench run --backbone {folder}")


def _check(corpus: "Corpus", longest: float, reporter: Reporter, *, as_json: bool) -> None:
    """Say what of a corpus cannot be used."""
    from bench.pretrain import check_audio

    items = corpus.items
    with reporter.step(f"audio of {corpus.name}", "items") as step:
        found = check_audio.unusable(items, longest, step)
    if as_json:
        printing.document({"corpus": corpus.name, "items": len(items), "unusable": found})
    else:
        for why in found:
            printing.line(why)
        printing.line(f"{corpus.name}: {len(items) - len(found):,} of {len(items):,} items decode")
    if found:
        raise typer.Exit(1)
