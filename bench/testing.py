"""The contracts as checks: tests run them over every card, `bench check` over one.

A check takes a card and returns nothing; it raises `ContractError` saying what was promised and
what was found.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from backbones import Audio, Backbone, Features
from bench import assets, claims, data
from bench.readout import EDGE_FRAMES
from bench.registry import Entry
from tasks import Clip, Kind, Split, Task, Truth, rotation

CLOSE = 1e-4
"""How far features may move when a clip changes its batch."""

FEWEST_FOLDS = 3

CardT = TypeVar("CardT")


class ContractError(AssertionError):
    """A plug-in does not keep its contract."""


@dataclass(frozen=True, slots=True)
class Check(Generic[CardT]):
    """One promise and how it is tested."""

    name: str
    run: Callable[[CardT], None]


def expect(kept: object, message: str) -> None:
    """Raise `ContractError` unless the promise is kept."""
    if not kept:
        raise ContractError(message)


def noise(card: Backbone, rows: int, seconds: float | None = None) -> Audio:
    """Seeded noise as long as the card's window, at most 5 s: (rows, samples)."""
    length = seconds if seconds is not None else min(card.window or 5.0, 5.0)
    samples = round(length * card.sample_rate)
    return np.random.default_rng(0).uniform(-0.5, 0.5, (rows, samples)).astype(np.float32)


def card_is_complete(card: Backbone) -> None:
    """It cites what it is and says what may be done with it."""
    expect(card.name == card.name.lower() and card.name.strip(), f"{card.name!r}: lower case")
    expect(card.paper and card.licence and card.summary, "paper, licence and summary are needed")
    if card.weights is not None:
        assets.parse(card.weights)
        expect(card.weights_licence, "weights have a licence of their own")


def layers_are_as_promised(card: Backbone) -> None:
    """`encode` returns every layer of the card, in order, with its width and frame rate."""
    audio = noise(card, 2)
    features = card.build().encode(audio)
    names = [layer.name for layer in card.layers]
    expect(list(features) == names, f"encode returned layers {list(features)}, not {names}")
    seconds = audio.shape[1] / card.sample_rate
    for layer in card.layers:
        batch, frames, dim = features[layer.name].shape
        expect((batch, dim) == (2, layer.dim), f"{layer.name} has {dim} numbers, not {layer.dim}")
        promised = 1 if layer.frame_rate is None else seconds * layer.frame_rate
        expect(
            abs(frames - promised) <= EDGE_FRAMES,
            f"{layer.name}: {frames} frames, not {promised:.1f}",
        )
        expect(features[layer.name].dtype == np.float32, f"{layer.name} is not float32")


def clips_do_not_see_their_neighbours(card: Backbone) -> None:
    """A clip alone gives the same features as in a batch."""
    audio, encoder = noise(card, 3), card.build()
    audio[1] *= 0.01
    together = encoder.encode(audio)
    for row in range(3):
        alone = encoder.encode(audio[row : row + 1])
        for name, x in together.items():
            far = _distance(x[row : row + 1], alone[name])
            expect(far <= CLOSE, f"{name} of a clip moves by {far:.1e} with its neighbours")


def summary_is_the_mean_over_frames(card: Backbone) -> None:
    """`summarise` is the mean of `encode` over frames."""
    audio, encoder = noise(card, 2), card.build()
    whole, short = encoder.encode(audio), encoder.summarise(audio)
    for name, x in whole.items():
        far = _distance(x.mean(1, keepdims=True), short[name])
        expect(far <= CLOSE, f"summarise({name}) is {far:.1e} off the mean of encode")


def builds_are_alike(card: Backbone) -> None:
    """Two builds, and two calls, give the same features."""
    audio = noise(card, 1)
    first = card.build()
    expected = first.encode(audio)
    for encoder in (first, card.build()):
        for name, x in encoder.encode(audio).items():
            expect(np.array_equal(x, expected[name]), f"{name} differs from build to build")


