"""What a probe's process is given, keeps and leaves alone."""

import json
import pickle
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from bench.probes import EVERY_LAYER, Pooling, features, job, methods, worker
from bench.probes.features import StoredFeatures
from bench.probes.job import Job
from bench.registry import find
from bench.store import Cost, Store
from tasks import Kind, Scores, Split, Truth

CARDS = """
from backbones import Backbone, Encoder, Family, Layer
from tasks import DataSet, Kind, Split, Task
from tasks._metrics import ACCURACY

class Never(Encoder):
    def encode(self, audio):
        raise NotImplementedError

stored = Backbone(
    name="stored", family=Family.HANDCRAFTED, summary="s", sample_rate=8000, window=1.0,
    layers=(Layer("clear", 4), Layer("dim", 3)), default="clear", build=Never, paper="p",
    licence="l",
)
thirds = Task(
    name="toys/thirds", summary="s", kind=Kind.MULTICLASS, labels=("a", "b", "c"),
    data=DataSet(name="toys", licence="l", paper="p", how_to_get="", recorded=False),
    metrics=(ACCURACY,), clips=lambda folder: [], counts=dict.fromkeys(Split, 30),
)
"""

KEYS = {split: tuple(f"{split}-{i}" for i in range(30)) for split in Split}
LABELS: Mapping[Split, Truth] = {
    Split.TRAIN: np.arange(30) % 3,
    Split.VALIDATION: np.arange(30) % 3,
}


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def made(tmp_path: Path) -> Job:
    """A job whose features are stored: one to three windows of 4 + 3 numbers a clip."""
    cards = tmp_path / "cards.py"
    cards.write_text(CARDS)
    store = Store(tmp_path / "store")
    rng = np.random.default_rng(0)
    rows = {
        key: (rng.normal(size=(1 + i % 3, 7)) + np.eye(7)[i % 3]).astype(np.float32)
        for keys in KEYS.values()
        for i, key in enumerate(keys)
    }
    store.write("shard", rows, {}, Cost(1.0, 90.0, "cpu"), {})
    return Job(
        include=(cards,),
        backbone="stored",
        task="toys/thirds",
        store=store.folder,
        keys=KEYS,
        labels=LABELS,
        protocol="linear-v1",
        layer=None,
        trials=6,
        budget_seconds=None,
        seeds=(0,),
        cache=tmp_path / "probes",
        question=("multiclass", "accuracy", "a", "b", "c"),
        code="code",
    )


def test_a_job_has_no_room_for_test_labels(made: Job) -> None:
    assert set(made.labels) == {Split.TRAIN, Split.VALIDATION}
    assert {field.name for field in fields(Job)} == {
        *("include", "backbone", "task", "store", "keys", "labels", "protocol", "layer"),
        *(
            "trials",
            "budget_seconds",
            "seeds",
            "cache",
            "question",
            "code",
            "texts",
            "audio",
            "device",
        ),
    }


@pytest.mark.parametrize("split", [Split.TRAIN, Split.VALIDATION])
def test_another_label_is_another_study(made: Job, split: Split) -> None:
    changed: Truth = np.arange(30) % 3
    changed[3] = 1
    assert replace(made, labels={**LABELS, split: changed}).folder != made.folder


def test_whatever_a_choice_depends_on_is_another_study(made: Job) -> None:
    others = [
        replace(made, protocol="tuned-v1"),
        replace(made, layer="dim"),
        replace(made, store=made.store.with_name("others")),
        replace(made, seeds=(1,)),
        replace(made, task="toys/halves"),
        replace(made, code="other"),
        replace(made, question=("regression", "R²", "a", "b", "c")),
        replace(made, keys={**KEYS, Split.TRAIN: KEYS[Split.TRAIN][::-1]}),
        replace(made, keys={**KEYS, Split.TEST: KEYS[Split.TEST][1:]}),
    ]
    assert len({made.folder, *(other.folder for other in others)}) == 1 + len(others)


def test_the_order_of_splits_and_the_place_of_the_store_make_no_difference(made: Job) -> None:
    turned = replace(
        made,
        keys=dict(reversed(KEYS.items())),
        labels={split: LABELS[split] for split in (Split.VALIDATION, Split.TRAIN)},
        store=made.store.parent / "moved" / made.store.name,
        trials=9,
        seeds=(0, 1, 2),
    )
    assert turned.folder == made.folder
    assert turned.name != made.name


