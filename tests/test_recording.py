"""How predictions are scored, and what a record says of them."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backbones import Backbone, Encoder, Family, Layer
from bench import provenance, recording
from bench.probes.job import Result, Tried, Variant
from bench.recording import Row, UndefinedTestScoreError
from bench.store import Cost
from leaderboard import records
from leaderboard.records import Predictions, Record
from tasks import Clip, DataSet, Kind, Label, Metric, Scores, Split, Task, Truth, Weights
from tasks._metrics import ACCURACY, PR_AUC, R2

COST = Cost(2.0, 60.0, "cpu")


pytestmark = pytest.mark.usefixtures("one_thread")


def by_class(record: Record) -> dict[str, float]:
    for score in record.per_class.values():
        assert score.low <= score.value <= score.high
    return {name: score.value for name, score in record.per_class.items()}


def clip(number: int, split: Split, label: Label) -> Clip:
    return Clip(f"{split}-{number}", split, Path("none.wav"), label, f"song {number // 2}")


def row(
    kind: Kind = Kind.MULTICLASS,
    metrics: tuple[Metric, ...] = (ACCURACY,),
    labels: tuple[Label, ...] = (0, 1, 0, 1, 1, 0),
    names: tuple[str, ...] = ("soft", "loud"),
) -> Row:
    """Six test clips in three songs."""
    return Row(
        backbone=Backbone(
            name="toy",
            family=Family.SUPERVISED,
            summary="s",
            sample_rate=8000,
            window=1.0,
            layers=(Layer("a", 2),),
            default="a",
            build=Encoder,
            paper="p",
            licence="l",
            trained_on=("msd", "mtt"),
        ),
        task=Task(
            name="toys/loud",
            summary="s",
            data=DataSet(name="toys", licence="l", paper="p", how_to_get="", recorded=True),
            kind=kind,
            labels=names,
            metrics=metrics,
            clips=lambda _folder: [],
            counts={},
            corpora=("mtt", "gtzan"),
        ),
        clips=[
            *(clip(i, Split.TEST, label) for i, label in enumerate(labels)),
            *(clip(i, Split.TRAIN, labels[0]) for i in range(4)),
            clip(0, Split.VALIDATION, labels[0]),
        ],
        skipped={"test-9": "it is silent"},
        protocol="linear-v1",
        trials=12,
        budget_seconds=None,
        seeds=(0, 1, 2),
        precision="fp32",
        features="key",
        command="bench run",
    )


def result(scores: list[list[list[float]]]) -> Result:
    variant = Variant("", {"c": 1.0}, 0.75, np.array(scores, dtype=np.float32))
    return Result((variant,), (Tried({"c": 1.0}, 0.75, pruned=False),), 1.0, None)


SOFT, LOUD = [0.9, 0.1], [0.2, 0.8]


def test_a_record_says_what_was_scored() -> None:
    record = recording.evaluate(row(), result([[SOFT, LOUD, SOFT, LOUD, SOFT, SOFT]]), COST)
    score = record.primary
    assert score.value == pytest.approx(5 / 6)
    assert score.seeds == (score.value,) * 3
    assert score.low < score.value <= score.high
    assert by_class(record) == {"soft": 1.0, "loud": pytest.approx(2 / 3, abs=1e-6)}
    assert record.leak == ("mtt",)
    assert record.clips == records.Clips(
        train=4, validation=1, test=6, groups=3, skipped={"test-9": "it is silent"}
    )
    assert (record.costs.real_time_factor, record.costs.peak_memory_mb) == (30.0, None)
    assert (record.search.seeds, record.search.validation) == ((0, 1, 2), 0.75)


def test_each_fit_is_scored_by_itself() -> None:
    right = [SOFT, LOUD, SOFT, LOUD, LOUD, SOFT]
    fits = [right, [LOUD, SOFT, LOUD, SOFT, SOFT, LOUD], [SOFT] * 6]
    record = recording.evaluate(row(), result(fits), COST)
    assert record.primary.seeds == (1.0, 0.0, 0.5)
    assert record.primary.value == 0.5
    assert by_class(record) == {"soft": round(2 / 3, 6), "loud": round(1 / 3, 6)}


def test_a_task_may_bring_a_metric_of_its_own_and_gets_it_by_class() -> None:
    def own(truth: Truth, scores: Scores, weights: Weights) -> Scores:
        credit = scores[np.arange(len(truth)), truth.astype(int)]
        return np.asarray(weights @ credit / weights.sum(1))

    record = recording.evaluate(row(metrics=(Metric("p", own),)), result([[SOFT] * 6]), COST)
    assert by_class(record) == {"soft": pytest.approx(0.9), "loud": pytest.approx(0.1)}


def test_tags_and_targets_are_scored_by_column_where_they_are_known() -> None:
    tags: tuple[Label, ...] = tuple((float(i % 2), float("nan"), float(i > 4)) for i in range(6))
    asked = row(Kind.MULTILABEL, (PR_AUC,), tags, ("odd", "unknown", "last"))
    scores = [[float(i % 2), 0.3, float(-i)] for i in range(6)]
    record = recording.evaluate(asked, result([scores]), COST)
    assert by_class(record) == {"odd": 1.0, "last": round(1 / 6, 6)}
    targets: tuple[Label, ...] = tuple((100.0 + i,) for i in range(6))
    asked = row(Kind.REGRESSION, (R2,), targets, ("tempo",))
    record = recording.evaluate(asked, result([[[100.5 + i] for i in range(6)]]), COST)
    assert by_class(record) == {"tempo": pytest.approx(1 - 1.5 / 17.5, abs=1e-6)}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_score_that_is_no_number_is_refused_by_name(value: float) -> None:
    def strange(truth: Truth, scores: Scores, weights: Weights) -> Scores:
        return np.full(len(weights), value * len(truth) * len(scores))

    asked = row(metrics=(ACCURACY, Metric("F-measure", strange)))
    with pytest.raises(UndefinedTestScoreError, match="F-measure is") as error:
        recording.evaluate(asked, result([[SOFT] * 6]), COST)
    assert "on 6 test clips, expected finite numbers" in str(error.value)


def test_a_score_that_cannot_be_is_refused() -> None:
    def percent(truth: Truth, scores: Scores, weights: Weights) -> Scores:
        return 100 * ACCURACY.function(truth, scores, weights)

    asked = row(metrics=(Metric("accuracy", percent),))
    with pytest.raises(UndefinedTestScoreError, match=r"outside of its bounds, 0 to 1"):
        recording.evaluate(asked, result([[SOFT] * 6]), COST)


def test_a_record_holds_the_digest_of_weights_that_nobody_publishes_one_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path))
    monkeypatch.delenv("BENCH_MIRROR", raising=False)
    (tmp_path / "placed").mkdir()
    (tmp_path / "placed" / "w.pt").write_bytes(b"weights")
    pin = "pkg:generic/w@v1?checksum=first-use&download_url=https://example.invalid/v1/w.pt"
    asked = row()
    backbone = replace(asked.backbone, weights=pin, load=lambda _file: asked.backbone.build())
    found = result([[SOFT, LOUD, SOFT, LOUD, SOFT, SOFT]])
    record = recording.evaluate(replace(asked, backbone=backbone), found, COST)
    digest = hashlib.sha256(b"weights").hexdigest()
    assert record.provenance.weights == pin.replace("first-use", f"sha256:{digest}")


def test_the_key_of_a_row_follows_its_test_labels_and_how_it_was_asked_for() -> None:
    one = row()
    others = [
        row(labels=(0, 1, 0, 1, 1, 1)),
        row(metrics=(ACCURACY, R2)),
        replace(one, trials=13),
        replace(one, seeds=(0,)),
        replace(one, skipped={}),
        replace(one, backbone=replace(one.backbone, trained_on=())),
        replace(one, clips=[replace(c, group="one") for c in one.clips]),
    ]
    assert one.key() == row().key()
    assert len({one.key(), *(other.key() for other in others)}) == 1 + len(others)


def test_the_key_of_a_row_follows_the_code_that_scores_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def digest(*files: Path) -> str:
        asked.extend(file.name for file in files)
        return ""

    monkeypatch.setattr(provenance, "code_digest", digest)
    row().key()
    assert asked == ["recording.py", "folds.py"]


def test_a_saved_record_lies_beside_its_predictions(tmp_path: Path) -> None:
    asked, found = row(), result([[SOFT, LOUD, SOFT, LOUD, SOFT, SOFT]])
    record = recording.evaluate(asked, found, COST)
    for suffix, content in recording.files(record, asked, found).items():
        (tmp_path / f"record{suffix}").write_bytes(content)
    assert records.read(tmp_path / "record.json") == record
    stored = Predictions.load(tmp_path / "record.npz")
    np.testing.assert_array_equal(stored.scores, found.chosen.scores)
    assert stored.truth.tolist() == [0, 1, 0, 1, 1, 0]
    assert stored.groups.tolist() == [c.group for c in asked.of(Split.TEST)]


def test_labels_become_what_metrics_take() -> None:
    shapes: dict[Kind, tuple[Label, ...]] = {
        Kind.KEY: (3, 23),
        Kind.REGRESSION: ((1.5, 2.0), (float("nan"), 3.0)),
    }
    for kind, labels in shapes.items():
        found = recording.truth(kind, [clip(i, Split.TEST, x) for i, x in enumerate(labels)])
        assert found.dtype == (np.int64 if kind is Kind.KEY else np.float64)
        assert len(found) == 2
