"""The test labels are read once, after every choice, and make nothing but the score."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench import registry, run
from bench.extraction import Settings
from bench.progress import Reporter
from bench.request import OnBadAudio, Outcome, Request, Status
from leaderboard import records
from leaderboard.records import Predictions, Record

CARDS = """
import json
from pathlib import Path
import numpy as np
from backbones import Backbone, Encoder, Family, Layer
from tasks import Clip, DataSet, Kind, Split, Task
from tasks._metrics import ACCURACY

HERE = Path(__file__).parent

class Level(Encoder):
    def encode(self, audio):
        return {"level": np.stack([np.abs(audio).mean(1), audio.std(1)], 1)[:, None]}

def clips(folder):
    splits = (Split.TRAIN, Split.VALIDATION, Split.TEST)
    labels = json.loads((HERE / "labels.json").read_text())
    return [
        Clip(f"{n:02}", splits[n // 20], HERE / f"{n:02}.wav", labels[n], str(n // 2))
        for n in range(60)
    ]

level = Backbone(
    name="level", family=Family.HANDCRAFTED, summary="s", sample_rate=8000, window=0.25,
    layers=(Layer("level", 2),), default="level", build=Level, paper="p", licence="l",
)
loud = Task(
    name="toys/loud", summary="s", kind=Kind.MULTICLASS, labels=("soft", "loud"),
    data=DataSet(
        name="toys", licence="l", paper="p", how_to_get="", recorded=False,
        make=lambda folder, sources, progress: None,
    ),
    metrics=(ACCURACY,), clips=clips,
    counts={Split.TRAIN: 20, Split.VALIDATION: 20, Split.TEST: 20},
)
"""


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Runs `level` on `toys/loud` with labels that are given, in a cache that is named."""
    for number in range(60):
        wave = np.random.default_rng(number).normal(0, (0.08, 0.1)[number % 2], 400 + 3600)
        soundfile.write(tmp_path / f"{number:02}.wav", wave, 8000)
    file = tmp_path / "cards.py"
    file.write_text(CARDS)

    def go(labels: list[int], cache: str) -> Outcome:
        (tmp_path / "labels.json").write_text(str(labels))
        monkeypatch.setenv("BENCH_CACHE", str(tmp_path / cache))
        cards = registry.find([file])
        request = Request(
            include=(file,),
            protocol="tuned-v1",
            trials=14,
            budget_seconds=None,
            seeds=2,
            layer=None,
            settings=Settings("cpu"),
            on_bad_audio=OnBadAudio.STOP,
            results=tmp_path / cache / "results",
        )
        pairs = [(cards.backbones["level"], cards.tasks["toys/loud"])]
        (outcome,) = run.run(pairs, request, Reporter())
        return outcome

    return go


def record_of(outcome: Outcome) -> Record:
    assert outcome.record is not None, outcome.reason
    return outcome.record


def test_other_test_labels_change_the_score_and_nothing_before_it(
    toys: Callable[..., Outcome], tmp_path: Path
) -> None:
    labels = [number % 2 for number in range(60)]
    moved = labels[:40] + list(np.random.default_rng(0).permutation(labels[40:]).tolist())
    one, other = record_of(toys(labels, "one")), record_of(toys(moved, "other"))
    assert one.search == other.search
    predictions = [
        Predictions.load(tmp_path / name / "results" / "tuned-v1" / "toys" / "loud" / "level.npz")
        for name in ("one", "other")
    ]
    np.testing.assert_array_equal(predictions[0].scores, predictions[1].scores)
    assert one.scores != other.scores
    assert one.primary.value > other.primary.value
    assert one.clips == other.clips


def test_a_record_is_kept_until_what_it_says_changes(
    toys: Callable[..., Outcome], tmp_path: Path
) -> None:
    labels = [number % 2 for number in range(60)]
    first, second = toys(labels, "one"), toys(labels, "one")
    assert (first.status, second.status) == (Status.DONE, Status.KEPT)
    assert first.record == second.record
    relabelled = toys([*labels[:59], 1 - labels[59]], "one")
    assert relabelled.status is Status.DONE
    assert record_of(relabelled).search == record_of(first).search
    assert record_of(relabelled).costs.probe_seconds == record_of(first).costs.probe_seconds
    assert record_of(relabelled).scores != record_of(first).scores
    place = records.place(tmp_path / "one" / "results", "tuned-v1", "toys/loud", "level")
    assert records.read(place) == relabelled.record
