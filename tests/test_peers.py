"""Our side of the comparison with other evaluations: what is exchanged, driven and printed."""

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers import dealing, environments, exchange, ours, page
from benchmarks.peers.exchange import Answer, Embeddings, one_hot
from benchmarks.peers.page import Cell, Compared
from tasks import Clip, Split
from tasks._metrics import ACCURACY

pytestmark = pytest.mark.no_cover

CLIPS = 120
TRUTH = np.arange(CLIPS) % 3
GROUPS = [f"song {clip // 2}" for clip in range(CLIPS)]


def answer(wrong: int, cpu_seconds: float = 2.0) -> Answer:
    """One that errs on so many clips, spread over the groups."""
    predicted = TRUTH.copy()
    predicted[np.arange(wrong) * CLIPS // max(wrong, 1)] += 1
    return Answer(one_hot(predicted % 3, 3)[None], 1 - wrong / CLIPS, 7, cpu_seconds)


def rendered(wrong: Mapping[str, int], *, missing: str = "") -> str:
    cells: dict[str, Cell | str] = dict.fromkeys(page.METHODS, missing)
    for name, number in wrong.items():
        seconds = 30.0 if name in page.OURS else 2.0
        cells[name] = page.cell(ACCURACY, TRUTH, GROUPS, answer(number, seconds))
    pair = Compared("mine", "toys/three", dict.fromkeys(Split, CLIPS), GROUPS, cells)
    return page.render([pair], command="python -m x", pins="p==1", machine="m")


def row(text: str, beginning: str) -> list[str]:
    lines = [line for line in text.splitlines() if line.startswith(f"| {beginning}")]
    return [cell.strip() for cell in lines[-1].strip("|").split("|")]


def test_embeddings_of_splits_of_any_length_come_back_in_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sizes = {Split.TRAIN: 5, Split.VALIDATION: 1, Split.TEST: 3}
    x = {s: rng.standard_normal((n, 4)).astype(np.float32) for s, n in sizes.items()}
    y = {s: rng.integers(0, 9, n) for s, n in sizes.items()}
    Embeddings(x, y, 9).save(tmp_path / "e.npz")
    found = Embeddings.load(tmp_path / "e.npz")
    assert found.classes == 9
    for split in Split:
        np.testing.assert_array_equal(found.x[split], x[split])
        np.testing.assert_array_equal(found.y[split], y[split])
        assert found.x[split].dtype == np.float32


def test_answers_come_back(tmp_path: Path) -> None:
    given = answer(5)
    given.save(tmp_path / "a.npz")
    found = Answer.load(tmp_path / "a.npz")
    np.testing.assert_array_equal(found.scores, given.scores)
    assert (found.own, found.fits, found.cpu_seconds) == (given.own, 7, 2.0)


def test_a_driver_answers_with_every_method_of_its_own(tmp_path: Path) -> None:
    exchange.small().save(tmp_path / "e.npz")
    environments.drive(Path(sys.executable), "with_sklearn", tmp_path / "e.npz", tmp_path / "out")
    expected = {name: 5 if name == "sklearn-mlp" else 1 for name in page.METHODS if "sk" in name}
    found = {path.stem: Answer.load(path) for path in (tmp_path / "out").glob("*.npz")}
    assert {name: len(each.scores) for name, each in found.items()} == expected
    truth = exchange.small().y[Split.TEST]
    for each in found.values():
        assert (each.scores.argmax(-1) == truth).all()
        assert each.cpu_seconds > 0


def test_a_driver_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(environments.PeerError, match=r"FileNotFoundError.*nowhere"):
        environments.drive(Path(sys.executable), "with_sklearn", Path("nowhere"), tmp_path)


def test_a_score_is_printed_with_our_interval_and_costs() -> None:
    text = rendered({"tuned-v1": 12, "xares-knn": 24}, missing="no wheel")
    table = text.partition("## Is")[0]
    _, score, fits, seconds = row(table, "X-ARES kNN")
    value = page.cell(ACCURACY, TRUTH, GROUPS, answer(24)).estimate
    assert score == f"80.0 [{100 * value.low:.1f}, {100 * value.high:.1f}]"
    assert value.low < 0.8 < value.high
    assert (fits, seconds) == ("7", "2.00")
    assert row(table, "MTEB, all clips")[1] == "not measured: no wheel"
    assert "`python -m x`" in text


@pytest.mark.parametrize(
    ("wrong", "verdict"), [(12, "yes"), (13, "within its interval"), (60, "no")]
)
def test_ours_is_held_against_the_best_peer(wrong: int, verdict: str) -> None:
    text = rendered({"tuned-v1": wrong, "linear-v1": 0, "mteb-all": 12, "xares-knn": 30})
    _, tuned, linear, best, gap, place, cpu = row(text, "toys/three, mine")
    assert tuned == f"{100 - 100 * wrong / CLIPS:.1f}"
    assert (linear, best, place, cpu) == ("100.0", "MTEB, all clips, 90.0", verdict, "15.0 ×")
    assert gap.startswith(f"{100 * (12 - wrong) / CLIPS:+.1f} [")


def test_differences_from_each_method_are_counted() -> None:
    text = rendered({"tuned-v1": 12, "linear-v1": 12, "mteb-all": 0, "xares-knn": 60})
    table = text.partition("### Against one peer")[2]
    assert row(table, "**`linear-v1`**")[1:] == ["+0.0", "0", "0", "1"]
    assert row(table, "MTEB, all clips")[1:] == ["-10.0", "0", "1", "1"]
    assert row(table, "X-ARES kNN")[1:] == ["+40.0", "1", "0", "1"]
    assert "MLPClassifier" not in table


def test_clips_are_dealt_by_group_into_splits_of_the_same_sizes() -> None:
    split = {0: Split.TEST, 1: Split.VALIDATION}
    clips = [
        Clip(str(n), split.get(n % 5, Split.TRAIN), Path(), 0, GROUPS[n]) for n in range(CLIPS)
    ]
    assert ours.dealt(clips, 0) == clips
    splits = [{clip.id: clip.split for clip in ours.dealt(clips, seed)} for seed in (1, 1, 2)]
    assert splits[0] == splits[1] != splits[2]
    for found in splits:
        assert list(found) == [clip.id for clip in clips]
        assert all(found[str(n)] is found[str(n + 1)] for n in range(0, CLIPS, 2))
        counts = [list(found.values()).count(each) for each in Split]
        assert counts == [CLIPS * 3 // 5, CLIPS // 5, CLIPS // 5]


def test_uneven_groups_are_dealt_into_about_the_same_sizes() -> None:
    groups = [f"song {int(number**0.5)}" for number in range(CLIPS)]
    split = {0: Split.TEST, 1: Split.VALIDATION}
    clips = [
        Clip(str(n), split.get(n % 4, Split.TRAIN), Path(), 0, groups[n]) for n in range(CLIPS)
    ]
    for seed in range(1, 9):
        dealt = ours.dealt(clips, seed)
        parts = {s: {clip.group for clip in dealt if clip.split is s} for s in Split}
        assert sum(map(len, parts.values())) == len({*groups})
        for each in Split:
            wanted = sum(clip.split is each for clip in clips)
            assert abs(sum(clip.split is each for clip in dealt) - wanted) <= 2 * 21


def on_splits(*wrong: int) -> str:
    """`tuned-v1` errs so often, split by split; a peer always twelve times."""
    splits = []
    for number in wrong:
        cells: dict[str, Cell | str] = dict.fromkeys(page.METHODS, "none")
        for name, errors in {"tuned-v1": number, "mteb-all": 12, "xares-knn": 90}.items():
            cells[name] = page.cell(ACCURACY, TRUTH, GROUPS, answer(errors))
        clips = {Split.TRAIN: 4 * CLIPS, Split.VALIDATION: CLIPS, Split.TEST: CLIPS}
        splits.append(Compared("mine", "toys/three", clips, GROUPS, cells))
    return dealing.section([splits])


@pytest.mark.parametrize(
    ("wrong", "verdict"),
    [((12, 12, 12), "yes"), ((18, 6, 18), "within its interval"), ((24, 24, 25), "no")],
)
def test_other_splits_say_whether_it_was_the_split(wrong: tuple[int, ...], verdict: str) -> None:
    """The interval against the corrected resampled t-test of Nadeau & Bengio (2003), spelt out."""
    *_, place, interval, each = row(on_splits(*wrong).partition("### ")[0], "toys/three, mine")
    apart = 100 * (12 - np.array(wrong)) / CLIPS
    half = 4.302653 * np.sqrt(np.var(apart, ddof=1) * (1 / 3 + 1 / 4))
    mean = apart.mean()
    assert place == verdict
    assert interval == f"{mean:+.1f} [{mean - half:+.1f}, {mean + half:+.1f}]"
    assert each == ", ".join(f"{gap:+.1f}" for gap in apart)


def test_each_peer_is_counted_on_all_splits() -> None:
    table = on_splits(18, 6, 18).partition("### ")[2]
    assert row(table, "MTEB, all clips")[1:] == ["-1.7", "0 of 1", "33 %"]
    assert row(table, "X-ARES kNN")[1:] == ["+63.3", "1 of 1", "100 %"]
