"""Cards as plain data, for tables and for JSON."""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TypeAlias

from backbones import Backbone, Layer
from bench import assets
from bench.registry import (
    CardT,
    Catalogue,
    Entry,
    Registry,
    UnknownCardError,
    UnknownNameError,
)
from tasks import Split, Task

Json: TypeAlias = "str | float | bool | Sequence[Json] | Mapping[str, Json] | None"


def backbone(entry: Entry[Backbone]) -> dict[str, Json]:
    """All that a backbone's card says."""
    card = entry.card
    return {
        "name": card.name,
        "aliases": list(card.aliases),
        "family": card.family.value,
        "summary": card.summary,
        "sample_rate_hz": card.sample_rate,
        "window_s": card.window,
        "hop_s": card.hop if card.hop is not None else card.window,
        "layers": [
            {"name": layer.name, "dim": layer.dim, "frame_rate_hz": layer.frame_rate}
            for layer in card.layers
        ],
        "default_layer": card.default,
        "dim": card.dim,
        "parameters": card.parameters,
        "weights": card.weights,
        "weights_held_to": _held_to(card.weights),
        "extra": card.extra or None,
        "trained_on": list(card.trained_on),
        "licence": card.licence,
        "weights_licence": card.weights_licence,
        "paper": card.paper,
        "file": str(entry.file),
    }


def task(entry: Entry[Task]) -> dict[str, Json]:
    """All that a task's card says."""
    card, data = entry.card, entry.card.data
    return {
        "name": card.name,
        "summary": card.summary,
        "kind": card.kind.value,
        "labels": list(card.labels),
        "metrics": [metric.name for metric in card.metrics],
        "counts": {split.value: card.counts[split] for split in Split},
        "digest": card.digest,
        "split_from": card.split_from,
        "grouped_by": card.grouped_by,
        "groups_cross_splits": card.crosses,
        "suites": list(card.suites),
        "corpora": list(card.corpora),
        "data": data.name,
        "audio": "recorded" if data.recorded else "rendered",
        "sources": [*data.sources, *card.lists, *(each.pin for each in data.archives)],
        "how_to_get": data.how_to_get,
        "size": data.size,
        "licence": data.licence,
        "paper": data.paper,
        "file": str(entry.file),
    }


def suites(registry: Registry) -> dict[str, Json]:
    """Suite → names of its tasks."""
    names = sorted({suite for entry in registry.tasks for suite in entry.card.suites})
    return {name: [e.card.name for e in registry.tasks if name in e.card.suites] for name in names}


def protocols() -> dict[str, Json]:
    """Protocol → one line."""
    from bench.probes.protocols import PROTOCOLS

    return {name: protocol.summary for name, protocol in PROTOCOLS.items()}


def everything(registry: Registry) -> dict[str, Json]:
    """All that can be named on the command line."""
    return {
        "backbones": [backbone(entry) for entry in registry.backbones],
        "tasks": [task(entry) for entry in registry.tasks],
        "suites": suites(registry),
        "protocols": protocols(),
        "doors": doors(registry),
    }


def doors(registry: Registry) -> Sequence[Mapping[str, str]]:
    """All that opens a backbone or a task which has no card of its own."""
    return [*_doors("backbone", registry.backbones), *_doors("task", registry.tasks)]


def _doors(noun: str, catalogue: Catalogue[CardT]) -> list[dict[str, str]]:
    doors = sorted((door for door, _ in catalogue.doors.values()), key=lambda each: each.prefix)
    return [
        {"prefix": door.prefix, "opens": noun, "example": door.example, "summary": door.summary}
        for door in doors
    ]


