"""How often a 95 % interval holds the true score."""

from collections.abc import Sequence

import numpy as np

from bench import intervals, statistics
from studies.calibration.findings import (
    Cell,
    Finding,
    Interval,
    Part,
    between,
    random_numbers,
    share,
)
from studies.calibration.worlds import DESIGNS, LEVELS, WORLDS
from tasks import Metric, Scores, Truth

COVERAGE = (0.93, 0.97)
DATA_SETS, FEW_DATA_SETS = 1000, 150
LARGEST = "300 songs × 1–3 clips"
"""The slowest design, on which one level of each metric is measured."""

IN_SMALL = (
    ("accuracy", 0.6, "60 artists × 1–20 clips, few with many"),
    ("accuracy", 0.6, "100 songs × 1–3 clips"),
    ("weighted key score", 0.5, "100 songs × 1–3 clips"),
    ("R²", 0.4, LARGEST),
)

ABOUT = f"""\
Of {DATA_SETS:,} simulated test sets, the share whose 95 % interval (`bench.intervals.estimate`)
holds the true score, which is known in closed form. Clips of one song are correlated (0.5). Bounds
are 93 to 97 %. Beside it the share that percentiles of a bootstrap over groups hold. *Bias* is what
the score is too high by on average, which no interval around it can mend."""


def coverage(name: str, level: float, design: str, data_sets: int) -> list[Finding]:
    """The share of simulated test sets whose interval holds the true score.

    Args:
        name: of a metric in `WORLDS`.
        level: that the metric's world is made with.
        design: name of a design.
        data_sets: how many are simulated.
    """
    world, songs = WORLDS[name](level), DESIGNS[design]
    rng = random_numbers(name, level, design)
    held = held_by_percentiles = 0
    found = []
    for number in range(data_sets):
        owners = songs.owners(rng)
        truth, scores = world.draw(rng, owners)
        names = [f"{number} {owner}" for owner in owners]
        found.append(intervals.estimate(world.metric, truth, [scores], names))
        held += found[-1].low <= world.value <= found[-1].high
        low, high = percentiles(world.metric, truth, scores, names)
        held_by_percentiles += low <= world.value <= high
    return [
        Finding(
            claim=f"{name}, {design}, true score {100 * world.value:.1f}",
            measured=held / data_sets,
            interval=share(held, data_sets),
            bounds=between(*COVERAGE, data_sets),
            details={
                "percentiles": held_by_percentiles / data_sets,
                "bias": float(np.mean([each.value for each in found])) - world.value,
                "mean width": float(np.mean([each.high - each.low for each in found])),
            },
        )
    ]


def percentiles(metric: Metric, truth: Truth, scores: Scores, names: Sequence[str]) -> Interval:
    """The middle 95 % of a bootstrap over groups."""
    weights = statistics.group_weights(names)
    values = statistics.resampled(metric, truth, [scores], weights)
    tail = (1 - statistics.LEVEL) / 2
    low, high = np.nanquantile(values, [tail, 1 - tail])
    return float(low), float(high)


PART = Part(
    name="coverage",
    heading="95 % intervals hold the true score",
    about=ABOUT,
    whole=[
        Cell(coverage, (name, level, design, DATA_SETS))
        for design in DESIGNS
        for name in WORLDS
        for level in (LEVELS[name] if design != LARGEST else LEVELS[name][1:2])
    ],
    small=[Cell(coverage, (*each, FEW_DATA_SETS)) for each in IN_SMALL],
)