def test_tags_are_ranked_where_their_probabilities_are_nearly_one() -> None:
    sure: Scores = special.expit(np.array([[17.0], [18.0], [19.0]]))
    assert np.unique(job.stacked(Kind.MULTILABEL, [sure])).size == 3
    assert job.stacked(Kind.MULTICLASS, [sure]).dtype == np.float32


def test_a_result_is_stored_and_found(made: Job) -> None:
    result = worker.run(made)
    chosen = result.chosen
    assert chosen.scores.shape == (1, 30, 3)
    assert chosen.scores.dtype == np.float32
    assert chosen.hyper["layer"] == "clear"
    assert chosen.validation is not None
    assert 0.4 < chosen.validation <= 1
    assert len(result.trials) == 6
    assert chosen.validation == max(trial.score for trial in result.trials)
    stored = job.load(made)
    assert stored is not None
    assert replace(stored.chosen, scores=chosen.scores) == chosen
    np.testing.assert_array_equal(stored.chosen.scores, chosen.scores)
    assert stored.trials == result.trials
    assert worker.run(made).seconds == result.seconds


def test_the_layer_asked_for_is_the_one_used(made: Job) -> None:
    assert worker.run(replace(made, layer="dim")).chosen.hyper["layer"] == "dim"


def test_every_seed_of_a_network_is_a_fit(made: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "is_random", lambda _hyper: True)
    assert worker.run(replace(made, seeds=(0, 1, 2))).chosen.scores.shape == (3, 30, 3)


def test_features_are_pooled_over_the_windows_of_a_clip(made: Job) -> None:
    store = Store(made.store)
    card = find(made.include).backbones["stored"].card
    stored = StoredFeatures(store, card, KEYS)
    windows = store.read(KEYS[Split.TEST], slice(4, 7))
    assert stored.several_windows
    for pooling, expected in (
        (Pooling.MEAN, [w.mean(0, dtype=np.float64) for w in windows]),
        (Pooling.MAX, [w.max(0) for w in windows]),
        (Pooling.MEAN_STD, [[*w.mean(0, dtype=float), *w.std(0, dtype=float)] for w in windows]),
    ):
        found = stored.pooled(Split.TEST, "dim", pooling)
        np.testing.assert_array_equal(found, np.array(expected, dtype=np.float32))
    every = stored.pooled(Split.TEST, "dim", Pooling.WINDOWS)
    owners = stored.owners(Split.TEST)
    assert owners.tolist() == [i for i in range(30) for _ in range(1 + i % 3)]
    np.testing.assert_array_equal(every[owners == 7], windows[7])
    both = stored.pooled(Split.TEST, EVERY_LAYER, Pooling.MEAN)
    np.testing.assert_array_equal(both[:, 4:], stored.pooled(Split.TEST, "dim", Pooling.MEAN))