def card(registry: Registry, name: str) -> dict[str, Json]:
    """The card of that name, backbone or task.

    Raises:
        UnknownNameError: there is none.
    """
    known = [entry.card.name for entry in registry.backbones]
    known += [entry.card.name for entry in registry.tasks]
    try:
        return backbone(registry.backbones[name])
    except UnknownNameError:
        pass
    try:
        return task(registry.tasks[name])
    except UnknownNameError:
        prefix, colon, _ = name.partition(":")
        if colon:
            doors = sorted({*registry.backbones.doors, *registry.tasks.doors})
            raise UnknownNameError(prefix, "door", doors) from None
        raise UnknownCardError(name, "backbone or task", known, "bench list") from None


def backbone_rows(registry: Registry) -> list[list[str]]:
    """Name, family, parameters, rate, window, dim, trained on, licence, weights, summary."""
    return [
        [
            c.name,
            c.family.value,
            f"{c.parameters:,}",
            f"{c.sample_rate / 1000:g} kHz",
            "clip" if c.window is None else f"{c.window:g} s",
            f"{c.dim:,} in {len(c.layers)}",
            ", ".join(c.trained_on) or "–",
            c.weights_licence or c.licence,
            _origin(c.weights),
            c.summary,
        ]
        for c in (entry.card for entry in registry.backbones)
    ]


def task_rows(registry: Registry) -> list[list[str]]:
    """Name, kind, counts, primary metric, recorded or rendered, summary."""
    return [
        [
            c.name,
            c.kind.value,
            " / ".join(f"{c.counts[split]:,}" for split in Split),
            c.primary.name,
            "recorded" if c.data.recorded else "rendered",
            c.summary,
        ]
        for c in (entry.card for entry in registry.tasks)
    ]


def door_rows(registry: Registry) -> list[list[str]]:
    """Example, what it opens, summary."""
    return [[door["example"], door["opens"], door["summary"]] for door in doors(registry)]


def rows_of(value: Mapping[str, Json]) -> list[tuple[str, str]]:
    """A card as lines of a two-column table."""
    return [(name.replace("_", " "), _spelt(each)) for name, each in value.items()]


def shown(registry: Registry, name: str) -> list[tuple[str, str]]:
    """The card of that name as lines of a two-column table, counted layers as first … last.

    Raises:
        UnknownNameError: there is none.
    """
    said = card(registry, name)
    if "layers" in said:
        said["layers"] = _layers(registry.backbones[name].card.layers)
    return rows_of(said)


def _layers(layers: Sequence[Layer]) -> str:
    """Each layer with its width; those that are counted up and else alike as first … last."""
    said = []
    for _, run in groupby(enumerate(layers), _counted):
        alike = [layer for _, layer in run]
        names = " … ".join(dict.fromkeys([alike[0].name, alike[-1].name]))
        rate = alike[0].frame_rate
        said.append(f"{names}: {alike[0].dim:,}" + (f" at {rate:g} Hz" if rate else ""))
    return "; ".join(said)


def _counted(numbered: tuple[int, Layer]) -> tuple[str, int, int, float | None]:
    """What is the same of layers whose names count up one by one, and that are else alike."""
    at, layer = numbered
    stem = layer.name.rstrip("0123456789")
    count = int(layer.name.removeprefix(stem) or 0)
    return stem, count - at, layer.dim, layer.frame_rate


def _held_to(weights: str | None) -> str | None:
    """What a file of weights is compared with."""
    if weights is None:
        return None
    pin, came = assets.parse(weights), assets.parse(assets.remembered(weights))
    return (
        f"{pin.held_to}, sha256 {came.sha256}" if pin.is_first_use and came.sha256 else pin.held_to
    )


def _origin(weights: str | None) -> str:
    """Where weights come from, without their version and checksum: `pypi/musicnn`."""
    return "–" if weights is None else re.split("[@?#]", weights.removeprefix("pkg:"))[0]


def _spelt(value: Json) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {_spelt(each)}" for name, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        mark = "; " if any(isinstance(each, Mapping) for each in value) else ", "
        return mark.join(_spelt(each) for each in value) or "–"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "–" if value is None else str(value) or "–"
