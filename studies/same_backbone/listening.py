"""What every layer of a trunk is good for, by `layers-v1`."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.rows import Rows
from leaderboard.details import table
from studies.same_backbone.plan import Name, Part

PROTOCOL = "layers-v1"

ORDER = ("front", "cnn1", "cnn2", "cnn3", "pool")
"""From the input to the output; `pool` is all of the others, maxima and means."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Scores of the layers of one training on one task, × 1, means over pre-training seeds.

    Attributes:
        by_layer: the means.
        seeds: how many they are of.
    """

    by_layer: Mapping[str, float]
    seeds: int


Layers = Mapping[tuple[str, int], Mapping[str, Heard]]
"""(label, steps) → task → layers."""


def of(rows: Rows) -> Layers:
    """The layers of every training.

    Args:
        rows: of `layers-v1`, by task and name.
    """
    found: dict[tuple[str, int], dict[str, list[dict[str, float]]]] = {}
    for (task, backbone), row in rows.items():
        name = Name.parse(backbone)
        scores = {each.name: each.score.value for each in row.record.variants}
        found.setdefault((name.label, name.steps), {}).setdefault(task, []).append(scores)
    return {
        key: {task: _mean(seeds) for task, seeds in by_task.items()}
        for key, by_task in found.items()
    }


def _mean(seeds: list[dict[str, float]]) -> Heard:
    names = [name for name in ORDER if all(name in each for each in seeds)]
    means = {name: float(np.mean([each[name] for each in seeds])) for name in names}
    return Heard(means, len(seeds))


def counts(layers: Layers, steps: int) -> str:
    """How many seeds of each training of that length were heard on all its tasks."""
    mine = {label: heard for (label, length), heard in layers.items() if length == steps}
    least = {label: min(each.seeds for each in heard.values()) for label, heard in mine.items()}
    return ", ".join(f"{label} {least[label]}" for label in sorted(least))


def chosen(part: Part, steps: int, layers: Layers) -> dict[str, Mapping[str, Heard]]:
    """Label → task → layers, of a part's trainings of that length; random is of every length."""
    labels = [training.label for training in part.trainings]
    found = {label: layers.get((label, steps)) or layers.get((label, 0)) for label in labels}
    return {label: each for label, each in found.items() if each}


def section(part: Part, steps: int, layers: Layers) -> str:
    """A figure, and the table behind it; empty where nothing of that length was heard."""
    mine = chosen(part, steps, layers)
    if len(mine) < 2:  # noqa: PLR2004 — the random trunk alone is of every length
        return ""
    tasks = sorted({task for each in mine.values() for task in each})
    rows = [
        [label, layer, *(_cell(each.get(task), layer) for task in tasks)]
        for label, each in mine.items()
        for layer in ORDER
    ]
    figure = f"![Score by layer](figures/{part.name}-{steps}-layers.svg)"
    seeds = ", ".join(
        f"{label} {min(x.seeds for x in each.values())}" for label, each in mine.items()
    )
    about = (
        "Every layer by itself, a linear probe on it (`layers-v1`), score × 100, mean over "
        f"pre-training seeds ({seeds}), without errors"
    )
    inner = table(rows, ["training", "layer", *tasks])
    return f"{figure}\n\n<details><summary>{about}</summary>\n\n{inner}\n\n</details>"


def _cell(heard: Heard | None, layer: str) -> str:
    if heard is None or layer not in heard.by_layer:
        return "–"
    return f"{100 * heard.by_layer[layer]:.1f}"
