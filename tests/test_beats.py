"""Beats are found from frames, by a probe that is shown no test beat."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from backbones import Precision
from bench import extraction, pairing, registry, run
from bench.extraction import Settings
from bench.probes import frames
from bench.probes.events import Picking, padded, peaks, targets
from bench.probes.protocols import PROTOCOLS
from bench.probes.search import UndefinedScoreError
from bench.progress import Reporter
from bench.request import OnBadAudio, Outcome, Request, Status
from leaderboard.records import Predictions, Record
from tasks import Metric, Split
from tasks._metrics import BEAT_F

CARDS = """
import json
from dataclasses import replace
from pathlib import Path
import numpy as np
from backbones import Backbone, Encoder, Family, Layer
from tasks import Clip, DataSet, Kind, Split, Task
from tasks._metrics import ACCURACY, BEAT_F

HERE = Path(__file__).parent
SPLITS = [Split.TRAIN] * 8 + [Split.VALIDATION] * 4 + [Split.TEST] * 8

class Ear(Encoder):
    def encode(self, audio):
        apart = audio.reshape(len(audio), -1, 160)
        loud = np.log(np.stack([apart.std(2), np.abs(apart).max(2)], 2) + 1e-4)
        seeds = (np.abs(audio).sum(1) * 1e3).astype(int)
        shape = (loud.shape[1], 4)
        noise = np.stack([np.random.default_rng(seed).normal(size=shape) for seed in seeds])
        return {
            "still": loud.mean(1, keepdims=True),
            "loud": loud,
            "blind": noise.astype(np.float32),
        }

ear = Backbone(
    name="ear", family=Family.HANDCRAFTED, summary="s", sample_rate=8000, window=1.5, hop=1.0,
    layers=(Layer("still", 2), Layer("loud", 2, 50.0), Layer("blind", 4, 50.0)), default="loud",
    build=Ear, paper="p", licence="l",
)

def clips(folder):
    beats = json.loads((HERE / "beats.json").read_text())
    return [
        Clip(f"{n:02}", SPLITS[n], HERE / f"{n:02}.wav", tuple(beats[n]), str(n)) for n in range(20)
    ]

data = DataSet(
    name="clicks", licence="l", paper="p", how_to_get="", recorded=False,
    make=lambda folder, sources, progress: None,
)
beats = Task(
    name="clicks/beats", summary="s", kind=Kind.FRAMES, labels=("beat",), data=data,
    metrics=(BEAT_F,), clips=clips,
    counts={Split.TRAIN: 8, Split.VALIDATION: 4, Split.TEST: 8},
)
odd = Task(
    name="clicks/odd", summary="s", kind=Kind.MULTICLASS, labels=("even", "odd"), data=data,
    metrics=(ACCURACY,), counts=beats.counts,
    clips=lambda folder: [replace(clip, label=int(clip.id) % 2) for clip in clips(folder)],
)
"""


def click_tracks(folder: Path) -> list[list[float]]:
    """20 clips of 4 s in noise, and their beats: a tempo and a phase of its own each."""
    beats = []
    for number in range(20):
        rng = np.random.default_rng(number)
        period = rng.uniform(0.35, 0.7)
        times = np.arange(rng.uniform(0, period), 3.98, period)
        wave = rng.normal(0, 0.02, 32_000)
        for start in (times * 8000).astype(int):
            click = rng.normal(0, 0.4, 160) * np.exp(-np.arange(160) / 40)
            wave[start : start + 160] += click[: len(wave) - start]
        soundfile.write(folder / f"{number:02}.wav", wave.clip(-1, 1), 8000)
        beats.append(times.round(4).tolist())
    return beats


@pytest.fixture
def clicks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Runs `ear` on beats that are given, in a cache that is named."""
    true = click_tracks(tmp_path)
    file = tmp_path / "cards.py"
    file.write_text(CARDS)

    def go(
        cache: str,
        beats: list[list[float]] = true,
        layer: str | None = None,
        protocol: str = "linear-v1",
        backbone: str = "ear",
        also: tuple[str, ...] = (),
    ) -> Outcome:
        (tmp_path / "beats.json").write_text(json.dumps(beats))
        monkeypatch.setenv("BENCH_CACHE", str(tmp_path / cache))
        cards = registry.find([file])
        request = Request(
            include=(file,),
            protocol=protocol,
            trials=12,
            budget_seconds=None,
            seeds=1,
            layer=layer,
            settings=Settings("cpu"),
            on_bad_audio=OnBadAudio.STOP,
            results=tmp_path / cache / "results",
        )
        names = ("clicks/beats", *also)
        pairs = [(cards.backbones[backbone], cards.tasks[name]) for name in names]
        return run.run(pairs, request, Reporter())[-1]

    return go


def record_of(outcome: Outcome) -> Record:
    assert outcome.record is not None, outcome.reason
    return outcome.record


def predictions(cache: Path) -> Predictions:
    return Predictions.load(cache / "results" / "linear-v1" / "clicks" / "beats" / "ear.npz")


def test_beats_are_found_where_features_tell_them_and_only_there(
    clicks: Callable[..., Outcome],
) -> None:
    heard, guessed = record_of(clicks("one")), record_of(clicks("two", layer="blind"))
    assert heard.primary.value > 0.9
    assert guessed.primary.value < 0.6
    assert heard.per_class == {}
    assert len(heard.search.trials) == 12
    assert heard.search.chosen["layer"] == "loud"
    assert heard.search.chosen in [trial.hyper for trial in heard.search.trials]
    assert heard.search.validation == max(trial.score for trial in heard.search.trials)


