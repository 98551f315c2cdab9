"""The networks of a recipe."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backbones import pretrained
from backbones._networks.calibration import calibrate
from backbones._networks.mulap import MuLaP
from backbones._networks.seeded import seeded
from backbones._networks.text import TextEncoder
from backbones._networks.trunk import Trunk
from bench.errors import UserError
from bench.pretrain import texts
from bench.pretrain.objectives import Objective
from bench.pretrain.objectives.contrastive import Contrastive
from bench.pretrain.objectives.mulap import ProxyTasks
from bench.pretrain.objectives.simclr import SimCLR
from bench.pretrain.objectives.supervised import Supervised
from bench.pretrain.objectives.vicreg import VICReg
from bench.pretrain.objectives.weighted import Weighted
from bench.pretrain.recipe import Recipe

READERS = frozenset({"contrastive", "mulap"})
"""Objectives that need a text encoder."""


def build_trunk(recipe: Recipe) -> Trunk:
    """The trunk as training begins: random and calibrated, or from an earlier checkpoint.

    Raises:
        UserError: the checkpoint cannot be used.
    """
    trunk = Trunk(recipe.seed, recipe.trunk.width)
    if recipe.trunk.start:
        start = Path(recipe.trunk.start)
        with refused():
            pretrained.fill(trunk, pretrained.verified(start))
    else:
        calibrate(trunk)
    return trunk


@contextmanager
def refused() -> Iterator[None]:
    """A checkpoint that cannot be used is a user's mistake."""
    try:
        yield
    except pretrained.CheckpointError as error:
        raise UserError(str(error)) from error


def build(recipe: Recipe, trunk: Trunk, tags: int) -> Weighted:
    """Every objective of the recipe over one trunk; the new weights are drawn from its seed.

    Args:
        recipe: which, and how large.
        trunk: shared by all.
        tags: how many the corpus has.

    Raises:
        UserError: the text encoder cannot be had, or sizes do not fit each other.
    """
    names = recipe.objectives
    text = texts.load_encoder(recipe.text) if READERS & set(names) else None
    objectives = seeded(recipe.seed, lambda: [_one(n, recipe, trunk, text, tags) for n in names])
    return Weighted(objectives, recipe.weights).train()


def _one(name: str, recipe: Recipe, trunk: Trunk, text: TextEncoder | None, tags: int) -> Objective:
    again = recipe.train.checkpointing
    if name == "supervised":
        part = recipe.supervised
        return Supervised(trunk, tags, part.hidden, exclusive=part.exclusive, checkpointing=again)
    if name == "simclr":
        sizes = recipe.simclr
        return SimCLR(trunk, sizes.dim, sizes.hidden, sizes.temperature, checkpointing=again)
    if name == "vicreg":
        return VICReg(trunk, recipe.vicreg.dim, checkpointing=again)
    if text is None:
        message = f"{name} needs a text encoder"
        raise ValueError(message)
    if name == "contrastive":
        space = recipe.contrastive
        return Contrastive(trunk, text, space.dim, space.temperature, checkpointing=again)
    terms = frozenset(recipe.weights)
    fusion, chunks = recipe.fusion, recipe.clip.chunks
    try:
        return ProxyTasks(MuLaP(trunk, text, fusion, chunks, terms, checkpointing=again))
    except ValueError as error:
        message = f"the recipe's sizes do not fit each other: {error}"
        raise UserError(message) from error
