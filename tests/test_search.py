"""A search goes on where it was killed, and ends as if it had not been."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.probes import EVERY_LAYER, Hyper, Indices, Matrix, Model, Pooling, Problem, search
from bench.probes.fit import Fitter, Predict, Watch, never
from bench.probes.protocols import C_GRID, FINE_C_GRID, PROTOCOLS, Case, Protocol
from bench.probes.search import Budget, Trial, UndefinedScoreError
from tasks import Kind, Metric, Scores, Split, Truth, Weights
from tasks._metrics import ACCURACY

LAYERS = ("deep", "middle", "low")
POOLINGS = (Pooling.MEAN, Pooling.MAX)
CASE = Case(LAYERS, POOLINGS, weighable=False, kind=Kind.MULTICLASS)
TUNED, LINEAR = PROTOCOLS["tuned-v1"], PROTOCOLS["linear-v1"]
TRIALS = 26


pytestmark = pytest.mark.usefixtures("one_thread")


class Layers:
    """Three classes, seen better in one layer than in the others."""

    def pooled(self, split: Split, layer: str, pooling: Pooling) -> Matrix:
        rng = np.random.default_rng([ord(split[1]), ord(layer[0]), len(pooling)])
        clear = 1.2 if layer == "middle" else 0.6
        x = rng.normal(size=(60, 8)) + clear * np.eye(8)[np.arange(60) % 3]
        return x.astype(np.float32)

    def owners(self, split: Split) -> Indices:
        raise NotImplementedError(split)


def problem(metric: Metric = ACCURACY) -> Problem:
    y = np.arange(60) % 3
    return Problem(Kind.MULTICLASS, 3, metric, Layers(), {Split.TRAIN: y, Split.VALIDATION: y})


def run(
    journal: Path,
    trials: int,
    *,
    protocol: Protocol = TUNED,
    seed: int = 0,
    asked: Problem | None = None,
    case: Case = CASE,
    seconds: float | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Trial]:
    return search.search(
        asked or problem(),
        protocol,
        case,
        budget=Budget(trials, seconds),
        seed=seed,
        journal=journal,
        progress=progress,
    )


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> list[Trial]:
    return run(tmp_path_factory.mktemp("search") / "study.log", TRIALS)


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> list[Hyper]:
    """What was fitted since."""
    seen: list[Hyper] = []

    class Counting(Fitter):
        def fit(self, hypers: Sequence[Hyper], seed: int, watch: Watch = never) -> list[Predict]:
            seen.extend(hypers)
            return super().fit(hypers, seed, watch)

    monkeypatch.setattr(search, "Fitter", Counting)
    return seen


def test_every_layer_then_what_follows_from_the_leader_then_networks_come_first(
    unbroken: list[Trial],
) -> None:
    grid, others, follow, networks = unbroken[:5], unbroken[5:7], unbroken[7:13], unbroken[13:15]
    assert [(t.hyper.layer, t.hyper.c) for t in grid] == [("deep", c) for c in C_GRID]
    assert [(t.hyper.layer, t.hyper.c) for t in others] == [(n, C_GRID[0]) for n in LAYERS[1:]]
    assert [(t.hyper.layer, t.hyper.c) for t in follow[:4]] == [("middle", c) for c in C_GRID[1:]]
    assert follow[4].hyper == replace(others[0].hyper, pooling=Pooling.MAX)
    assert follow[5].hyper == replace(others[0].hyper, standardise=False)
    assert {t.hyper.model for t in unbroken[:13]} == {Model.LINEAR}
    leader = search.best(unbroken[:13]).hyper
    assert [(t.hyper.model, t.hyper.layer) for t in networks] == [(Model.MLP, leader.layer)] * 2
    assert [t.number for t in unbroken] == list(range(TRIALS))


def test_only_what_is_offered_is_proposed(unbroken: list[Trial]) -> None:
    hypers = [trial.hyper for trial in unbroken]
    assert {hyper.layer for hyper in hypers} <= set(LAYERS)
    assert {hyper.pooling for hyper in hypers} == set(POOLINGS)
    assert {hyper.model for hyper in hypers} == {Model.LINEAR, Model.MLP}
    assert len(set(hypers)) > 15


def test_a_protocol_that_is_a_plan_ends_with_it(tmp_path: Path) -> None:
    trials = run(tmp_path / "study.log", 14, protocol=LINEAR)
    assert {(t.hyper.model, t.hyper.layer) for t in trials} == {(Model.LINEAR, "deep")}
    assert [t.hyper.c for t in trials] == list(FINE_C_GRID)


def test_layers_of_one_width_are_weighed_by_a_network(tmp_path: Path) -> None:
    case = replace(CASE, weighable=True)
    trials = run(tmp_path / "study.log", 16, case=case, asked=replace(problem(), layers=2))
    weighed = [trial for trial in trials if trial.hyper.layer == EVERY_LAYER]
    assert weighed
    assert {trial.hyper.model for trial in weighed} == {Model.MLP}


def test_a_budget_of_seconds_ends_the_search_and_counts_what_was_spent_before(
    tmp_path: Path, fitted: list[Hyper]
) -> None:
    first = run(tmp_path / "study.log", 1000, seconds=0.3)
    assert 7 <= len(first) < 1000
    fitted.clear()
    assert run(tmp_path / "study.log", 1000, seconds=0.3) == first
    assert not fitted


def test_poor_networks_are_ended_early_and_never_chosen(tmp_path: Path) -> None:
    trials = run(tmp_path / "study.log", 60)
    pruned = [trial for trial in trials if trial.pruned]
    assert pruned
    assert {trial.hyper.model for trial in pruned} == {Model.MLP}
    forged = [replace(trial, score=2.0) if trial.pruned else trial for trial in trials]
    assert not search.best(forged).pruned
    assert run(tmp_path / "study.log", 60) == trials


@pytest.mark.parametrize("first", [1, 3, 6, 9, 14, 18, 25])
def test_a_budget_that_is_raised_goes_on_with_the_same_study(
    tmp_path: Path, unbroken: list[Trial], fitted: list[Hyper], first: int
) -> None:
    assert run(tmp_path / "study.log", first) == unbroken[:first]
    assert len(fitted) == first
    assert run(tmp_path / "study.log", TRIALS) == unbroken
    assert fitted == [trial.hyper for trial in unbroken]


def test_a_finished_study_is_not_fitted_again(
    tmp_path: Path, unbroken: list[Trial], fitted: list[Hyper]
) -> None:
    run(tmp_path / "study.log", 16)
    fitted.clear()
    assert run(tmp_path / "study.log", 16) == unbroken[:16]
    assert run(tmp_path / "study.log", 5) == unbroken[:5]
    assert not fitted


class KilledError(Exception):
    """Stands for the end of a process."""


@pytest.mark.parametrize("after", [0, 7, 13, 19])
def test_an_interrupted_search_ends_as_an_unbroken_one(
    tmp_path: Path, unbroken: list[Trial], after: int
) -> None:
    def progress(done: int, total: int) -> None:
        assert total == TRIALS
        if done >= after:
            raise KilledError

    with pytest.raises(KilledError):
        run(tmp_path / "study.log", TRIALS, progress=progress)
    assert run(tmp_path / "study.log", TRIALS) == unbroken


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[Trial]]:
    journal = tmp_path_factory.mktemp("whole") / "study.log"
    trials = run(journal, 14)
    return journal.read_bytes(), trials


@settings(max_examples=8)
@given(share=st.floats(0, 1))
def test_a_journal_that_ends_anywhere_is_gone_on_with(
    tmp_path_factory: pytest.TempPathFactory, whole: tuple[bytes, list[Trial]], share: float
) -> None:
    data, trials = whole
    journal = tmp_path_factory.mktemp("torn") / "study.log"
    journal.write_bytes(data[: int(share * len(data))])
    assert run(journal, 14) == trials
    assert run(journal, 16)[:14] == trials


KILLED = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import test_search
from bench.probes import process
process.prepare()

def progress(done, total):
    print(done, file=sys.stderr, flush=True)

test_search.run(Path(sys.argv[2]), int(sys.argv[3]), progress=progress)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_search_whose_process_is_killed_ends_as_an_unbroken_one(
    tmp_path: Path, unbroken: list[Trial], fitted: list[Hyper]
) -> None:
    journal = tmp_path / "study.log"
    command = [sys.executable, "-W", "error", "-c", KILLED, str(Path(__file__).parent)]
    with subprocess.Popen(
        [*command, str(journal), "500"], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if int(line) >= 15:
                break
        time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    journal.with_name("study.log.lock").touch()
    assert run(journal, TRIALS) == unbroken
    assert len(fitted) <= TRIALS - 15


def test_another_process_proposes_the_same_and_warns_of_nothing(
    tmp_path: Path, unbroken: list[Trial]
) -> None:
    code = KILLED.replace("print(done, file=sys.stderr, flush=True)", "pass")
    folder = str(Path(__file__).parent)
    found = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-c",
            code,
            folder,
            str(tmp_path / "study.log"),
            str(TRIALS),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
    assert run(tmp_path / "study.log", TRIALS) == unbroken


def test_another_seed_is_another_search(tmp_path: Path, unbroken: list[Trial]) -> None:
    other = run(tmp_path / "study.log", TRIALS, seed=1)
    assert [t.hyper for t in other[:13]] == [t.hyper for t in unbroken[:13]]
    assert [t.hyper for t in other[15:]] != [t.hyper for t in unbroken[15:]]


def test_a_backbone_with_many_layers_still_gets_networks_and_a_finer_grid(tmp_path: Path) -> None:
    layers = [f"{letter}{i}" for i in range(5) for letter in "abcde"]
    trials = search.search(
        problem(),
        TUNED,
        Case(tuple(layers), (Pooling.MEAN,), weighable=False, kind=Kind.MULTICLASS),
        budget=Budget(46),
        seed=0,
        journal=tmp_path / "study.log",
        progress=lambda _done, _total: None,
    )
    assert {trial.hyper.layer for trial in trials} == set(layers)
    assert Model.MLP in {trial.hyper.model for trial in trials}


def test_a_metric_without_a_value_stops_the_search_by_name(tmp_path: Path) -> None:
    def undefined(truth: Truth, scores: Scores, weights: Weights) -> Scores:
        del truth, scores
        return np.full(len(weights), np.nan)

    with pytest.raises(UndefinedScoreError, match="F-measure has no value on the validation"):
        run(tmp_path / "study.log", 6, asked=problem(Metric("F-measure", undefined)))


def test_of_equal_scores_the_earliest_is_the_best() -> None:
    hyper = Hyper("a", Pooling.MEAN, standardise=True, model=Model.LINEAR)
    trials = [Trial(i, hyper, score) for i, score in enumerate([0.1, 0.7, 0.7, 0.2])]
    assert search.best(trials).number == 1
    assert search.best(trials[::-1]).number == 1