def features_are_finite(card: Backbone) -> None:
    """Silence, noise, clicks and full scale give finite features."""
    audio = noise(card, 4)
    audio[0] = 0
    audio[1] = 0
    audio[1, audio.shape[1] // 2] = 1
    audio[2] = np.sign(audio[2])
    _expect_finite(card.build().encode(audio))


def short_clips_are_taken(card: Backbone) -> None:
    """The shortest clip that the card allows gives finite features."""
    audio = noise(card, 1, card.shortest)
    try:
        features = card.build().encode(audio)
    except Exception as error:
        message = f"a clip of `shortest`, {card.shortest} s, cannot be encoded ({error}); raise it"
        raise ContractError(message) from error
    _expect_finite(features)


def texts_are_read_into_the_joint_layer(card: Backbone) -> None:
    """A backbone with a text side reads texts one by one as together, in the layer's width."""
    if card.joint is None:
        return
    encoder, words = card.build(), ["a violin", "slow piano music"]
    together = encoder.read(words)
    dim = next(layer.dim for layer in card.layers if layer.name == card.joint)
    expect(together.shape == (2, dim), f"texts are {together.shape}, not (2, {dim})")
    for row, text in enumerate(words):
        far = _distance(together[[row]], encoder.read([text]))
        expect(far <= CLOSE, f"a text moves by {far:.1e} with its neighbours")


def input_is_left_alone(card: Backbone) -> None:
    """`encode` does not write into the audio it is given."""
    audio = noise(card, 1)
    before = audio.copy()
    card.build().encode(audio)
    expect(np.array_equal(audio, before), "encode changed the audio it was given")


BACKBONE_CHECKS: tuple[Check[Backbone], ...] = tuple(
    Check(function.__name__.replace("_", " "), function)
    for function in (
        card_is_complete,
        layers_are_as_promised,
        clips_do_not_see_their_neighbours,
        summary_is_the_mean_over_frames,
        builds_are_alike,
        features_are_finite,
        short_clips_are_taken,
        input_is_left_alone,
        texts_are_read_into_the_joint_layer,
    )
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A task's card and the clips it lists, where its data are there."""

    card: Task
    clips: list[Clip]


def task_card_is_complete(card: Task) -> None:
    """It cites its data, says how to get them and what may be done with them."""
    for name in ("licence", "paper", "how_to_get"):
        expect(getattr(card.data, name), f"the data set's {name} is needed")
    expect(card.summary and card.metrics and card.labels, "summary, metrics, labels are needed")
    unclassed = card.kind in {Kind.FRAMES, Kind.RETRIEVAL}
    expect(not unclassed or len(card.labels) == 1, "of events or captions there is one kind")
    expect(len(card.prompts) in {0, len(card.labels)}, "of prompts there must be one a label")
    expect(set(card.counts) == set(Split), "counts are needed for every split")
    expect(card.folds == 0 or card.folds >= FEWEST_FOLDS, "of folds there must be 3 at least")
    for source in card.data.sources:
        assets.parse(source)


def metrics_prefer_the_truth(card: Task) -> None:
    """A perfect prediction scores the upper bound, and more than its reverse."""
    rng = np.random.default_rng(0)
    size, outputs = 200, len(card.labels)
    weights = np.ones((1, size))
    truth: Truth = rng.integers(2, size=(size, outputs)).astype(np.float64)
    perfect = truth.astype(np.float64)
    if card.kind in {Kind.MULTICLASS, Kind.KEY}:
        truth = rng.integers(outputs, size=size)
        perfect = np.eye(outputs)[truth]
    elif card.kind is Kind.FRAMES:
        truth = perfect = rng.uniform(1, 30, size=(size, 20))
    elif card.kind is Kind.RETRIEVAL:
        truth = perfect = np.eye(size)
    for metric in card.metrics:
        best = metric.function(truth, perfect, weights)[0]
        worst = metric.function(truth, -perfect, weights)[0]
        expect(np.isclose(best, metric.bounds[1]), f"{metric.name} of the truth is {best}")
        expect(best > worst, f"{metric.name} prefers the reverse of the truth")


TASK_CARD_CHECKS: tuple[Check[Task], ...] = (
    Check("card is complete", task_card_is_complete),
    Check("metrics prefer the truth", metrics_prefer_the_truth),
)


def labels_are_in_range(task: Listed) -> None:
    """A class index names a label; tags and targets have one number a label."""
    for clip in task.clips:
        wrong = claims.wrong_label(task.card, clip)
        expect(wrong is None, str(wrong))


def every_class_is_trained_on(task: Listed) -> None:
    """Whatever class is tested or validated has training clips, in every rotation of folds."""
    folds = task.card.folds
    turns = [rotation(task.clips, fold, folds) for fold in range(1, folds + 1)] or [task.clips]
    if task.card.kind in {Kind.MULTICLASS, Kind.KEY}:
        for clips in turns:
            trained = {clip.label for clip in clips if clip.split is Split.TRAIN}
            missing = {clip.label for clip in clips} - trained
            expect(not missing, f"classes {missing} have no training clip")


def groups_stay_in_one_split(task: Listed) -> None:
    """No group has clips on both sides of a line, unless the card says that some have."""
    where: dict[str, str] = {}
    for clip in task.clips:
        mine = f"fold {clip.fold}" if clip.fold else clip.split.value
        first = where.setdefault(clip.group, mine)
        kept = first == mine or task.card.crosses
        expect(kept, f"group {clip.group!r} is in {first} and in {mine}")


def files_are_there(task: Listed) -> None:
    """Every clip's file exists."""
    for path in {clip.path for clip in task.clips}:
        expect(path.is_file(), f"{path} is missing")


LISTED_CHECKS: tuple[Check[Listed], ...] = tuple(
    Check(function.__name__.replace("_", " "), function)
    for function in (
        labels_are_in_range,
        every_class_is_trained_on,
        groups_stay_in_one_split,
        files_are_there,
    )
)


def check_backbone(card: Backbone) -> Iterator[tuple[str, str | None]]:
    """(check, what is wrong or None) for every contract; that of texts only where some are read."""
    asked = [each for each in BACKBONE_CHECKS if card.joint or "texts" not in each.name]
    yield from _run(asked, card)


def check_task(entry: Entry[Task], place: Path | None) -> Iterator[tuple[str, str | None]]:
    """(check, what is wrong or None) for a card, and for its clips where the data are there."""
    yield from _run(TASK_CARD_CHECKS, entry.card)
    if place is None:
        return
    try:
        listed = Listed(entry.card, data.clips(entry.card, place))
    except data.DataError as error:
        yield "clips are those of the card", str(error)
        return
    yield "clips are those of the card", None
    yield from _run(LISTED_CHECKS, listed)


def _run(checks: Iterable[Check[CardT]], card: CardT) -> Iterator[tuple[str, str | None]]:
    for check in checks:
        try:
            check.run(card)
        except (Exception, SystemExit) as error:  # noqa: BLE001 — plug-ins may raise anything
            yield check.name, " ".join(f"{type(error).__name__}: {error}".split())
        else:
            yield check.name, None


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference, relative to the size of the values where that is over 1."""
    return float(np.max(np.abs(a - b)) / max(1.0, float(np.abs(a).max())))


def _expect_finite(features: Features) -> None:
    for name, x in features.items():
        expect(np.isfinite(x).all(), f"{name} holds NaN or infinite features")
