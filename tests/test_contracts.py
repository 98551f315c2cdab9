"""Every card keeps its contract. A new file is tested without a new test."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

import pytest

from backbones import Backbone, Precision
from bench import assets, data, extraction, registry
from bench.registry import Entry
from bench.testing import (
    BACKBONE_CHECKS,
    LISTED_CHECKS,
    TASK_CARD_CHECKS,
    Check,
    Listed,
    builds_are_alike,
    card_is_complete,
)
from tasks import Task

CARDS = registry.find()

LARGEST = 20_000_000
"""Weights of a network that is built here; larger ones are tested in small elsewhere, and in full
by `bench check`."""


def _name(value: object) -> str:
    if isinstance(value, Entry):
        return str(value.card.name)
    return value.name if isinstance(value, Check) else repr(value)


@lru_cache(maxsize=1)
def _built_once(name: str) -> Backbone:
    """A card whose checks share an encoder."""
    card = CARDS.backbones[name].card
    return replace(card, build=cache(card.build))


@pytest.mark.parametrize("check", BACKBONE_CHECKS, ids=_name)
@pytest.mark.parametrize(
    "entry", [e for e in CARDS.backbones if e.card.parameters <= LARGEST], ids=_name
)
def test_every_backbone(entry: Entry[Backbone], check: Check[Backbone]) -> None:
    anew = check.run is builds_are_alike
    check.run(entry.card if anew else _built_once(entry.card.name))


@pytest.mark.parametrize(
    "entry", [e for e in CARDS.backbones if e.card.parameters > LARGEST], ids=_name
)
def test_every_large_backbone_s_card(entry: Entry[Backbone]) -> None:
    card_is_complete(entry.card)


def test_no_two_backbones_share_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "settled", lambda pin: pin)  # or it would fetch some
    keys = [extraction.key_of(entry, Precision.FP32) for entry in CARDS.backbones]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("check", TASK_CARD_CHECKS, ids=_name)
@pytest.mark.parametrize("entry", list(CARDS.tasks), ids=_name)
def test_every_task_card(entry: Entry[Task], check: Check[Task]) -> None:
    check.run(entry.card)


@pytest.mark.parametrize("check", LISTED_CHECKS, ids=_name)
@pytest.mark.parametrize(
    "entry", [e for e in CARDS.tasks if e.card.name.endswith("@tiny")], ids=_name
)
def test_every_tiny_task(
    entry: Entry[Task], check: Check[Listed], data_set: Callable[[str], Path]
) -> None:
    place = data_set(entry.card.data.name)
    check.run(Listed(entry.card, data.clips(entry.card, place)))
