"""Chooses hyper-parameters with Optuna, on validation, resumably.

Only finished trials are stored. A study is replayed in memory from its beginning: every batch of
proposals follows from the seed and the trials before it, so that a search that was killed ends as
an unbroken one, and trials that are stored are not fitted again.
"""

import logging
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial
from pydantic import TypeAdapter

from bench.probes import Hyper, Model, Pooling, Problem
from bench.probes.fit import fit
from bench.probes.protocols import (
    C_GRID,
    C_RANGE,
    DROPOUT_RANGE,
    LEARNING_RATE_RANGE,
    WEIGHT_DECAY_RANGE,
    Protocol,
)
from tasks import Split

TOGETHER = 4
"""Trials that the sampler proposes at once; linear ones on one layer are then solved together."""

SEED_STRIDE = 10_007
"""Sets the sampler's seeds apart: one for every seed and number of finished trials."""

_HYPER = TypeAdapter(Hyper)


class UndefinedScoreError(ValueError):
    """The validation metric of a task has no value."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One configuration and what it scored on validation."""

    number: int
    hyper: Hyper
    score: float


def search(
    problem: Problem,
    protocol: Protocol,
    layers: Sequence[str],
    poolings: Sequence[Pooling],
    *,
    trials: int,
    seed: int,
    journal: Path,
    progress: Callable[[int, int], None],
) -> list[Trial]:
    """Run, or go on with, a study until it has `trials` finished trials.

    Args:
        problem: holds no test label.
        protocol: what may be chosen.
        layers: that are compared, the default one first.
        poolings: that make a difference for these clips.
        trials: budget.
        seed: of the sampler and of networks.
        journal: the study's file; no other process may be at it.
        progress: called with (trials done, trials in all).

    Returns:
        The trials in the order in which they were proposed.

    Raises:
        UndefinedScoreError: the metric has no value on these validation clips.
    """
    logging.getLogger("optuna").setLevel(logging.WARNING)
    stored = _open(journal)
    known = stored.get_trials(deepcopy=False)
    study = optuna.create_study(direction="maximize")
    space = _Space(protocol, tuple(layers), tuple(poolings))
    done: list[Trial] = []
    while len(done) < trials:
        progress(len(done), trials)
        asked = _propose(study, space, seed, done)[: trials - len(done)]
        hypers = [space.suggest(trial) for trial in asked]
        scores = _remembered(known[len(done) :], asked)
        scores += _scores(problem, hypers[len(scores) :], seed)
        for trial, hyper, score in zip(asked, hypers, scores, strict=True):
            finished = study.tell(trial, score)
            if len(done) >= len(known):
                stored.add_trial(finished)
            done.append(Trial(len(done), hyper, score))
    progress(trials, trials)
    return done


def best(trials: Sequence[Trial]) -> Trial:
    """The highest score; of equal ones the earliest, which is the simplest model."""
    return max(trials, key=lambda trial: (trial.score, -trial.number))


@dataclass(frozen=True, slots=True)
class _Space:
    """The search space, and its way to and from Optuna's parameters."""

    protocol: Protocol
    layers: tuple[str, ...]
    poolings: tuple[Pooling, ...]

    def suggest(self, trial: optuna.Trial) -> Hyper:
        trial.suggest_categorical("layer", self.layers)
        trial.suggest_categorical("pooling", self.poolings)
        trial.suggest_categorical("standardise", self.protocol.standardise)
        if trial.suggest_categorical("model", self.protocol.models) == Model.LINEAR:
            trial.suggest_float("c", *C_RANGE, log=True)
        else:
            trial.suggest_float("learning_rate", *LEARNING_RATE_RANGE, log=True)
            trial.suggest_float("weight_decay", *WEIGHT_DECAY_RANGE, log=True)
            trial.suggest_float("dropout", *DROPOUT_RANGE)
        return _HYPER.validate_python(trial.params)


def params(hyper: Hyper) -> dict[str, str | bool | float]:
    """The hyper-parameters that the model has, as the search asks for them."""
    shared: dict[str, str | bool | float] = {
        "layer": hyper.layer,
        "pooling": hyper.pooling,
        "standardise": hyper.standardise,
        "model": hyper.model,
    }
    if hyper.model is Model.LINEAR:
        return {**shared, "c": hyper.c}
    return {
        **shared,
        "learning_rate": hyper.learning_rate,
        "weight_decay": hyper.weight_decay,
        "dropout": hyper.dropout,
    }


def _open(journal: Path) -> optuna.Study:
    """The stored study; the caller holds a lock, so one that lies beside it is a dead process's.

    So is a last line without an end, which Optuna could not read.
    """
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.with_name(f"{journal.name}.lock").unlink(missing_ok=True)
    if journal.is_file():
        whole = journal.read_bytes().rpartition(b"\n")
        os.truncate(journal, len(whole[0]) + len(whole[1]))
    backend = JournalFileBackend(str(journal), lock_obj=JournalFileOpenLock(str(journal)))
    return optuna.create_study(
        study_name="search",
        storage=JournalStorage(backend),
        direction="maximize",
        load_if_exists=True,
    )


def _propose(
    study: optuna.Study, space: _Space, seed: int, done: Sequence[Trial]
) -> list[optuna.Trial]:
    """The next batch: what is planned while there is any, then the sampler's."""
    planned = _planned(space, done)
    for hyper in planned:
        study.enqueue_trial(params(hyper))
    study.sampler = optuna.samplers.TPESampler(
        seed=seed * SEED_STRIDE + len(done),
        multivariate=True,
        constant_liar=True,
        n_startup_trials=8,
    )
    return [study.ask() for _ in range(len(planned) or TOGETHER)]


def _planned(space: _Space, done: Sequence[Trial]) -> list[Hyper]:
    """The trials that no sampler proposes: every layer, then the leader's C, then networks."""
    first = space.protocol.first(space.layers)
    if not done:
        return first
    leader = best(done).hyper
    tried = {trial.hyper for trial in done}
    finer = [replace(leader, c=c) for c in C_GRID if replace(leader, c=c) not in tried]
    if len(done) == len(first) and finer:
        return finer
    if len(done) >= len(first) + len(C_GRID) or Model.MLP not in space.protocol.models:
        return []
    networks = [
        replace(leader, model=Model.MLP, standardise=True, learning_rate=rate)
        for rate in (1e-3, 3e-4)
    ]
    return networks if all(hyper.model is Model.LINEAR for hyper in tried) else []


def _remembered(known: Sequence[FrozenTrial], asked: Sequence[optuna.Trial]) -> list[float]:
    """Scores of the proposals at the head of `asked` that are stored already."""
    scores = []
    for frozen, trial in zip(known, asked, strict=False):
        if frozen.params != trial.params or frozen.value is None:
            break
        scores.append(frozen.value)
    return scores


def _scores(problem: Problem, hypers: Sequence[Hyper], seed: int) -> list[float]:
    """What probes with these hyper-parameters score on validation."""
    scores = [problem.score(predict(Split.VALIDATION)) for predict in fit(problem, hypers, seed)]
    if any(math.isnan(score) for score in scores):
        message = f"{problem.metric.name} has no value on the validation clips"
        raise UndefinedScoreError(message)
    return scores
