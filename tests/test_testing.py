"""The shipped contract checks find what they are there to find."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backbones import Audio, Backbone, Encoder, Family, Features, Layer
from bench import testing
from bench.testing import ContractError, Listed
from tasks import Clip, DataSet, Kind, Metric, Scores, Split, Task, Truth, Weights


class Toy(Encoder):
    """A backbone that keeps its contract, with one method replaced to break it."""

    def __init__(self, change: Callable[[Audio, Features], Features] = lambda _a, f: f) -> None:
        self._change = change

    def encode(self, audio: Audio) -> Features:
        frames = np.stack(np.array_split(np.abs(audio), 4, axis=1), 1).mean(2, keepdims=True)
        return self._change(audio, {"a": frames.astype(np.float32)})


GOOD = Backbone(
    name="toy",
    family=Family.HANDCRAFTED,
    summary="for tests",
    sample_rate=8000,
    window=1.0,
    layers=(Layer("a", 1, frame_rate=4.0),),
    default="a",
    build=Toy,
    paper="none",
    licence="none",
)


def broken(change: Callable[[Audio, Features], Features]) -> Backbone:
    return replace(GOOD, build=lambda: Toy(change), window=1.0)


class Skewed(Toy):
    """Summarises by something else than the mean."""

    def summarise(self, audio: Audio) -> Features:
        return {"a": self.encode(audio)["a"][:, :1] + 1}


def scribble(audio: Audio, features: Features) -> Features:
    audio[:] = 0
    return features


def moody() -> Toy:
    offset = np.random.default_rng().uniform()
    return Toy(lambda _a, f: {"a": f["a"] + np.float32(offset)})


@pytest.mark.parametrize("check", testing.BACKBONE_CHECKS, ids=lambda c: c.name)
def test_a_good_backbone_passes(check: testing.Check[Backbone]) -> None:
    check.run(GOOD)


@pytest.mark.parametrize(
    ("check", "card", "message"),
    [
        (testing.card_is_complete, replace(GOOD, name="Toy"), "'Toy': lower case"),
        (testing.card_is_complete, replace(GOOD, paper=""), "paper, licence and summary"),
        (
            testing.layers_are_as_promised,
            broken(lambda _a, f: {"b": f["a"]}),
            r"returned layers \['b'\], not \['a'\]",
        ),
        (
            testing.layers_are_as_promised,
            broken(lambda _a, f: {"a": f["a"].repeat(2, axis=2)}),
            "a has 2 numbers, not 1",
        ),
        (
            testing.layers_are_as_promised,
            broken(lambda _a, f: {"a": f["a"].repeat(9, axis=1)}),
            "a: 36 frames, not 4.0",
        ),
        (
            testing.layers_are_as_promised,
            broken(lambda _a, f: {"a": f["a"].astype(np.float64)}),
            "a is not float32",
        ),
        (
            testing.clips_do_not_see_their_neighbours,
            broken(lambda _a, f: {"a": f["a"] - f["a"].mean(0)}),
            "a of a clip moves by",
        ),
        (testing.summary_is_the_mean_over_frames, replace(GOOD, build=Skewed), "off the mean"),
        (testing.builds_are_alike, replace(GOOD, build=moody), "differs from build to build"),
        (
            testing.features_are_finite,
            broken(lambda _a, f: {"a": f["a"] / f["a"].max(1, keepdims=True)}),
            "a holds NaN",
        ),
        (
            testing.short_clips_are_taken,
            broken(lambda a, f: f if a.shape[1] > 4000 else {"a": f["a"] + np.nan}),
            "a holds NaN",
        ),
        (testing.input_is_left_alone, broken(scribble), "encode changed the audio"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in divide")
def test_a_broken_backbone_fails(
    check: Callable[[Backbone], None], card: Backbone, message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        check(card)


def test_a_plug_in_that_raises_is_a_failed_check() -> None:
    def explode(_audio: Audio, _features: Features) -> Features:
        message = "two\nlines"
        raise RuntimeError(message)

    results = dict(testing.check_backbone(broken(explode)))
    assert results["card is complete"] is None
    assert results["features are finite"] == "RuntimeError: two lines"


def accuracy(truth: Truth, scores: Scores, weights: Weights) -> Scores:
    hits: Scores = weights @ (scores.argmax(1) == truth)
    shares: Scores = hits / weights.sum(1)
    return shares


TASK = Task(
    name="toy",
    summary="for tests",
    data=DataSet(name="toy", licence="none", paper="none", how_to_get="no", recorded=False),
    kind=Kind.MULTICLASS,
    labels=("x", "y"),
    metrics=(Metric("accuracy", accuracy),),
    clips=lambda _folder: [],
    counts={Split.TRAIN: 2, Split.VALIDATION: 0, Split.TEST: 1},
)


def clip(name: str, split: Split, label: int, group: str) -> Clip:
    return Clip(name, split, Path(__file__), label, group)


CLIPS = [
    clip("1", Split.TRAIN, 0, "g"),
    clip("2", Split.TRAIN, 1, "g"),
    clip("3", Split.TEST, 1, "h"),
]


@pytest.mark.parametrize("check", testing.TASK_CARD_CHECKS, ids=lambda c: c.name)
def test_a_good_task_card_passes(check: testing.Check[Task]) -> None:
    check.run(TASK)


@pytest.mark.parametrize("check", testing.LISTED_CHECKS, ids=lambda c: c.name)
def test_good_clips_pass(check: testing.Check[Listed]) -> None:
    check.run(Listed(TASK, CLIPS))


def worse(truth: Truth, scores: Scores, weights: Weights) -> Scores:
    return 1 - accuracy(truth, scores, weights)


@pytest.mark.parametrize(
    ("check", "card", "message"),
    [
        (testing.task_card_is_complete, replace(TASK, summary=""), "summary, metrics, labels"),
        (testing.task_card_is_complete, replace(TASK, counts={}), "for every split"),
        (
            testing.task_card_is_complete,
            replace(TASK, data=replace(TASK.data, licence="")),
            "the data set's licence is needed",
        ),
        (
            testing.metrics_prefer_the_truth,
            replace(TASK, metrics=(Metric("worse", worse),)),
            "worse of the truth is 0",
        ),
        (
            testing.metrics_prefer_the_truth,
            replace(TASK, metrics=(Metric("one", lambda _t, _s, w: w[:, 0]),)),
            "one prefers the reverse",
        ),
    ],
)
def test_a_broken_task_card_fails(check: Callable[[Task], None], card: Task, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        check(card)


@pytest.mark.parametrize(
    ("check", "clips", "message"),
    [
        (
            testing.labels_are_in_range,
            [clip("1", Split.TRAIN, 2, "g")],
            "1 has the label 2 \\(int\\), expected an int",
        ),
        (
            testing.every_class_is_trained_on,
            [*CLIPS[1:], clip("4", Split.TEST, 0, "h")],
            "classes .* no training",
        ),
        (testing.groups_stay_in_one_split, [*CLIPS, clip("4", Split.TEST, 0, "g")], "'g' is in"),
        (
            testing.files_are_there,
            [replace(CLIPS[0], path=Path("nowhere.wav"))],
            "nowhere.wav is missing",
        ),
    ],
)
def test_broken_clips_fail(
    check: Callable[[Listed], None], clips: list[Clip], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        check(Listed(TASK, clips))


def test_tags_need_one_number_a_label() -> None:
    tags = replace(TASK, kind=Kind.MULTILABEL)
    with pytest.raises(ContractError, match=r"has the label 0 \(int\), expected a tuple"):
        testing.labels_are_in_range(Listed(tags, CLIPS))


class Reading(Toy):
    """A toy with a text side."""

    def read(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([[len(text)] for text in texts], np.float32)


def test_texts_are_asked_of_a_text_side_alone() -> None:
    text = "texts are read into the joint layer"
    reading = replace(GOOD, build=Reading, joint="a")
    assert (text, None) in list(testing.check_backbone(reading))
    assert text not in [name for name, _ in testing.check_backbone(GOOD)]
