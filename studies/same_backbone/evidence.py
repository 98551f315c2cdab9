"""Records and logs → scores of trainings, and how they differ."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import stdtr, stdtrit

from backbones import pretrained
from bench import statistics
from bench.pretrain.log import FILE
from bench.registry import Registry
from bench.rows import comparable, of_board
from bench.statistics import Samples
from studies.same_backbone import listening
from studies.same_backbone.curves import Log
from studies.same_backbone.listening import Layers
from studies.same_backbone.plan import Name, Pair
from studies.same_backbone.running import BOARD, TRAININGS

PROTOCOL = "tuned-v1"
ALPHA = 1 - statistics.LEVEL


@dataclass(frozen=True, slots=True)
class Scores:
    """What a training scores on a task.

    Attributes:
        values: pre-training seed → score.
        samples: pre-training seed → (resamples,), the same resamples for all trainings.
        layers: pre-training seed → the layer that the probe chose.
        groups: of each test clip.
    """

    values: Mapping[int, float]
    samples: Mapping[int, Samples]
    layers: Mapping[int, str]
    groups: Sequence[str]

    @property
    def mean(self) -> float:
        """Over pre-training seeds."""
        return float(np.mean(list(self.values.values())))

    @property
    def over_seeds(self) -> float:
        """Standard deviation over pre-training seeds; NaN for one."""
        return _deviation(list(self.values.values()))

    @property
    def over_clips(self) -> float:
        """Standard error of the mean over test clips."""
        number = statistics.effective_number(self.groups)
        return statistics.standard_error(np.mean(list(self.samples.values()), axis=0), number)


@dataclass(frozen=True, slots=True)
class Gap:
    """One training minus another on a task, over the pre-training seeds that both have.

    Attributes:
        value: mean difference.
        over_clips: its standard error over test clips, by paired bootstrap.
        over_seeds: its standard error over pre-training seeds, paired; NaN where no training has
            two.
        freedom: degrees of freedom of the sum of both variances.
    """

    value: float
    over_clips: float
    over_seeds: float
    freedom: float

    @property
    def error(self) -> float:
        """Standard error over clips and seeds."""
        return math.hypot(self.over_clips, np.nan_to_num(self.over_seeds))

    @property
    def p(self) -> float:
        """That there is no difference, before a correction for the number of tests."""
        if self.value == 0 or self.error == 0:
            return float(self.value == 0)
        return float(2 * stdtr(self.freedom, -abs(self.value) / self.error))

    def least(self, tests: int) -> float:
        """The smallest difference with this error that is told apart as the first of so many."""
        return float(stdtrit(self.freedom, 1 - ALPHA / tests / 2) * self.error)


@dataclass(frozen=True, slots=True)
class OverSeeds:
    """How much a training's score on a task varies with the pre-training seed, seeds paired.

    Attributes:
        variance: of one score.
        freedom: its degrees of freedom.
    """

    variance: float
    freedom: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known.

    Attributes:
        metrics: task → its primary metric.
        scores: (label, steps) → task → scores.
        logs: of trainings, finished or not.
        finished: trainings that ended.
        layers: what every layer of a training is good for.
    """

    metrics: Mapping[str, str]
    scores: Mapping[tuple[str, int], Mapping[str, Scores]]
    logs: Mapping[Name, Log]
    finished: frozenset[Name]
    layers: Layers

    def varying(self, task: str, steps: int) -> OverSeeds | None:
        """Over pre-training seeds, from all trainings that long and the random trunk."""
        lengths = {0, steps}
        mine = [each for (_, long), each in self.scores.items() if long in lengths]
        return over_seeds([each[task] for each in mine if task in each])

    def trained(self, label: str, steps: int) -> list[Log]:
        """Logs of the trainings of that label and length that ended, by seed."""
        names = [
            name for name in sorted(self.finished) if (name.label, name.steps) == (label, steps)
        ]
        return [self.logs[name] for name in names if self.logs.get(name)]