def test_what_is_kept_of_pooled_features_has_a_limit(
    made: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = find(made.include).backbones["stored"].card
    whole = StoredFeatures(Store(made.store), card, KEYS)
    windows = whole.pooled(Split.TEST, "dim", Pooling.WINDOWS)
    assert whole.pooled(Split.TEST, "dim", Pooling.WINDOWS) is windows
    monkeypatch.setattr(features, "MEMORY", windows.nbytes - 1)
    monkeypatch.setattr(features, "AT_ONCE", 7)
    little = StoredFeatures(Store(made.store), card, KEYS)
    again = [little.pooled(Split.TEST, "dim", Pooling.WINDOWS) for _ in range(2)]
    assert again[0] is not again[1]
    for each in again:
        np.testing.assert_array_equal(each, windows)
    mean = little.pooled(Split.TEST, "dim", Pooling.MEAN)
    assert little.pooled(Split.TEST, "dim", Pooling.MEAN) is mean
    np.testing.assert_array_equal(mean, whole.pooled(Split.TEST, "dim", Pooling.MEAN))


def test_few_examples_are_learnt_from_with_as_many_penalties_as_trials(made: Job) -> None:
    found = worker.run(replace(made, protocol="fewshot-v1", trials=1))
    assert len({variant.hyper["c"] for variant in found.variants}) == 1
    assert len(found.variants) > 2


@pytest.mark.parametrize("pooling", [Pooling.MEAN, Pooling.MEAN_STD])
def test_a_feature_that_never_changes_does_not_tell_how_long_clips_are(
    made: Job, tmp_path: Path, pooling: Pooling
) -> None:
    store = Store(tmp_path / "constant")
    never = np.random.default_rng(1).normal(size=7).astype(np.float32)
    rows = {key: np.tile(never, (1 + i, 1)) for i, key in enumerate(KEYS[Split.TRAIN])}
    store.write("shard", rows, {}, Cost(1.0, 90.0, "cpu"), {})
    card = find(made.include).backbones["stored"].card
    found = StoredFeatures(store, card, KEYS).pooled(Split.TRAIN, "dim", pooling)
    np.testing.assert_array_equal(found, np.tile(found[0], (len(found), 1)))


def test_pooling_is_not_searched_where_every_clip_has_one_window(made: Job) -> None:
    single = {split: keys[::3] for split, keys in KEYS.items()}
    labels = {split: truth[::3] + np.arange(10) % 3 for split, truth in LABELS.items()}
    lone = replace(made, keys=single, labels=labels, protocol="tuned-v1", trials=14)
    card = find(made.include).backbones["stored"].card
    assert not StoredFeatures(Store(made.store), card, single).several_windows
    assert worker.run(lone).chosen.hyper["pooling"] == "mean"
    assert '"choices": ["mean"]' in (lone.folder / "study.log").read_text().replace("\\", "")


PROCESS = """
import json, pickle, signal, sys
from pathlib import Path
from bench.probes import process
process.prepare()
import torch, scipy.linalg
from threadpoolctl import threadpool_info
result = process.run(pickle.loads(Path(sys.argv[1]).read_bytes()))
print(json.dumps({
    "torch": torch.get_num_threads(),
    "pools": [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"],
    "interrupts": signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
    "memory": result.peak_memory_mb,
    "seconds": result.seconds,
}), file=sys.stderr)
"""


def test_two_processes_on_one_job_search_once_on_one_thread_each(made: Job, tmp_path: Path) -> None:
    pickled = tmp_path / "job.pickle"
    pickled.write_bytes(pickle.dumps(made))
    command = [sys.executable, "-W", "error", "-c", PROCESS, str(pickled)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    found = [json.loads(process.communicate()[1]) for process in running]
    assert found[0]["seconds"] == found[1]["seconds"]
    for process in found:
        assert process["torch"] == 1
        assert set(process["pools"]) == {1}
        assert process["interrupts"]
        if sys.platform == "linux":
            assert 50 < process["memory"] < 5000
    assert len(list(made.folder.glob("*.zip"))) == 1


def test_every_layer_is_tested_and_the_best_on_validation_is_the_score(made: Job) -> None:
    result = worker.run(replace(made, protocol="layers-v1", trials=100))
    assert {variant.name for variant in result.variants} == {"clear", "dim"}
    assert result.chosen.validation == max(each.validation or 0.0 for each in result.variants)
    assert len(result.trials) == 10


def test_few_examples_are_drawn_many_times(made: Job) -> None:
    result = worker.run(replace(made, protocol="fewshot-v1", trials=5))
    assert [variant.name for variant in result.variants] == ["1", "2", "4", "8"]
    assert {variant.scores.shape for variant in result.variants} == {(20, 30, 3)}
    stored = job.load(replace(made, protocol="fewshot-v1", trials=5))
    assert stored is not None
    np.testing.assert_array_equal(stored.chosen.scores, result.chosen.scores)


@pytest.mark.parametrize("protocol", ["mlp-v1", "mulap-v1", "knn-v1"])
def test_a_protocol_fixes_what_it_says(made: Job, protocol: str) -> None:
    result = worker.run(replace(made, protocol=protocol, trials=100, seeds=(0, 1)))
    expected = {
        "mlp-v1": {"hidden": 512, "dropout": 0.2, "batch": 64, "model": "mlp", "pooling": "mean"},
        "mulap-v1": {"hidden": 512, "learning_rate": 1e-3, "patience": 50, "pooling": "windows"},
        "knn-v1": {"model": "knn", "standardise": True},
    }[protocol]
    assert expected.items() <= result.chosen.hyper.items()
    assert len(result.trials) == {"mlp-v1": 6, "mulap-v1": 1, "knn-v1": 6}[protocol]
    assert result.chosen.scores.shape[0] == (1 if protocol == "knn-v1" else 2)
    assert (result.chosen.validation or 0.0) > 0.4
