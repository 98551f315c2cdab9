"""Named, versioned ways of probing. A changed protocol gets a new name, never a new meaning."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from backbones import Backbone
from bench.probes import EVERY_LAYER, Hyper, Model, Pooling
from tasks import Kind, Task


@dataclass(frozen=True, slots=True)
class Case:
    """What a protocol is used on.

    Attributes:
        layers: that may be used, the default one first.
        poolings: that make a difference for these clips.
        joint: the layer that is compared with texts, if there is one.
        weighable: whether the layers are as wide as each other, so that they can be summed.
        kind: of the task.
    """

    layers: tuple[str, ...]
    poolings: tuple[Pooling, ...]
    weighable: bool
    kind: Kind
    joint: str | None = None

    @property
    def default(self) -> Hyper:
        """A scaled linear probe on the mean of the default layer."""
        return Hyper(self.layers[0], Pooling.MEAN, standardise=True, model=Model.LINEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """A list of trials, of which the best on validation is refitted and tested.

    Attributes:
        name: ends in its version.
        summary: one line.
        compare: with what its scores may be compared.
        trials: default budget of the search.
        seeds: default number of refits of the chosen probe.
        plan: the trials that every search begins with.
        finds_events: whether it takes tasks that ask about time.
    """

    name: str
    summary: str
    compare: str
    trials: int
    seeds: int
    plan: Callable[[Case], Sequence[Hyper]]
    finds_events: bool = False

    def why_not(self, backbone: Backbone, task: Task) -> str | None:
        """Why it cannot be used on a pair; None if it can."""
        del backbone, task
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned(Protocol):
    """After the plan and what follows from its leader, a sampler proposes.

    Attributes:
        committee: how many of the best trials vote, each with the same weight. Validation splits
            are small: the one trial that is best there is so partly by luck.
    """

    committee: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerWise(Protocol):
    """Every layer of the plan is tested; the best on validation is the score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FewShot(Protocol):
    """A probe learns from a few examples a label, many times; the most examples are the score.

    Attributes:
        shots: examples a label.
        draws: of them, for each number.
    """

    shots: tuple[int, ...]
    draws: int

    def why_not(self, backbone: Backbone, task: Task) -> str | None:
        """Targets have no labels to count examples of."""
        del backbone
        if task.kind in {Kind.MULTICLASS, Kind.KEY, Kind.MULTILABEL}:
            return None
        return f"{self.name} counts examples of a label, {task.name} has none"


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTune(Protocol):
    """The backbone's own weights are trained, from the best linear probe of the plan on.

    Attributes:
        rates: learning rates, of which validation chooses one.
        weight_decay: of AdamW, on all but biases and normalisations.
        batch: clips a step, one window of each.
        epochs: at most so many.
        patience: epochs without a better validation score after which training ends.
    """

    rates: tuple[float, ...] = (1e-5, 1e-4, 1e-3)
    weight_decay: float = 1e-2
    batch: int = 16
    epochs: int = 30
    patience: int = 5

    def why_not(self, backbone: Backbone, task: Task) -> str | None:
        """Without weights there is nothing to train."""
        del task
        if backbone.parameters == 0:
            return f"{self.name} trains weights, {backbone.name} has none"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroShot(Protocol):
    """Nothing is trained: a label's score is the cosine of its text and the clip."""

    def why_not(self, backbone: Backbone, task: Task) -> str | None:
        """It takes a text side, and labels that texts can stand for."""
        if backbone.joint is None:
            return f"{self.name} reads the labels, {backbone.name} has no text side"
        if task.kind is Kind.REGRESSION:
            return f"{self.name} reads the labels, {task.name} has targets"
        return None


C_GRID = (1e-2, 1e-3, 1e-1, 1e-4, 1.0)
FINE_C_GRID = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 10.0)
NEIGHBOURS = (1, 3, 5, 10, 20, 50)
MARBLE_RATES = (1e-3, 5e-4, 1e-4, 5e-5, 5e-3, 1e-2)

C_RANGE = (1e-5, 1e2)
LEARNING_RATE_RANGE = (1e-4, 1e-2)
WEIGHT_DECAY_RANGE = (1e-5, 1e-1)
DROPOUT_RANGE = (0.0, 0.6)
DEPTHS = (1, 2)


def _first_of_tuned(case: Case) -> list[Hyper]:
    """All strengths on the default layer, one on the others: many layers leave room for more."""
    default, *others = case.layers
    tried = [(default, c) for c in C_GRID] + [(layer, C_GRID[0]) for layer in others]
    return [replace(case.default, layer=layer, c=c) for layer, c in tried]


def _strengths(case: Case) -> list[Hyper]:
    return [replace(case.default, c=c) for c in FINE_C_GRID]


