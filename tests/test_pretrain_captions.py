"""Captions of embedded data: what they say, and how wrong they can be made."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bench import registry
from bench.cli import corpora
from bench.pretrain.captions import UNRELATED, compose
from bench.pretrain.recipe import CorpusRecipe, NoiseRecipe
from bench.progress import Reporter
from tasks import Split
from tasks._arrange import FAMILY
from tasks._render import read_manifest
from tasks._tunes_facts import INSTRUMENTS, facts

CLEAN = NoiseRecipe(dropped=0, wrong=0, unrelated=0)
ITEMS = [{"title": f"Tune {n}", "key": f"in key {n}"} for n in range(400)]


def entry(**changes: object) -> dict[str, object]:
    tune = {"title": "The Hen", "tonic": 3, "mode": "minor", "meter": "6/8", "book": "airdsAirs"}
    sound = {"texture": "drone", "programs": [73, 21], "bpm": 120.0, "stratum": "jig"}
    return {**tune, **sound, **changes}


def test_facts_are_those_of_the_manifest() -> None:
    assert facts(entry()) == {
        "title": "The Hen",
        "key": "in E flat minor",
        "meter": "in 6/8 time",
        "book": "from Aird's Airs",
        "sound": "played on the flute over a drone of the accordion",
        "tempo": "fast",
        "dance": "a jig",
    }
    assert "dance" not in facts(entry(stratum="9/8"))
    assert facts(entry(bpm=80.0))["tempo"] == "at a moderate tempo"


def test_every_instrument_has_a_name() -> None:
    assert set(INSTRUMENTS) == set(FAMILY)


def test_without_noise_every_fact_is_said_and_no_other() -> None:
    for own, caption in zip(ITEMS, compose(ITEMS, CLEAN), strict=True):
        phrases = {phrase.lower() for phrase in caption.removesuffix(".").split(", ")}
        assert phrases == {own["title"].lower(), own["key"]}


def share(captions: list[str], true: list[str]) -> float:
    return float(np.mean([a == b for a, b in zip(captions, true, strict=True)]))


def test_each_noise_is_as_frequent_as_asked_for() -> None:
    dropped = compose(ITEMS, NoiseRecipe(dropped=0.5, wrong=0, unrelated=0))
    assert np.mean(["," in caption for caption in dropped]) == pytest.approx(0.25, abs=0.08)
    assert all(len(caption) > 1 for caption in compose(ITEMS, NoiseRecipe(dropped=1, wrong=0)))
    unrelated = compose(ITEMS, NoiseRecipe(dropped=0, wrong=0, unrelated=0.3))
    found = np.mean([caption.endswith(UNRELATED) for caption in unrelated])
    assert found == pytest.approx(0.3, abs=0.08)
    wrong = compose(ITEMS, NoiseRecipe(dropped=0, wrong=0.5, unrelated=0))
    right = [own["key"] in c.lower() for own, c in zip(ITEMS, wrong, strict=True)]
    assert np.mean(right) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("swapped", [0.0, 0.25, 1.0])
def test_swapped_captions_are_anothers(swapped: float) -> None:
    clean = compose(ITEMS, CLEAN)
    found = compose(ITEMS, NoiseRecipe(dropped=0, wrong=0, unrelated=0, swapped=swapped))
    assert sorted(found) == sorted(clean)
    assert 1 - share(found, clean) == pytest.approx(swapped, abs=0.08)


def test_a_swapped_caption_is_not_a_neighbours() -> None:
    """Neighbours share book and dance, which a swapped caption must not keep telling."""
    clean = compose(ITEMS, CLEAN)
    found = compose(ITEMS, NoiseRecipe(dropped=0, wrong=0, unrelated=0, swapped=1.0))
    gaps = [abs(clean.index(caption) - place) for place, caption in enumerate(found)]
    assert np.mean(gaps) == pytest.approx(len(ITEMS) / 3, rel=0.15)


def test_captions_are_the_same_every_time() -> None:
    assert compose(ITEMS, NoiseRecipe()) == compose(ITEMS, NoiseRecipe())


def test_the_embedded_corpus_is_training_and_validation_clips(
    data_set: Callable[[str], Path],
) -> None:
    place = data_set("tunes-tiny")
    known = {Path(each["file"]).stem: each for each in read_manifest(place)}
    corpus = corpora.open_checked(CorpusRecipe(source="tunes-tiny"), registry.find(), Reporter())
    assert corpus.name == "tunes"
    parts = {Split.TRAIN: corpus.train, Split.VALIDATION: corpus.validation}
    assert [len(part) for part in parts.values()] == [60, 24]
    for split, part in parts.items():
        assert {known[item.id]["split"] for item in part} == {split.value}
    assert all(item.caption and item.tags for item in corpus.items)
    jig = next(item for item in corpus.items if known[item.id]["stratum"] == "jig")
    assert {"jig", "6/8"} <= set(jig.tags or ())
