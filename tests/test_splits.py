"""Splits found by rule are the published ones, clip for clip; the digests are on the cards."""

import gzip
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bench import claims, digests
from bench.registry import Registry
from tasks import Clip, Split, Task
from tests import published
from tests.layouts import table

pytestmark = [pytest.mark.no_cover, published.needed]

NAMES = {Split.TRAIN: "train", Split.VALIDATION: "valid", Split.TEST: "test"}
JAMENDO = {
    "top50": "top50tags",
    "genre": "genre",
    "instrument": "instrument",
    "moodtheme": "moodtheme",
}


def no_table(_folder: Path) -> None:
    """All that is needed is in the lists."""


def gtzan(_folder: Path) -> Sequence[Path]:
    return [published.SPLITS / "gtzan" / f"{part}_filtered.txt" for part in NAMES.values()]


def giantsteps(_folder: Path) -> Sequence[Path]:
    return [published.SPLITS / "jukemir" / "giantsteps_clips.json.gz"]


def jamendo(subset: str) -> Callable[[Path], Sequence[Path]]:
    def unpacked(folder: Path) -> Sequence[Path]:
        folder.mkdir(exist_ok=True)
        names = [f"autotagging_{subset}-{part}.tsv" for part in ("train", "validation", "test")]
        for name in names:
            packed = (published.SPLITS / "jamendo" / f"{name}.gz").read_bytes()
            (folder / name).write_bytes(gzip.decompress(packed))
        return [folder / name for name in names]

    return unpacked


def none(_folder: Path) -> Sequence[Path]:
    return []


SOURCES = {
    "magnatagatune/12-1-3": (published.magnatagatune, none),
    "magnatagatune/clean": (published.magnatagatune, none),
    "emomusic": (published.emomusic, none),
    "gtzan/fault-filtered": (no_table, gtzan),
    "giantsteps/key": (no_table, giantsteps),
    **{f"jamendo/{name}": (no_table, jamendo(subset)) for name, subset in JAMENDO.items()},
}


def listed(name: str, cards: Registry, folder: Path) -> tuple[Task, list[Clip]]:
    """The card, and its clips by the metadata of the published list."""
    card = cards.tasks[name].card
    tables, lists = SOURCES[name]
    tables(folder)
    files = lists(folder)
    for pin, file in zip(card.lists, files, strict=True):
        assert digests.of_file(file) in pin
    return card, list(card.clips(folder, *files))


@pytest.mark.parametrize("name", SOURCES)
def test_the_card_counts_and_digests_the_published_split(
    name: str, cards: Registry, tmp_path: Path
) -> None:
    card, clips = listed(name, cards, tmp_path)
    claims.verify(card, tmp_path, clips)
    assert card.digest is not None


def splits(clips: Sequence[Clip]) -> dict[str, str]:
    return {clip.id: NAMES[clip.split] for clip in clips}


def test_magnatagatune_is_split_like_the_list(cards: Registry, tmp_path: Path) -> None:
    entries = [e for e in published.entries("magnatagatune").values() if e["split"] is not None]
    expected = {entry["extra"]["clip_id"]: entry["split"] for entry in entries}
    card, clips = listed("magnatagatune/12-1-3", cards, tmp_path)
    assert splits(clips) == expected
    tags = {entry["extra"]["clip_id"]: set(entry["y"]) for entry in entries}
    for clip in clips:
        assert isinstance(clip.label, tuple)
        found = {tag for tag, value in zip(card.labels, clip.label, strict=True) if value}
        assert found == tags[clip.id]


def test_emomusic_is_split_like_the_list(cards: Registry, tmp_path: Path) -> None:
    expected = {str(int(n)): e["split"] for n, e in published.entries("emomusic").items()}
    assert splits(listed("emomusic", cards, tmp_path)[1]) == expected


def test_gtzan_is_split_and_labelled_like_the_other_list(cards: Registry, tmp_path: Path) -> None:
    entries = published.entries("gtzan_ff").values()
    card, clips = listed("gtzan/fault-filtered", cards, tmp_path)
    assert splits(clips) == {entry["extra"]["id"]: entry["split"] for entry in entries}
    genres = {clip.id: card.labels[int(str(clip.label))] for clip in clips}
    assert genres == {entry["extra"]["id"]: entry["y"] for entry in entries}


def test_keys_are_those_that_the_annotators_wrote(cards: Registry, tmp_path: Path) -> None:
    card, clips = listed("giantsteps/key", cards, tmp_path)
    entries = published.entries("giantsteps_clips")
    flats = {"Db": "C#", "Gb": "F#"}
    for clip in clips:
        tonic, mode = entries[f"{clip.id}-0"]["y"].split()
        assert card.labels[int(str(clip.label))] == f"{flats.get(tonic, tonic)} {mode}"
    assert len({clip.group for clip in clips}) == len(clips)


def test_openmic_counts_what_the_list_holds(cards: Registry, tmp_path: Path) -> None:
    card = cards.tasks["openmic"].card
    lists = published.SPLITS / "openmic"
    shutil.copytree(lists, tmp_path / "partitions")
    columns = ("sample_key", "instrument", "relevance")
    listed = [(lists / f"split01_{part}.csv").read_text().split() for part in ("train", "test")]
    labels = [(key, card.labels[0], "1.0") for keys in listed for key in keys]
    table(tmp_path / "openmic-2018-aggregated-labels.csv", columns, labels)
    clips = card.clips(tmp_path)
    assert claims.count(clips) == card.counts
    assert {clip.id for clip in clips if clip.split is Split.TEST} == set(listed[1])
    classes = json.loads((lists / "class-map.json").read_text())
    assert list(classes) == list(card.labels)
