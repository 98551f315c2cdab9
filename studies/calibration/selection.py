"""What a search scores where there is nothing to find, and which epoch of a network it keeps."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.probes import Hyper, Model, Pooling, methods
from bench.probes.fit import Fitter
from bench.probes.methods import Finished
from bench.probes.protocols import PROTOCOLS, Case
from bench.probes.search import Budget, best, search
from studies.calibration import examples
from studies.calibration.examples import QUESTIONS, SILENT, TELLING, Data
from studies.calibration.findings import Cell, Finding, Interval, Part, half_width, random_numbers
from tasks import Kind, Metric, Scores, Split, Truth

EAGER = Hyper("0", Pooling.MEAN, standardise=True, model=Model.MLP, learning_rate=1e-2, batch=32)
"""A network that overfits within a few epochs."""

SEEDS = (0, 1)
TRIALS, MANY_TRIALS, FEW_TRIALS = 40, 200, 20
REPETITIONS, FEW_REPETITIONS, FEWEST_REPETITIONS = 40, 12, 6
EXACT = 1e-9

ABOUT_PERMUTED = f"""\
The search of `tuned-v1` ({TRIALS} trials) on features that know the labels, with the labels of
training and validation permuted: mean test score of {REPETITIONS} repetitions. *Chance* is what the
same predictions score when they are handed to other clips (all cyclic shifts): 1/4, 1/2 and 2/24,
and for R² less than 0. Bounds are chance ± the Monte Carlo interval (99 %) of the
difference."""

ABOUT_NOISE = f"""\
The search of `tuned-v1` with {MANY_TRIALS} trials on {SILENT.layers} layers of {SILENT.dim} numbers
that are pure noise, with {SILENT.clips[Split.TRAIN]} clips to train on and
{SILENT.clips[Split.VALIDATION]} to choose by; {REPETITIONS} repetitions. The validation
score of the chosen trial is what a benchmark would report that chose on the clips it scores; it
should be above chance, and the test score at chance."""

ABOUT_CHECKPOINT = """\
Networks that soon learn their training clips by heart: the validation score of the network that
training returns, less the best that was seen in any epoch. They must be the same. Beside it the
mean number of epochs, of which the last five are not better than the best."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Scores of one search.

    Attributes:
        validation: of the trial that was chosen.
        test: of what the protocol made of the search.
        chance: what the same predictions score on clips that they are not about.
    """

    validation: float
    test: float
    chance: float


def searched(data: Data, trials: int, seed: int) -> Outcome:
    """Search, refit and score as the benchmark does."""
    protocol, problem = PROTOCOLS["tuned-v1"], data.problem()
    case = Case(data.layers, (Pooling.MEAN,), weighable=True, kind=data.kind)
    with tempfile.TemporaryDirectory() as folder:
        made = search(
            problem,
            protocol,
            case,
            budget=Budget(trials),
            seed=seed,
            journal=Path(folder) / "study.log",
            progress=lambda _done, _total: None,
        )
    found = Finished(problem, protocol.plan(case), made, SEEDS)
    fits = list(methods.variants(protocol, found)[-1].scores.astype(np.float64))
    truth = data.y[Split.TEST]
    shifted = [_mean_score(problem.metric, np.roll(truth, k, 0), fits) for k in range(len(truth))]
    return Outcome(best(made).score, _mean_score(problem.metric, truth, fits), _mean(shifted))


def permuted(kind: str, trials: int, repetitions: int) -> list[Finding]:
    """Mean test score of searches on permuted labels."""
    outcomes = []
    for repetition in range(repetitions):
        rng = random_numbers("permuted", kind, repetition)
        data = examples.with_permuted_labels(examples.drawn(Kind(kind), TELLING, 1.0, rng), rng)
        outcomes.append(searched(data, trials, repetition))
    return [_at_chance(f"test score of permuted labels: {_name(kind)}", outcomes)]


def noise(kind: str, trials: int, repetitions: int) -> list[Finding]:
    """Mean test and validation score of searches on noise."""
    outcomes = []
    for repetition in range(repetitions):
        rng = random_numbers("noise", kind, repetition)
        outcomes.append(searched(examples.drawn(Kind(kind), SILENT, 0.0, rng), trials, repetition))
    validation = [outcome.validation for outcome in outcomes]
    excess = half_width([outcome.validation - outcome.chance for outcome in outcomes])
    chance = _mean([outcome.chance for outcome in outcomes])
    optimistic = Finding(
        claim=f"validation score of the chosen trial on noise is above chance: {_name(kind)}",
        measured=_mean(validation),
        interval=_around(validation),
        bounds=(chance + excess, 1.0),
        details={"chance": chance},
    )
    return [_at_chance(f"test score on noise: {_name(kind)}", outcomes), optimistic]


def checkpoint(kind: str, repetitions: int) -> list[Finding]:
    """How far the network that is returned is from its best epoch, on validation."""
    gaps, epochs = [], []
    for repetition in range(repetitions):
        rng = random_numbers("epochs", kind, repetition)
        problem = examples.drawn(Kind(kind), TELLING, 1.0, rng).problem()
        told: list[float] = []

        def watch(_which: int, _epoch: int, score: float, told: list[float] = told) -> bool:
            told.append(score)
            return False

        (predict,) = Fitter(problem).fit([EAGER], repetition, watch)
        gaps.append(problem.score(predict(Split.VALIDATION)) - told[-1])
        epochs.append(len(told))
    return [
        Finding(
            claim=f"the best epoch is kept: {_name(Kind(kind))}",
            measured=_mean(gaps),
            interval=_around(gaps),
            bounds=(-EXACT, EXACT),
            details={"epochs": _mean(epochs)},
        )
    ]


def _at_chance(claim: str, outcomes: Sequence[Outcome]) -> Finding:
    tests = [outcome.test for outcome in outcomes]
    chance = _mean([outcome.chance for outcome in outcomes])
    half = half_width([outcome.test - outcome.chance for outcome in outcomes])
    details = {"chance": chance}
    return Finding(claim, _mean(tests), _around(tests), (chance - half, chance + half), details)


def _mean_score(metric: Metric, truth: Truth, fits: Sequence[Scores]) -> float:
    whole = np.ones((1, len(truth)))
    return _mean([float(metric.function(truth, fit, whole)[0]) for fit in fits])


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _around(values: Sequence[float]) -> Interval:
    mean, half = _mean(values), half_width(values)
    return mean - half, mean + half


def _name(kind: str) -> str:
    return f"{kind}, {QUESTIONS[Kind(kind)][0].name}"


PERMUTED = Part(
    name="permuted",
    heading="Permuted labels score at chance",
    about=ABOUT_PERMUTED,
    whole=[Cell(permuted, (kind, TRIALS, REPETITIONS)) for kind in QUESTIONS],
    small=[Cell(permuted, (kind, FEW_TRIALS, FEWEST_REPETITIONS)) for kind in QUESTIONS],
)

NOISE = Part(
    name="noise",
    heading="A long search on noise is not rewarded",
    about=ABOUT_NOISE,
    whole=[Cell(noise, (kind, MANY_TRIALS, REPETITIONS)) for kind in QUESTIONS],
    small=[Cell(noise, (Kind.MULTICLASS, FEW_TRIALS, FEW_REPETITIONS))],
)

CHECKPOINT = Part(
    name="checkpoint",
    heading="A network's best epoch is kept",
    about=ABOUT_CHECKPOINT,
    whole=[Cell(checkpoint, (kind, REPETITIONS)) for kind in QUESTIONS],
    small=[Cell(checkpoint, (Kind.MULTICLASS, FEW_REPETITIONS))],
    percent=False,
)
