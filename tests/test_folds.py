"""Folds take turns, and nothing is chosen with the fold that it is tested on."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench import claims, data, testing
from bench.data import DataError
from bench.probes import folds
from bench.probes.job import Result, Tried, Variant
from bench.registry import find
from bench.testing import ContractError, Listed
from leaderboard.records import Predictions
from tasks import Clip, Kind, Split, digest_of, rotation
from tests.commands import TOY, bench

CLIPS = [
    Clip(str(n), Split.TEST, Path("a"), n % 2, group=str(n // 4), fold=1 + n // 4)
    for n in range(12)
]

FOLDED = (
    TOY.replace("n % 2, str(n))", "n % 2, str(n), fold=1 + n // 20)")
    .replace("splits[n // 20]", "Split.TEST")
    .replace(
        "counts={Split.TRAIN: 20, Split.VALIDATION: 20, Split.TEST: 20},",
        "counts={Split.TRAIN: 0, Split.VALIDATION: 0, Split.TEST: 60}, folds=3,",
        1,
    )
)


def test_every_clip_is_tested_once_and_validated_once() -> None:
    turns = [rotation(CLIPS, fold, 3) for fold in (1, 2, 3)]
    for split in Split:
        ids = [clip.id for turn in turns for clip in turn if clip.split is split]
        assert sorted(ids, key=int) == [clip.id for clip in CLIPS]
    for fold, turn in enumerate(turns, 1):
        assert {clip.fold for clip in turn if clip.split is Split.TEST} == {fold}


def test_folds_are_part_of_the_digest() -> None:
    assert digest_of(CLIPS) != digest_of([replace(clip, fold=1 + clip.fold % 3) for clip in CLIPS])


def result(fits: int, clips: int, names: tuple[str, ...], value: float) -> Result:
    variants = [
        Variant(name, {"c": value, "model": "linear"}, value, np.full((fits, clips, 2), value + i))
        for i, name in enumerate(names)
    ]
    return Result(tuple(variants), (Tried({"c": value}, value, pruned=False),), 2.0, 100 * value)


def test_results_are_put_together_in_the_order_of_the_clips() -> None:
    parts = [result(1, 2, ("",), 0.25), result(3, 1, ("",), 0.5)]
    found = folds.merge(parts, [np.array([2, 0]), np.array([1])])
    assert found.chosen.scores.shape == (3, 3, 2)
    assert found.chosen.scores[:, :, 0].tolist() == [[0.25, 0.5, 0.25]] * 3
    assert found.chosen.hyper == {"c": "varies", "model": "linear"}
    assert (found.seconds, found.peak_memory_mb, len(found.trials)) == (4.0, 50.0, 2)
    assert folds.merge(parts[:1], [np.array([0, 1])]) is parts[0]


def test_folds_that_find_more_events_than_others_are_filled_up() -> None:
    scores = [np.array([[[0.5, 1.0, 1.5]]], np.float32), np.array([[[0.25]]], np.float32)]
    parts = [Result((Variant("", {}, 0.0, each),), (), 1.0, None) for each in scores]
    found = folds.merge(parts, [np.array([1]), np.array([0])]).chosen.scores
    np.testing.assert_array_equal(found, [[[0.25, np.nan, np.nan], [0.5, 1.0, 1.5]]])


def test_each_fold_keeps_its_own_choice_among_named_variants() -> None:
    parts = [result(1, 1, ("a", "b"), 0.0), result(1, 1, ("b", "a"), 10.0)]
    found = folds.merge(parts, [np.array([0]), np.array([1])])
    by_name = {variant.name: variant.scores[0, :, 0].tolist() for variant in found.variants}
    assert by_name == {"a": [0.0, 11.0], "b": [1.0, 10.0], "": [1.0, 11.0]}
    assert found.chosen.name == ""


@pytest.mark.parametrize("protocol", ["linear-v1", "layers-v1", "fewshot-v1"])
def test_a_task_with_folds_has_a_row_of_all_its_clips(
    toy: Path, capsys: pytest.CaptureFixture[str], protocol: str
) -> None:
    toy.write_text(FOLDED)
    words = ("run", "-b", "level", "-t", "toys/loud", "-i", "toy.py", "--protocol", protocol)
    code, out, err = bench(*words, "--json", capsys=capsys)
    assert code == 0, out + err
    record = json.loads(out)["outcomes"][0]["record"]
    assert record["clips"]["test"] == 60
    assert record["clips"]["folds"] == 3
    assert record["scores"]["accuracy"]["value"] > 0.95
    results = toy.with_name("leaderboard") / "results" / protocol / "toys" / "loud"
    stored = Predictions.load(results / "level.npz")
    assert stored.ids.tolist() == [f"{n:02}" for n in range(60)]
    page = (toy.with_name("leaderboard") / "README.md").read_text(encoding="utf-8")
    assert "60 clips in 3 folds, each tested once" in page
    code, out, _ = bench("check", "toys/loud", "-i", "toy.py", capsys=capsys)
    assert code == 0, out


def test_a_group_in_two_folds_or_a_fold_too_few_is_refused(toy: Path) -> None:
    toy.write_text(FOLDED)
    card = find([toy]).tasks["toys/loud"].card
    crossing = [replace(clip, group="one") for clip in CLIPS]
    with pytest.raises(ContractError, match="group 'one' is in fold 1 and in fold 2"):
        testing.groups_stay_in_one_split(Listed(card, crossing))
    with pytest.raises(ContractError, match="of folds there must be 3 at least"):
        testing.task_card_is_complete(replace(card, folds=2))
    lonely = [replace(clip, label=int(clip.fold == 1)) for clip in CLIPS]
    with pytest.raises(ContractError, match=r"classes \{1\} have no training clip"):
        testing.every_class_is_trained_on(Listed(card, lonely))
    with pytest.raises(DataError, match=r"has 4 folds by its card, its clips are in \[1, 2, 3\]"):
        data.clips(replace(card, folds=4, clips=lambda _folder: CLIPS), toy.parent)
    asked = replace(card, kind=Kind.RETRIEVAL, clips=lambda _folder: CLIPS)
    assert "retrieval learns nothing: give its card none" in (claims.unusable(asked, CLIPS) or "")
