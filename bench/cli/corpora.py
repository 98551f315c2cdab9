"""The corpus of a recipe, and the clips that no corpus may hold."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench import assets, data
from bench.data import DataError
from bench.digests import Digests
from bench.errors import UserError
from bench.progress import Reporter
from bench.registry import Entry, Registry
from tasks import Clip, Split, Task

if TYPE_CHECKING:
    from bench.pretrain.corpus import Corpus
    from bench.pretrain.recipe import CorpusRecipe

EMBEDDED = {"tunes": "tunes/tags", "tunes-tiny": "tunes/tags@tiny"}
"""Corpus → the task that it is the training and validation clips of, captions added."""


def open_checked(recipe: "CorpusRecipe", cards: Registry, reporter: Reporter) -> "Corpus":
    """The corpus, without a test clip of any task whose data are here.

    Raises:
        CorpusError: it cannot be read, or holds a test clip.
    """
    from bench.pretrain.corpus import open_corpus, refuse_tests

    if recipe.source in EMBEDDED:
        corpus = _embedded(recipe, cards.tasks[EMBEDDED[recipe.source]], reporter)
    else:
        place = Path(recipe.source).expanduser()
        corpus = open_corpus(place, place.resolve().stem, recipe.validation)
    corpus = corpus.part(recipe.share)
    digests = Digests(assets.cache_folder() / "digests.sqlite")
    contents = corpus.contents(digests)
    here = [entry for entry in cards.tasks if data.folder(entry).is_dir()]
    refuse_tests(contents, _tests(here, digests))
    absent = len(cards.tasks.entries) - len(here)
    if absent:
        reporter.say(
            f"{corpus.name} was compared with the test clips of the {len(here)} tasks whose data "
            f"are here, not of {absent} others"
        )
    return corpus.heard(contents)


def _tests(entries: Sequence[Entry[Task]], digests: Digests) -> dict[str, str]:
    """Sha256 of a test clip's file → the task that tests on it."""
    found: dict[str, str] = {}
    for entry in entries:
        place = data.folder(entry)
        clips = [clip for clip in _listed(entry.card, place) if clip.split is Split.TEST]
        shas = digests.of(clip.path for clip in clips).values()
        found.update(dict.fromkeys(shas, entry.card.name))
    return found


def _listed(task: Task, place: Path) -> list[Clip]:
    """The clips of a task, be they what its card says or not."""
    try:
        return data.read(task, place)
    except UserError as error:
        message = (
            f"whether the corpus holds test clips of {task.name} cannot be said: its data in "
            f"{place} cannot be read ({error}). Mend them, or move them away"
        )
        raise DataError(message) from error


def _embedded(recipe: "CorpusRecipe", entry: Entry[Task], reporter: Reporter) -> "Corpus":
    """The clips of `tunes` that are not for the test, with captions of their facts."""
    from bench.pretrain.captions import compose
    from bench.pretrain.corpus import Corpus
    from bench.pretrain.manifest import Item
    from tasks._render import read_manifest
    from tasks._tunes_facts import facts

    with reporter.step(f"data of {recipe.source}", "steps") as step:
        place = data.ready(entry, step)
    known = {Path(each["file"]).stem: facts(each) for each in read_manifest(place)}
    clips = [c for c in data.clips(entry.card, place) if c.split is not Split.TEST]
    captions = compose([known[clip.id] for clip in clips], recipe.noise)
    items = [
        Item(clip.id, clip.path, caption, _tags(entry.card, clip))
        for clip, caption in zip(clips, captions, strict=True)
    ]
    parts = {
        split: tuple(i for i, c in zip(items, clips, strict=True) if c.split is split)
        for split in (Split.TRAIN, Split.VALIDATION)
    }
    tags = tuple(sorted(entry.card.labels))
    return Corpus(entry.card.corpora[0], parts[Split.TRAIN], parts[Split.VALIDATION], tags)


def _tags(task: Task, clip: Clip) -> tuple[str, ...]:
    """The labels that are 1; what is not known is taken for 0."""
    label = clip.label if isinstance(clip.label, tuple) else ()
    return tuple(name for name, value in zip(task.labels, label, strict=True) if value == 1)
