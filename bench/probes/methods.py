"""What becomes of a search: which probes are refitted and tested, by protocol."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from bench.errors import UserError
from bench.probes import Hyper, Problem
from bench.probes.fit import Fitter, is_random
from bench.probes.job import Variant, stacked
from bench.probes.protocols import FewShot, LayerWise, Protocol, Tuned
from bench.probes.search import Trial, best, leaders, params
from tasks import Kind, Scores, Split, Truth


@dataclass(frozen=True, slots=True)
class Finished:
    """A search that is over.

    Attributes:
        problem: it was made on.
        plan: of the protocol.
        trials: all of them.
        seeds: for refits.
    """

    problem: Problem
    plan: Sequence[Hyper]
    trials: Sequence[Trial]
    seeds: tuple[int, ...]


@singledispatch
def variants(protocol: Protocol, found: Finished) -> list[Variant]:
    """What is tested; the last one is the score of the pair.

    Most protocols test one probe, the best on validation, refitted for each seed that matters.
    """
    del protocol
    return [_refitted("", best(found.trials), found)]


@variants.register
def _(protocol: Tuned, found: Finished) -> list[Variant]:
    """A committee: the mean of the scores of the best trials (Caruana et al., 2004)."""
    members = leaders(found.trials)[: protocol.committee]
    hypers = [trial.hyper for trial in members]
    used = found.seeds if any(is_random(hyper) for hyper in hypers) else found.seeds[:1]
    settled = [hyper for hyper in hypers if not is_random(hyper)]
    fitter = Fitter(found.problem)
    votes = _votes(fitter, settled, used[0])
    fits = []
    for seed in used:
        drawn_anew = _votes(fitter, [h for h in hypers if is_random(h)], seed)
        fits.append(np.mean([*votes, *drawn_anew], axis=0))
    hyper = {**params(hypers[0]), "committee": len(members)}
    return [Variant("", hyper, members[0].score, stacked(found.problem.kind, fits))]


def _votes(fitter: Fitter, hypers: Sequence[Hyper], seed: int) -> list[Scores]:
    return [predict(Split.TEST) for predict in fitter.fit(hypers, seed)]


@variants.register
def _(protocol: LayerWise, found: Finished) -> list[Variant]:
    """The best probe of every layer, in the order of their validation scores."""
    del protocol
    layers = dict.fromkeys(trial.hyper.layer for trial in found.trials)
    leaders = [best([t for t in found.trials if t.hyper.layer == layer]) for layer in layers]
    leaders.sort(key=lambda trial: (trial.score, -trial.number))
    return [_refitted(trial.hyper.layer, trial, found) for trial in leaders]


@variants.register
def _(protocol: FewShot, found: Finished) -> list[Variant]:
    """One variant a number of examples; its fits are the draws, not seeds."""
    truth = found.problem.labels[Split.TRAIN]
    made = []
    for shots in protocol.shots:
        if shots > _scarcest(found.problem.kind, truth):
            break
        rng = np.random.default_rng([found.seeds[0], shots])
        draws = [drawn(found.problem.kind, truth, shots, rng) for _ in range(protocol.draws)]
        made.append(_few(str(shots), found, draws))
    if not made:
        message = "a label has no training example at all; few examples cannot be drawn of it"
        raise UserError(message)
    return made


def _refitted(name: str, trial: Trial, found: Finished) -> Variant:
    """Test predictions of a probe, fitted anew for each seed that matters."""
    used = found.seeds if is_random(trial.hyper) else found.seeds[:1]
    fitter = Fitter(found.problem)
    fits = [fitter.fit([trial.hyper], seed)[0](Split.TEST) for seed in used]
    return Variant(name, params(trial.hyper), trial.score, stacked(found.problem.kind, fits))


def _few(name: str, found: Finished, draws: Sequence[np.ndarray]) -> Variant:
    """Fit every draw at every strength; the strength that is best on validation on average."""
    validation: list[list[float]] = []
    tested: list[list[Scores]] = []
    for clips in draws:
        probes = Fitter(found.problem.learning_from(clips)).fit(found.plan, found.seeds[0])
        validation.append([found.problem.score(probe(Split.VALIDATION)) for probe in probes])
        tested.append([probe(Split.TEST) for probe in probes])
    means = np.mean(validation, axis=0)
    chosen = int(np.argmax(means))
    scores = stacked(found.problem.kind, [each[chosen] for each in tested])
    return Variant(name, params(found.plan[chosen]), float(means[chosen]), scores)


def _scarcest(kind: Kind, truth: Truth) -> int:
    """Training examples of the label that has fewest."""
    if kind is Kind.MULTILABEL:
        return int((truth == 1).sum(0).min())
    return int(np.unique(truth, return_counts=True)[1].min())


def drawn(kind: Kind, truth: Truth, shots: int, rng: np.random.Generator) -> np.ndarray:
    """Training clips such that every class, or every tag, has at least `shots` examples.

    Args:
        kind: multiclass, key or multilabel.
        truth: (clips,) or (clips, tags).
        shots: examples of each class or tag.
        rng: of the draw.

    Returns:
        Indices of clips, sorted. Classes have exactly as many; a clip may serve several tags.
    """
    members = (
        [np.flatnonzero(column == 1) for column in truth.T]
        if kind is Kind.MULTILABEL
        else [np.flatnonzero(truth == label) for label in np.unique(truth)]
    )
    taken = [rng.choice(each, size=shots, replace=False) for each in members]
    return np.unique(np.concatenate(taken))