def load(results: Path, cards: Registry) -> Evidence:
    """Read what was published.

    Args:
        results: the folder.
        cards: of the tasks.

    Raises:
        BoardError: a record is damaged.
    """
    board = of_board(results / BOARD, cards)
    rows = board.get(PROTOCOL, {})
    metrics = {task: row.record.task.primary for (task, _), row in sorted(rows.items())}
    found: dict[tuple[str, int], dict[str, Scores]] = {}
    for task in metrics:
        samples = comparable(task, rows)
        names = sorted(map(Name.parse, samples))
        for label, steps in dict.fromkeys((name.label, name.steps) for name in names):
            mine = [name for name in names if (name.label, name.steps) == (label, steps)]
            records = {name.seed: rows[task, str(name)].record for name in mine}
            found.setdefault((label, steps), {})[task] = Scores(
                values={seed: record.primary.value for seed, record in records.items()},
                samples={name.seed: samples[str(name)] for name in mine},
                layers={s: str(r.search.chosen.get("layer", "–")) for s, r in records.items()},
                groups=rows[task, str(mine[0])].groups,
            )
    folders = sorted((results / TRAININGS).glob("*"))
    logs = {Name.parse(f.name): _rows(f / FILE) for f in folders if (f / FILE).is_file()}
    finished = {Name.parse(f.name) for f in folders if (f / pretrained.RECORD).is_file()}
    layers = listening.of(board.get(listening.PROTOCOL, {}))
    return Evidence(metrics, found, logs, frozenset(finished), layers)


def _rows(log: Path) -> list[dict[str, Any]]:
    """Whole ones: a training that was killed may have left half a row."""
    lines = log.read_text("utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def over_seeds(scores: Sequence[Scores]) -> OverSeeds | None:
    """From all trainings together: what is left of trainings × seeds after the means of both.

    It takes the variance to be the same for all. Three seeds of one pair say little about it; the
    residual of a two-way layout, in which cells may be missing (Searle, 1971, 7.1), says more.

    Args:
        scores: of trainings of one length on one task.

    Returns:
        None where no two trainings have two seeds in common.
    """
    cells = [
        (row, seed, value) for row, each in enumerate(scores) for seed, value in each.values.items()
    ]
    rows, seeds, values = map(np.array, zip(*cells, strict=True))
    one_hot = [part[:, None] == np.unique(part) for part in (rows, seeds)]
    design = np.hstack(one_hot).astype(float)
    fitted, _, rank, _ = np.linalg.lstsq(design, values, rcond=None)
    freedom = len(values) - int(rank)
    if not freedom:
        return None
    return OverSeeds(float(np.sum((values - design @ fitted) ** 2) / freedom), freedom)


def gap(one: Scores, other: Scores, varying: OverSeeds | None) -> Gap:
    """How much better one is than the other, and whether that is more than chance.

    Errors over test clips and over pre-training seeds add up, and so do their degrees of freedom
    (Satterthwaite, 1946). Seeds are paired: both trainings begin from the same weights.

    Args:
        one: of a training.
        other: of another.
        varying: None to test these networks only, not the two ways of training.

    Raises:
        ValueError: they have no seed in common.
    """
    seeds = sorted(one.values.keys() & other.values.keys())
    if not seeds:
        message = "trainings without a pre-training seed in common cannot be compared"
        raise ValueError(message)
    differences = [one.values[seed] - other.values[seed] for seed in seeds]
    samples = np.mean([one.samples[seed] - other.samples[seed] for seed in seeds], axis=0)
    number = statistics.effective_number(one.groups)
    value, clips = float(np.mean(differences)), statistics.standard_error(samples, number)
    parts = [(clips**2, statistics.freedom(number))]
    if varying is None:
        return Gap(value, clips, math.nan, parts[0][1])
    parts.append((2 * varying.variance / len(seeds), varying.freedom))
    return Gap(value, clips, math.sqrt(parts[1][0]), _freedom(parts))


def _freedom(parts: Sequence[tuple[float, float]]) -> float:
    """Of a sum of estimates of variances, each with its own."""
    known = [(each, degrees) for each, degrees in parts if each]
    if not known:
        return 1.0
    return sum(each for each, _ in known) ** 2 / sum(each**2 / of for each, of in known)


def corrected(gaps: Mapping[Pair, Gap]) -> dict[Pair, float]:
    """Holm-corrected p-values of the comparisons on one task."""
    adjusted = statistics.holm([each.p for each in gaps.values()])
    return dict(zip(gaps, adjusted.tolist(), strict=True))


def common(labels: Iterable[str], steps: int, evidence: Evidence) -> dict[str, dict[str, Scores]]:
    """Label → task → scores, of trainings that long; the random trunk is of every length."""
    found = {}
    for label in labels:
        scores = evidence.scores.get((label, steps)) or evidence.scores.get((label, 0))
        if scores:
            found[label] = dict(scores)
    return found


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