def test_other_test_beats_change_the_score_and_nothing_before_it(
    clicks: Callable[..., Outcome], tmp_path: Path
) -> None:
    one = record_of(clicks("one"))
    true = json.loads((tmp_path / "beats.json").read_text())
    other = record_of(clicks("other", [*true[:12], *true[13:], true[12]]))
    assert one.search == other.search
    found = [predictions(tmp_path / cache) for cache in ("one", "other")]
    np.testing.assert_array_equal(found[0].scores, found[1].scores)
    assert one.primary.value > other.primary.value + 0.2


def test_a_task_about_clips_beside_it_has_vectors_of_its_own(
    clicks: Callable[..., Outcome], tmp_path: Path
) -> None:
    odd = record_of(clicks("one", also=("clicks/odd",)))
    entry = registry.find([tmp_path / "cards.py"]).backbones["ear"]
    assert odd.provenance.features == extraction.key_of(entry, Precision.FP32)
    again = clicks("one")
    assert again.status is Status.KEPT
    expected = extraction.key_of(entry, Precision.FP32, entry.card.layers[1])
    assert record_of(again).provenance.features == expected


def test_pairs_that_cannot_be_are_skipped_with_the_reason(clicks: Callable[..., Outcome]) -> None:
    for given, reason in (
        (
            {"layer": "still"},
            "layer 'still' gives one vector a window; use --layer loud or --layer",
        ),
        ({"protocol": "tuned-v1"}, "tuned-v1 does not; use --protocol linear-v1"),
        ({"backbone": "melstats"}, "melstats gives one vector a window"),
        ({"layer": "none"}, "ear has no layer 'none', it has still, loud, blind"),
    ):
        outcome = clicks("cache", **given)
        assert outcome.status is Status.SKIPPED
        assert reason in outcome.reason


def test_every_protocol_but_those_that_find_events_says_so(tmp_path: Path) -> None:
    (tmp_path / "cards.py").write_text(CARDS)
    cards = registry.find([tmp_path / "cards.py"])
    pair = cards.backbones["ear"].card, cards.tasks["clicks/beats"].card
    reasons = {name: pairing.why_not(*pair, protocol) for name, protocol in PROTOCOLS.items()}
    assert [name for name, reason in reasons.items() if reason is None] == ["linear-v1"]


def test_targets_are_1_at_the_nearest_frame_and_a_half_beside_it() -> None:
    found = targets(np.array([0.0, 0.36, 0.5, 1.19]), 11, 10.0)
    assert found.tolist() == [1, 0.5, 0, 0.5, 1, 1, 0.5, 0, 0, 0.5, 1]


def test_peaks_are_apart_and_reach_the_threshold_even_at_the_ends() -> None:
    activation = np.array([0.9, 0.1, 0.6, 0.1, 0.7, 0.2, 0.3, 0.2, 0.8])
    found = [
        peaks(activation, 10.0, Picking(*each)).tolist()
        for each in [(0.5, 0.1), (0.5, 0.3), (0.25, 0.1), (0.95, 0.1)]
    ]
    assert found == [[0, 0.2, 0.4, 0.8], [0, 0.4, 0.8], [0, 0.2, 0.4, 0.6, 0.8], []]
    assert padded([np.empty(0)]).shape == (1, 1)


def test_a_frame_is_seen_between_its_neighbours() -> None:
    x = np.arange(12, dtype=np.float32).reshape(6, 2)
    wide = frames.in_context(x).reshape(6, 5, 2)
    np.testing.assert_array_equal(wide[0], x[[0, 0, 0, 1, 2]])
    np.testing.assert_array_equal(wide[3], x[1:])


def test_of_too_many_frames_half_are_drawn_at_events() -> None:
    target = targets(np.arange(0.5, 100, 0.5), 1000, 10.0)
    rows = frames.drawn(target, 100, np.random.default_rng(0))
    assert len(np.unique(rows)) == 100
    assert (target[rows] > 0).sum() == 50
    whole = frames.drawn(target, 1000, np.random.default_rng(0))
    assert whole.tolist() == list(range(1000))


def test_a_probe_that_draws_frames_still_finds_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MOST_NUMBERS", 10 * 40 * 5)
    rng = np.random.default_rng(0)
    beats = [np.arange(rng.uniform(0, 0.5), 9.9, 0.5) for _ in range(10)]
    heard = [targets(times, 500, 50.0)[:, None] + rng.normal(0, 0.1, (500, 1)) for times in beats]
    shown = [each.astype(np.float32) for each in heard]
    labels = {Split.TRAIN: padded(beats), Split.VALIDATION: padded(beats)}
    asked = frames.Problem(lambda _: shown, labels, BEAT_F, 50.0)
    (variant,), tried = frames.probe(asked, "a", [0.01, 1.0], 0)
    assert variant.validation == tried[1].score or variant.validation == tried[0].score
    assert max(trial.score for trial in tried) > 0.95
    assert [trial.hyper["c"] for trial in tried] == [0.01, 1.0]
    _, shorter = frames.probe(asked, "a", [0.01, 1.0], 0, budget_seconds=1e-9)
    assert shorter == tried[:1]
    assert asked.score([times[:0] for times in beats]) == 0


def test_a_metric_without_a_value_on_validation_is_an_error() -> None:
    shown = [np.zeros((50, 1), np.float32)]
    labels = dict.fromkeys((Split.TRAIN, Split.VALIDATION), np.array([[0.5]]))
    undefined = Metric("undefined", lambda _truth, _scores, weights: np.full(len(weights), np.nan))
    asked = frames.Problem(lambda _: shown, labels, undefined, 50.0)
    with pytest.raises(UndefinedScoreError, match="undefined has no value on the validation clips"):
        frames.probe(asked, "a", [1.0], 0)
