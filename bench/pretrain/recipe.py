"""What is trained, on what, and how: every setting with its default."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from backbones import Precision
from backbones._networks.sizes import Count, FusionSizes

Whole = Annotated[int, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
SHORTEST = 0.05
"""That a trunk can hear [s]."""

Length = Annotated[float, Field(ge=SHORTEST, allow_inf_nan=False)]
Level = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Momentum = Annotated[float, Field(ge=0, lt=1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.+-]*$")]

OBJECTIVES = {
    "supervised": ("supervised",),
    "simclr": ("simclr",),
    "vicreg": ("variance", "invariance", "covariance"),
    "contrastive": ("contrastive",),
    "mulap": ("mlm", "mam", "atm"),
}
"""Objective → its terms."""


class Schedule(StrEnum):
    """How the learning rate falls after the warm-up."""

    COSINE = "cosine"
    LINEAR = "linear"
    CONSTANT = "constant"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkRecipe:
    """The network that is kept.

    Attributes:
        width: factor on its channels.
        start: folder of a finished checkpoint to start from; empty for random weights.
    """

    width: Annotated[float, Field(ge=0.01, allow_inf_nan=False)] = 1.0
    start: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRecipe:
    """What is heard of an item.

    Attributes:
        chunk: length of a chunk, of a crop and of a view [s].
        chunks: the most of a clip.
        hop: from the beginning of one chunk to the next [s]; what masked audio modelling hides
            can be heard in its neighbours where this is less than a chunk.
        window: of the backbone that comes of it [s]; 0 for that of a chunk.
    """

    chunk: Length = 3.0
    chunks: Count = 6
    hop: Length = 3.0
    window: Level = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRecipe:
    """The text encoder.

    Attributes:
        model: `minilm`, a folder, or `owner/name@<commit>` of the hub, whose newest commit is
            taken and written down where none is named; a BERT with a `tokenizer.json`.
        layers: of it, from the bottom; 0 for all.
        frozen: whether it stays as it is.
        longest: tokens of a caption; the rest is cut off.
    """

    model: str = "minilm"
    layers: Whole = 6
    frozen: bool = False
    longest: Annotated[int, Field(ge=3)] = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskingRecipe:
    """What MuLaP's proxy tasks hide.

    Attributes:
        words: share of a caption's tokens; 80 % of them become [MASK], 10 % another word.
        chunks: share of a clip's chunks.
        swapped: share of clips that are given another clip's caption.
    """

    words: Share = 0.15
    chunks: Share = 0.15
    swapped: Share = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class DistortionRecipe:
    """How likely each distortion of a view is.

    Attributes:
        invert: polarity.
        gain: by up to 6 dB less.
        noise: white, 40 to 80 dB under full scale.
        filter: low- or high-pass.
        delay: an echo after 0.2 to 0.5 s, at half level.
    """

    invert: Share = 0.8
    gain: Share = 0.3
    noise: Share = 0.3
    filter: Share = 0.5
    delay: Share = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisedRecipe:
    """See `objectives.supervised`."""

    hidden: Count = 200
    exclusive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SimCLRRecipe:
    """See `objectives.simclr`."""

    dim: Count = 128
    hidden: Count = 512
    temperature: Positive = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class VICRegRecipe:
    """See `objectives.vicreg`."""

    dim: Count = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ContrastiveRecipe:
    """See `objectives.contrastive`."""

    dim: Count = 256
    temperature: Positive = 0.07


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseRecipe:
    """What is wrong with the captions that are composed for embedded data.

    Attributes:
        dropped: share of facts left out.
        wrong: share of facts replaced by another item's.
        unrelated: share of captions with a sentence that is not about the music.
        swapped: share of captions that are another item's altogether.
    """

    dropped: Share = 0.3
    wrong: Share = 0.05
    unrelated: Share = 0.2
    swapped: Share = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusRecipe:
    """What is listened to.

    Attributes:
        source: a folder, a manifest, or the name of embedded data.
        longest: of an item, from its beginning [s].
        cache: decoded audio kept in memory [MB].
        validation: share of the items to validate on, where the corpus does not say which.
        share: of the items to train on that are used; a smaller one's are among a larger one's.
        noise: in captions of embedded data.
    """

    source: str = "tunes"
    longest: Positive = 30.0
    cache: Whole = 1024
    validation: Share = 0.05
    share: Share = 1.0
    noise: NoiseRecipe = field(default_factory=NoiseRecipe)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRecipe:
    """The loop.

    Attributes:
        steps: of the optimiser; 0 for a trunk with random weights.
        batch: items a step, over all processes.
        accumulate: parts that a process splits its share of a batch into.
        rate: the learning rate after the warm-up.
        betas: of AdamW.
        decay: of the weights; biases and normalisations have none.
        warmup: share of the steps in which the rate rises.
        schedule: how it falls.
        clip: norm of the gradient above which it is scaled down; 0 for never.
        precision: of the forward pass.
        checkpointing: compute activations again in the backward pass, to save memory.
        save: steps between states to resume from.
        validate: steps between validations; 0 for never.
        collapse: spread of features under which training stops; see `loop`.
        workers: threads that read audio.
    """

    steps: Whole = 10_000
    batch: Count = 64
    accumulate: Count = 1
    rate: Positive = 1e-4
    betas: tuple[Momentum, Momentum] = (0.9, 0.98)
    decay: Level = 0.01
    warmup: Share = 0.1
    schedule: Schedule = Schedule.LINEAR
    clip: Level = 1.0
    precision: Precision = Precision.FP32
    checkpointing: bool = False
    save: Count = 500
    validate: Whole = 500
    collapse: Level = 1e-3
    workers: Count = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides what comes out.

    Attributes:
        name: of the backbone that it makes.
        seed: of weights, order and views.
        terms: term of the loss → its weight; those of `OBJECTIVES`. A term without a weight, or
            with 0, is neither computed nor has a head.
    """

    name: Name = "mulap"
    seed: Seed = 0
    terms: dict[str, Level] = field(default_factory=lambda: {"mlm": 0.1, "mam": 4.0, "atm": 2.0})
    trunk: TrunkRecipe = field(default_factory=TrunkRecipe)
    clip: ClipRecipe = field(default_factory=ClipRecipe)
    text: TextRecipe = field(default_factory=TextRecipe)
    fusion: FusionSizes = field(default_factory=FusionSizes)
    masking: MaskingRecipe = field(default_factory=MaskingRecipe)
    distortion: DistortionRecipe = field(default_factory=DistortionRecipe)
    supervised: SupervisedRecipe = field(default_factory=SupervisedRecipe)
    simclr: SimCLRRecipe = field(default_factory=SimCLRRecipe)
    vicreg: VICRegRecipe = field(default_factory=VICRegRecipe)
    contrastive: ContrastiveRecipe = field(default_factory=ContrastiveRecipe)
    corpus: CorpusRecipe = field(default_factory=CorpusRecipe)
    train: TrainRecipe = field(default_factory=TrainRecipe)

    @property
    def weights(self) -> dict[str, float]:
        """Terms that are not switched off."""
        return {name: weight for name, weight in self.terms.items() if weight > 0}

    @property
    def objectives(self) -> list[str]:
        """Objectives with a term that is not switched off."""
        return [name for name, terms in OBJECTIVES.items() if set(terms) & set(self.weights)]
