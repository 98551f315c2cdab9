"""Trainings that take a second."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.pretrain import reading
from bench.pretrain.corpus import Corpus, open_corpus
from bench.pretrain.loop import pretrain
from bench.pretrain.presets import Preset
from bench.pretrain.recipe import OBJECTIVES, Recipe
from bench.progress import Reporter, Step
from tests.berts import write_bert
from tests.corpora import write_corpus

SIZES = ("trunk.width=0.03", "clip.chunk=0.2", "clip.hop=0.15", "masking.chunks=0.5")
TOGETHER = ("mlm", "mam", "atm")
TINY = ("pretrain", "--preset", "tiny")


def place(folder: Path) -> Path:
    """A folder with a corpus of 12 training and 4 validation items and a text encoder."""
    write_corpus(folder / "corpus", 16)
    write_bert(folder / "bert")
    return folder


def changes(folder: Path, objective: str) -> list[str]:
    """What makes the tiny preset a training of one objective on the corpus of `place`."""
    terms = [f"terms.{term}={int(term in OBJECTIVES[objective])}" for term in TOGETHER]
    terms += [f"terms.{term}=1" for term in OBJECTIVES[objective]]
    own = (f"name=x-{objective}", f"text.model={folder / 'bert'}")
    return [*terms, *SIZES, *own, f"corpus.source={folder / 'corpus'}"]


def settings(folder: Path, objective: str, *more: str) -> list[str]:
    """The same changes, and more, as words of a command line."""
    return [word for change in (*changes(folder, objective), *more) for word in ("--set", change)]


def recipe(folder: Path, objective: str, *more: str) -> Recipe:
    return reading.load(None, Preset.TINY, [*changes(folder, objective), *more])


def corpus(folder: Path) -> Corpus:
    return open_corpus(folder / "corpus", "tones", 0.25)


def train(
    of: Recipe,
    folder: Path,
    out: Path,
    reporter: Reporter | None = None,
    *,
    tensorboard: bool = False,
) -> Path:
    pretrain(of, corpus(folder), out, reporter or Reporter(), tensorboard=tensorboard)
    return out


def log(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


CLOCKS = {"seconds", "waited"}


def without_clocks(out: Path) -> list[dict[str, object]]:
    return [{k: v for k, v in row.items() if k not in CLOCKS} for row in log(out)]


class UnpluggedError(Exception):
    """Somebody pulled the plug."""


class Plug(Reporter):
    """A reporter that pulls it after some steps."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    @contextmanager
    def step(self, title: str, unit: str) -> Iterator[Step]:
        with super().step(title, unit) as step:

            def pull(done: int, total: int) -> None:
                step(done, total)
                if done == self.after:
                    raise UnpluggedError

            yield pull
