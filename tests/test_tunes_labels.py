"""What the tasks on tunes ask: labels are what the manifest says of the music."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tasks import Kind, Task, tunes
from tasks._arrange import FAMILIES, TEXTURES
from tasks._metrics import KEYS
from tasks._render import read_manifest


def test_labels_are_what_the_manifest_says(data_set: Callable[[str], Path]) -> None:
    folder = data_set("tunes-tiny")
    entries = {Path(entry["file"]).stem: entry for entry in read_manifest(folder)}
    for task in tunes.PRESET:
        for clip in task.clips(folder):
            check_label(task, clip.label, entries[clip.id])
            assert clip.group == entries[clip.id]["group"]


def check_label(task: Task, label: object, entry: Mapping[str, Any]) -> None:
    if isinstance(label, int):
        expected = {
            "tunes/type@tiny": entry["stratum"],
            "tunes/meter@tiny": entry["meter"],
            "tunes/key@tiny": f"{KEYS[entry['tonic']].split()[0]} {entry['mode']}",
        }
        assert task.labels[label] == expected[task.name]
        return
    assert isinstance(label, tuple)
    if task.kind is Kind.REGRESSION:
        assert 2 ** label[0] == pytest.approx(entry["bpm"], rel=1e-5)
        return
    assert len(label) == len(tunes.TAGS)
    present = {tag for tag, value in zip(tunes.TAGS, label, strict=True) if value == 1}
    assert present >= {entry["texture"], entry["meter"], *entry["families"]}
    assert len(present & set(tunes.SPEEDS)) == 1
    assert ("minor" in present) == (entry["mode"] == "minor")
    unknown = {tag for tag, value in zip(tunes.TAGS, label, strict=True) if math.isnan(value)}
    assert unknown == (set(tunes.DANCES) if entry["stratum"] in {"2/4", "6/8"} else set())


def test_families_of_the_tags_are_those_that_are_played() -> None:
    assert set(tunes.FAMILIES) == set(FAMILIES)
    assert tunes.TEXTURES == TEXTURES