def _strengths_by_layer(case: Case) -> list[Hyper]:
    return [replace(case.default, layer=layer, c=c) for layer in case.layers for c in C_GRID]


def _neighbours(case: Case) -> list[Hyper]:
    return [replace(case.default, model=Model.KNN, neighbours=number) for number in NEIGHBOURS]


def _marble(case: Case) -> list[Hyper]:
    """One hidden layer of 512, dropout .2, batches of 64; features as they are."""
    network = replace(
        case.default,
        model=Model.MLP,
        standardise=False,
        hidden=512,
        dropout=0.2,
        weight_decay=0.0,
        batch=64,
        patience=10,
    )
    return [replace(network, learning_rate=rate) for rate in MARBLE_RATES]


def _mulap(case: Case) -> list[Hyper]:
    """One hidden layer of 512 (1,024 for targets) on each window; scores are averaged."""
    network = replace(
        case.default,
        model=Model.MLP,
        pooling=Pooling.WINDOWS if Pooling.WINDOWS in case.poolings else Pooling.MEAN,
        standardise=False,
        hidden=1024 if case.kind is Kind.REGRESSION else 512,
        dropout=0.0,
        weight_decay=0.0,
        batch=64,
        patience=50,
    )
    return [network]


def _texts(case: Case) -> list[Hyper]:
    layer = case.joint or case.layers[0]
    return [replace(case.default, layer=layer, standardise=False, model=Model.TEXT)]


def leader_s(case: Case, leader: Hyper) -> list[Hyper]:
    """The linear trials that follow from the best of the plan: strength, pooling, scaling."""
    strengths = [replace(leader, c=c) for c in C_GRID]
    poolings = [replace(leader, pooling=pooling) for pooling in case.poolings]
    return [*strengths, *poolings, replace(leader, standardise=False)]


def networks(case: Case, leader: Hyper) -> list[Hyper]:
    """The first networks: two rates on the best linear trial's features, one on all layers."""
    first = replace(leader, model=Model.MLP, standardise=True)
    tried = [first, replace(first, learning_rate=3e-4)]
    return [*tried, *([replace(first, layer=EVERY_LAYER)] if case.weighable else [])]


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Tuned(
            name="tuned-v1",
            summary="Optuna over layer, pooling, scaling and model: linear probes first, then MLP",
            compare="other rows of tuned-v1",
            trials=40,
            seeds=5,
            plan=_first_of_tuned,
            committee=5,
        ),
        Protocol(
            name="linear-v1",
            summary="logistic or ridge regression on the default layer, scaled, C on validation",
            compare="linear evaluation with a tuned penalty",
            trials=len(FINE_C_GRID),
            seeds=1,
            plan=_strengths,
            finds_events=True,
        ),
        Protocol(
            name="mlp-v1",
            summary="one hidden layer of 512 units, learning rate on validation, best epoch",
            compare="MARBLE's constrained track (Yuan et al., 2023), for frozen features",
            trials=len(MARBLE_RATES),
            seeds=5,
            plan=_marble,
        ),
        Protocol(
            name="mulap-v1",
            summary="one hidden layer of 512 or 1,024 units on each window, scores averaged",
            compare="the downstream evaluation of MuLaP (Manco et al., 2022)",
            trials=1,
            seeds=5,
            plan=_mulap,
        ),
        Protocol(
            name="knn-v1",
            summary="nearest neighbours by cosine on the default layer, their number on validation",
            compare="kNN evaluation as in X-ARES and self-supervised papers",
            trials=len(NEIGHBOURS),
            seeds=1,
            plan=_neighbours,
        ),
        LayerWise(
            name="layers-v1",
            summary="linear-v1 on every layer, one score each",
            compare="layer-wise analyses; the score is that of the layer best on validation",
            trials=10_000,
            seeds=1,
            plan=_strengths_by_layer,
        ),
        FewShot(
            name="fewshot-v1",
            summary="logistic regression on 1 to 32 examples a label, 20 draws each",
            compare="other rows of fewshot-v1; a learning curve, its end is the score",
            trials=len(C_GRID),
            seeds=1,
            plan=lambda case: [replace(case.default, c=c) for c in C_GRID],
            shots=(1, 2, 4, 8, 16, 32),
            draws=20,
        ),
        FineTune(
            name="finetune-v1",
            summary="the whole network trained on the task, from a linear probe on; not frozen",
            compare="fine-tuning results; never with rows of frozen backbones",
            trials=len(FINE_C_GRID),
            seeds=3,
            plan=_strengths,
        ),
        ZeroShot(
            name="zeroshot-v1",
            summary="cosine of a clip with the text of each label; nothing is trained",
            compare="zero-shot classification with one prompt a label (Radford et al., 2021)",
            trials=1,
            seeds=1,
            plan=_texts,
        ),
    )
}
