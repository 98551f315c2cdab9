"""Captions put together from known facts, as unreliable as is asked for."""

from collections.abc import Mapping, Sequence

import numpy as np

from bench.pretrain.recipe import NoiseRecipe

UNRELATED = (
    "Recorded on a rainy Tuesday.",
    "Please rate and subscribe.",
    "The second of three uploads.",
    "Found in a box in the attic.",
    "My grandmother's favourite.",
    "Free to use in your videos.",
    "Sorry about the bad picture.",
    "More of this next week.",
)

Facts = Mapping[str, str]


def compose(facts: Sequence[Facts], noise: NoiseRecipe) -> list[str]:
    """One caption an item; the same for every seed of a training.

    A swapped caption is that of any item, not of a neighbour, which may be of the same book and
    dance.

    Args:
        facts: of each item, name of a fact → phrase.
        noise: see `NoiseRecipe`.
    """
    written = [_caption(facts, i, noise, np.random.default_rng(i)) for i in range(len(facts))]
    draw = np.random.default_rng(len(facts))
    moved = draw.permutation(np.flatnonzero(draw.random(len(facts)) < noise.swapped))
    captions = list(written)
    for place, source in zip(moved, np.roll(moved, 1), strict=True):
        captions[place] = written[source]
    return captions


def _caption(
    facts: Sequence[Facts], index: int, noise: NoiseRecipe, draw: np.random.Generator
) -> str:
    """Some phrases of an item in any order, one at least."""
    names = draw.permutation(sorted(facts[index]))
    kept = [name for name in names if draw.random() >= noise.dropped] or [names[0]]
    phrases = [_phrase(facts, index, name, noise, draw) for name in kept]
    text = ", ".join(phrases)
    unrelated = draw.random() < noise.unrelated
    tail = f" {draw.choice(UNRELATED)}" if unrelated else ""
    return f"{text[0].upper()}{text[1:]}.{tail}"


def _phrase(
    facts: Sequence[Facts], index: int, name: str, noise: NoiseRecipe, draw: np.random.Generator
) -> str:
    """The item's own, or that of any item that has such a fact."""
    if draw.random() >= noise.wrong:
        return facts[index][name]
    return str(draw.choice([each[name] for each in facts if name in each]))
