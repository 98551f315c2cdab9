"""The finished checkpoint: the trunk alone, with what `backbones.pretrained` wants to know."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from safetensors.torch import save
from torch import Tensor

from backbones import Family
from backbones.pretrained import FORMAT, RECIPE, RECORD, WEIGHTS, read_record, sealed
from bench import provenance
from bench.errors import UserError
from bench.pretrain import reading, state
from bench.pretrain.building import refused
from bench.pretrain.corpus import Corpus
from bench.pretrain.recipe import Recipe
from bench.store import write_atomically

FAMILIES = {
    "mulap": Family.MULAP,
    "contrastive": Family.CROSS_MODAL,
    "supervised": Family.SUPERVISED,
    "simclr": Family.AUDIO_SSL,
    "vicreg": Family.AUDIO_SSL,
}
"""Objective → family; of several objectives the first here decides."""


class OccupiedError(UserError):
    """The folder is of another training."""


def claim(folder: Path, recipe: Recipe) -> None:
    """Write the recipe into a folder, or make sure that it is the one in there.

    Raises:
        OccupiedError: it is another recipe's, or holds something else.
    """
    file = folder / RECIPE
    if not file.is_file():
        if folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir()):
            message = f"{folder} holds something else than a training; choose another --out"
            raise OccupiedError(message)
        write_atomically(file, reading.text(recipe).encode())
        return
    changed = reading.difference(reading.written(file), recipe)
    if changed:
        message = (
            f"{folder} holds a training by another recipe: {changed}. Choose another --out, or "
            "delete the folder"
        )
        raise OccupiedError(message)


@dataclass(frozen=True, slots=True)
class Start:
    """The checkpoint that a training starts from.

    Attributes:
        weights: sha256 of them; empty where it starts from random ones.
        trained_on: corpora.
    """

    weights: str = ""
    trained_on: tuple[str, ...] = ()

    @classmethod
    def of(cls, recipe: Recipe) -> Self:
        """What the recipe names.

        Raises:
            UserError: the checkpoint cannot be used.
        """
        if not recipe.trunk.start:
            return cls()
        with refused():
            record = read_record(Path(recipe.trunk.start))
        return cls(record["weights"], tuple(record["trained_on"]))


@dataclass(frozen=True, slots=True)
class Trained:
    """What comes of a training.

    Attributes:
        trunk: its state.
        parameters: how many of its numbers are trained.
        start: where it began.
        heard: digests of the corpus' audio, of which there are several if it changed meanwhile.
    """

    trunk: dict[str, Tensor]
    parameters: int
    start: Start
    heard: tuple[str, ...]


def finish(folder: Path, recipe: Recipe, corpus: Corpus, trained: Trained) -> None:
    """Write weights and then the record, which makes the folder a checkpoint.

    Args:
        folder: of the training.
        recipe: of the training.
        corpus: trained on.
        trained: what came of it.
    """
    weights = save(trained.trunk)
    write_atomically(folder / WEIGHTS, weights)
    record = {
        **_card(recipe, corpus.name, trained.start),
        "start": trained.start.weights,
        "parameters": trained.parameters,
        "weights": hashlib.sha256(weights).hexdigest(),
        "corpus": {
            "digest": corpus.digest(),
            "audio": list(trained.heard),
            "train": len(corpus.train),
            "validation": len(corpus.validation),
        },
        "packages": provenance.packages(),
        "commit": provenance.commit(),
    }
    write_atomically(folder / RECORD, (json.dumps(sealed(record), indent=1) + "\n").encode())
    shutil.rmtree(folder / state.FILE.parent, ignore_errors=True)


def _card(recipe: Recipe, corpus: str, start: Start) -> dict[str, object]:
    """What the backbone's card says; without a step it is that of a random trunk."""
    steps = recipe.train.steps
    terms = ", ".join(f"{weight:g} {name}" for name, weight in recipe.weights.items())
    training = f"{steps:,} steps on {corpus} of {terms}" if steps else "random weights"
    family = next(f for name, f in FAMILIES.items() if name in recipe.objectives)
    return {
        "format": FORMAT,
        "name": recipe.name,
        "family": family if steps else Family.RANDOM,
        "summary": f"MuLaP's trunk × {recipe.trunk.width:g}, {training}",
        "width": recipe.trunk.width,
        "seed": recipe.seed,
        "window": recipe.clip.window or recipe.clip.chunk,
        "trained_on": list(dict.fromkeys([*start.trained_on, corpus])) if steps else [],
        "steps": steps,
    }
