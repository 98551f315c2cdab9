"""Chooses hyper-parameters with Optuna, on validation, resumably.

Only finished trials are stored. A study is replayed in memory from its beginning: every batch of
proposals follows from the seed and the trials before it, so that a search that was killed ends as
an unbroken one, and trials that are stored are not fitted again.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from bench.errors import UserError
from bench.probes import OF_A_MODEL, Hyper, Model, Problem, protocols, space
from bench.probes import journal as journals
from bench.probes.fit import Fitter
from bench.probes.protocols import Case, Protocol, Tuned
from tasks import Split

TOGETHER = 4
"""Trials that the sampler proposes at once; linear ones on one layer are then solved together."""

SEED_STRIDE = 10_007
"""Sets the sampler's seeds apart: one for every seed and number of finished trials."""

HYPER, SECONDS = "hyper", "seconds"
"""Attributes of a stored trial: its configuration, and how long it took."""


class UndefinedScoreError(UserError):
    """The validation metric of a task has no value."""


@dataclass(frozen=True, slots=True)
class Budget:
    """When a search ends.

    Attributes:
        trials: at most so many.
        seconds: none is begun after so many; None for no such end. What ends by the clock may
            end elsewhere on another machine.
    """

    trials: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One configuration and what it scored on validation.

    Attributes:
        number: in the order in which trials were proposed.
        hyper: the configuration.
        score: on validation, the best so far of a network that was ended early.
        pruned: whether it was.
    """

    number: int
    hyper: Hyper
    score: float
    pruned: bool = False


@dataclass(frozen=True, slots=True)
class _Proposal:
    """What is to be tried; planned ones have no trial of the study yet."""

    hyper: Hyper
    trial: optuna.Trial | None = None


@dataclass(slots=True)
class _Outcome:
    """What is told to a study, and stored.

    Attributes:
        score: on validation.
        seconds: it took.
        steps: epoch → best score until then, of a network.
        pruned: whether training was ended early.
    """

    score: float = math.nan
    seconds: float = 0.0
    steps: dict[int, float] = field(default_factory=dict)
    pruned: bool = False


def search(
    problem: Problem,
    protocol: Protocol,
    case: Case,
    *,
    budget: Budget,
    seed: int,
    journal: Path,
    progress: Callable[[int, int], None],
) -> list[Trial]:
    """Run, or go on with, a study until its budget is used or its plan is done.

    Args:
        problem: holds no test label.
        protocol: plans the first trials; a `Tuned` one lets the sampler propose the rest.
        case: what may be chosen.
        budget: of trials and seconds.
        seed: of the sampler and of networks.
        journal: the study's file; no other process may be at it.
        progress: called with (trials done, trials in all).

    Returns:
        The trials in the order in which they were proposed.

    Raises:
        UndefinedScoreError: the metric has no value on these validation clips.
    """
    logging.getLogger("optuna").setLevel(logging.WARNING)
    stored = journals.opened(journal)
    known = stored.get_trials(deepcopy=False)
    study = optuna.create_study(direction="maximize", pruner=_pruner())
    sampled = isinstance(protocol, Tuned)
    most = budget.trials if sampled else min(budget.trials, len(protocol.plan(case)))
    fitter = Fitter(problem)
    done: list[Trial] = []
    spent = 0.0
    while len(done) < most and (budget.seconds is None or spent < budget.seconds):
        progress(len(done), most)
        proposals = _planned(protocol, case, done) or _sampled(study, case, seed, len(done))
        proposals = proposals[: most - len(done)]
        outcomes = _remembered(known[len(done) :], proposals)
        outcomes += _run(problem, fitter, proposals[len(outcomes) :], seed)
        for proposal, outcome in zip(proposals, outcomes, strict=True):
            finished = _tell(study, case if sampled else None, proposal, outcome)
            if len(done) >= len(known):
                stored.add_trial(finished)
            done.append(Trial(len(done), proposal.hyper, outcome.score, outcome.pruned))
            spent += outcome.seconds
    progress(most, most)
    return done


def best(trials: Sequence[Trial]) -> Trial:
    """The first of `leaders`."""
    return leaders(trials)[0]


def leaders(trials: Sequence[Trial]) -> list[Trial]:
    """By score, the highest first; of equal ones the earliest, which is the simplest model.

    Networks that were ended early are left out.
    """
    finished = [trial for trial in trials if not trial.pruned]
    return sorted(finished, key=lambda trial: (-trial.score, trial.number))


def params(hyper: Hyper) -> dict[str, str | bool | float]:
    """The hyper-parameters that the model has."""
    fields = asdict(hyper)
    names = ("layer", "pooling", "standardise", "model", *OF_A_MODEL[hyper.model])
    return {name: fields[name] for name in names}


def _pruner() -> optuna.pruners.BasePruner:
    """Ends a network that is below the median of the others after as many epochs."""
    return optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=4)


def _planned(protocol: Protocol, case: Case, done: Sequence[Trial]) -> list[_Proposal]:
    """The trials that no sampler proposes: the plan, what follows from its leader, networks.

    Trials come in whole stages; that one stage is over is seen by its trials being there.
    """
    plan = list(protocol.plan(case))
    tried = {trial.hyper for trial in done}
    stages = [plan]
    if isinstance(protocol, Tuned) and len(done) >= len(plan):
        stages.append(protocols.leader_s(case, best(done[: len(plan)]).hyper))
        linear = [trial for trial in done if trial.hyper.model is Model.LINEAR]
        first_network = next((i for i, trial in enumerate(done) if trial not in linear), len(done))
        stages.append(protocols.networks(case, best(done[:first_network]).hyper))
    for stage in stages:
        left = [hyper for hyper in dict.fromkeys(stage) if hyper not in tried]
        if left:
            return [_Proposal(hyper) for hyper in left]
    return []


def _sampled(study: optuna.Study, case: Case, seed: int, done: int) -> list[_Proposal]:
    """What the sampler proposes next."""
    study.sampler = optuna.samplers.TPESampler(
        seed=seed * SEED_STRIDE + done,
        multivariate=True,
        constant_liar=True,
        n_startup_trials=8,
    )
    trials = [study.ask() for _ in range(TOGETHER)]
    return [_Proposal(space.suggested(case, trial), trial) for trial in trials]


def _remembered(known: Sequence[FrozenTrial], proposals: Sequence[_Proposal]) -> list[_Outcome]:
    """Outcomes of the proposals at the head that are stored already, reported as they were."""
    outcomes = []
    for frozen, proposal in zip(known, proposals, strict=False):
        if frozen.user_attrs[HYPER] != params(proposal.hyper) or frozen.value is None:
            break
        pruned = frozen.state is TrialState.PRUNED
        if proposal.trial is not None:
            for epoch, score in frozen.intermediate_values.items():
                proposal.trial.report(score, epoch)
        seconds = frozen.user_attrs[SECONDS]
        outcomes.append(_Outcome(frozen.value, seconds, frozen.intermediate_values, pruned))
    return outcomes


def _run(
    problem: Problem, fitter: Fitter, proposals: Sequence[_Proposal], seed: int
) -> list[_Outcome]:
    """Fit probes and score them on validation; networks may be ended early."""
    outcomes = [_Outcome() for _ in proposals]

    def watch(which: int, epoch: int, score: float) -> bool:
        outcomes[which].steps[epoch] = score
        trial = proposals[which].trial
        if trial is not None:
            trial.report(score, epoch)
            outcomes[which].pruned = bool(trial.should_prune())
        return outcomes[which].pruned

    started = time.perf_counter()
    predicts = fitter.fit([proposal.hyper for proposal in proposals], seed, watch)
    for outcome, predict in zip(outcomes, predicts, strict=True):
        outcome.score = problem.score(predict(Split.VALIDATION))
        if math.isnan(outcome.score):
            message = f"{problem.metric.name} has no value on the validation clips; give it others"
            raise UndefinedScoreError(message)
    for outcome in outcomes:
        outcome.seconds = (time.perf_counter() - started) / len(outcomes)
    return outcomes


def _tell(
    study: optuna.Study, case: Case | None, proposal: _Proposal, outcome: _Outcome
) -> FrozenTrial:
    """Enter an outcome into the study that is replayed; the trial as it is to be stored.

    Where no sampler will learn from it there is no case, and the trial has no parameters.
    """
    hyper, trial = proposal.hyper, proposal.trial
    attributes = {HYPER: params(hyper), SECONDS: outcome.seconds}
    if trial is None:
        choices: dict[str, optuna.distributions.BaseDistribution] = {}
        if case is not None:
            choices = {**space.of(case, hyper.model), "model": space.MODELS}
        fields = asdict(hyper)
        finished = create_trial(
            params={name: fields[name.partition(" of ")[0]] for name in choices},
            distributions=choices,
            value=outcome.score,
            intermediate_values=outcome.steps,
            user_attrs=attributes,
        )
        study.add_trial(finished)
        return finished
    for name, value in attributes.items():
        trial.set_user_attr(name, value)
    if outcome.pruned:
        return study.tell(trial, state=TrialState.PRUNED)
    return study.tell(trial, outcome.score)
