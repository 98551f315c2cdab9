"""What is trained, and what is compared with what."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Self, TypeAlias

RANDOM = "random"
Pair: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """A training with its length and seed: the name of a checkpoint and of its rows.

    Attributes:
        label: of the training.
        steps: of the optimiser.
        seed: of pre-training.
    """

    label: str
    steps: int
    seed: int

    def __str__(self) -> str:
        """As `parse` reads it."""
        return f"{self.label}-{self.steps}-{self.seed}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The name that was written so."""
        label, steps, seed = text.rsplit("-", 2)
        return cls(label, int(steps), int(seed))


@dataclass(frozen=True, slots=True)
class Training:
    """A way of training.

    Attributes:
        label: unique in the study.
        recipe: in recipes/small.
        changes: to the recipe.
    """

    label: str
    recipe: str
    changes: tuple[str, ...] = ()

    def name(self, steps: int, seed: int) -> Name:
        """Its name; the random trunk is not trained, however long the others are."""
        return Name(self.label, 0 if self.label == RANDOM else steps, seed)


@dataclass(frozen=True, slots=True)
class Part:
    """Trainings of equal length that are compared with each other.

    Attributes:
        name: on the command line.
        heading: on the page.
        about: what is varied.
        trainings: the random trunk first.
        pairs: labels that are compared.
        seeds: of pre-training, unless another number is asked for.
        axis: what a curve is drawn over; empty for none.
        points: label → its curve and its place on the axis.
    """

    name: str
    heading: str
    about: str
    trainings: tuple[Training, ...]
    pairs: tuple[Pair, ...]
    seeds: int = 3
    axis: str = ""
    points: dict[str, tuple[str, float]] = field(default_factory=dict)


def _all_pairs(trainings: Sequence[Training]) -> tuple[Pair, ...]:
    """The later before the earlier, so that differences from the random trunk are gains."""
    labels = [training.label for training in trainings]
    return tuple((second, first) for first, second in combinations(labels, 2))


NOTHING = Training(RANDOM, "supervised")
MULAP = Training("mulap", "mulap")
CONTRASTIVE = Training("contrastive", "contrastive")
SUPERVISED = Training("supervised", "supervised")

_RIVALS = (
    NOTHING,
    SUPERVISED,
    Training("simclr", "simclr"),
    Training("vicreg", "vicreg"),
    CONTRASTIVE,
    MULAP,
)
CORE = Part(
    name="core",
    heading="Five trainings and none",
    about="Tags (`supervised`), audio alone (`simclr`, `vicreg`), captions (`contrastive`, "
    "`mulap`), or random weights. Every pair is compared.",
    trainings=_RIVALS,
    pairs=_all_pairs(_RIVALS),
)

_WITHOUT = (
    NOTHING,
    MULAP,
    Training("mulap-no-mlm", "mulap", ("terms.mlm=0",)),
    Training("mulap-no-mam", "mulap", ("terms.mam=0",)),
    Training("mulap-no-atm", "mulap", ("terms.atm=0",)),
    Training("mulap-no-global", "mulap", ("fusion.global_token=false",)),
    Training("mulap-no-overlap", "mulap", ("clip.chunk=1.6", "clip.hop=1.6", "clip.window=3")),
)
ABLATION = Part(
    name="ablation",
    heading="MuLaP without a part of it",
    about="Without masked language modelling, masked audio modelling, audio-text matching, or the "
    "global token; or without overlap: three chunks of 1.6 s side by side. Elsewhere they are 3 s "
    "long and begin every second of a clip's five, so that a chunk which is hidden can be heard in "
    "its neighbours; in the paper they lie side by side. Every pair is compared.",
    trainings=_WITHOUT,
    pairs=_all_pairs(_WITHOUT),
)


def _curve(
    name: str, heading: str, about: str, axis: str, bases: Sequence[Training], key: str, whole: int
) -> Part:
    """A part that changes one number of some trainings.

    Args:
        name: of the part.
        heading: of the part.
        about: of the part.
        axis: of the curve [%].
        bases: trainings that are changed.
        key: of the recipe that takes the share; it is also in the labels, by its last word.
        whole: place of the unchanged trainings on the axis [%].
    """
    points = {base.label: (base.label, float(whole)) for base in bases}
    trainings, pairs = [NOTHING, *bases], [(base.label, RANDOM) for base in bases]
    word = key.rpartition(".")[2]
    for base in bases:
        for percent in (25, 50, 75, 100) if whole == 0 else (12.5, 25, 50):
            label = f"{base.label}-{word}-{percent:g}"
            changed = Training(label, base.recipe, (f"{key}={percent / 100}",))
            trainings.append(changed)
            points[label] = (base.label, float(percent))
            pairs += [(label, RANDOM), (label, base.label)]
    return Part(name, heading, about, tuple(trainings), tuple(pairs), 2, axis, points)


NOISE = _curve(
    "noise",
    "Captions of other clips",
    "A share of all clips has another clip's caption; the rest of the captions' noise is as it is "
    "everywhere. Each training is compared with the random trunk and with itself on captions that "
    "are not swapped.",
    "swapped captions [%]",
    (CONTRASTIVE, MULAP),
    "corpus.noise.swapped",
    0,
)
SIZE = _curve(
    "size",
    "Fewer clips",
    "A share of the clips, seen as many times more often: the number of steps is the same. Each "
    "training is compared with the random trunk and with itself on the whole corpus.",
    "corpus [%]",
    (SUPERVISED, CONTRASTIVE, MULAP),
    "corpus.share",
    100,
)

PARTS = {part.name: part for part in (CORE, ABLATION, NOISE, SIZE)}
