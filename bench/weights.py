"""`bench check --weights`: whether the real weights load, twice alike, and are the real ones."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from backbones import Audio, Backbone
from bench import assets, digests, encoders, registry
from bench.registry import Entry
from bench.testing import CLOSE
from tasks._processes import interrupts_deferred, processes

FAR = 1e-3
"""How far, in each number, recorded features may be from those of another machine."""

SHOWN = 8
"""Numbers of the default layer that a card records, evenly spaced."""

FEW = 4
"""Files of weights whose names are shown."""

_LONGEST = 5.0
_LOW, _HIGH = 100.0, 4000.0


def signal(card: Backbone) -> Audio:
    """A chirp from 100 Hz to 4 kHz, as long as the card's window, at most 5 s: (1, samples)."""
    seconds = min(card.window or _LONGEST, _LONGEST)
    time = np.arange(round(seconds * card.sample_rate)) / card.sample_rate
    phase = 2 * np.pi * (_LOW * time + (_HIGH - _LOW) * time**2 / (2 * seconds))
    return (0.5 * np.sin(phase)).astype(np.float32)[None]


def check(
    entry: Entry[Backbone], include: Sequence[Path | str]
) -> Iterator[tuple[str, str | None]]:
    """(check, what is wrong or None): the weights are loaded in two processes of their own.

    Args:
        entry: of the backbone.
        include: files and doors that its card came by.

    Raises:
        AssetError: the weights cannot be fetched, or not be used.
    """
    card = entry.card
    if card.weights is None:
        yield "it has no weights to check", None
        return
    place = assets.fetch(card.weights)
    yield f"weights are at {place}, sha256 {_digest(card.weights, place)}", None
    try:
        first, second = (_in_its_own_process(card.name, include) for _ in range(2))
    except Exception as error:  # noqa: BLE001 — a plug-in may raise anything
        yield "they load and encode", " ".join(f"{type(error).__name__}: {error}".split())
        return
    alike = all(np.array_equal(x, second[name]) for name, x in first.items())
    yield "two processes load them alike", None if alike else "features differ between processes"
    if not entry.reference:  # what a door opens may have no other weights than these
        yield "they are not random", _random(card, first)
    yield _recorded(card, first[card.default])


def _in_its_own_process(name: str, include: Sequence[Path | str]) -> dict[str, np.ndarray]:
    with processes(1) as pool:
        with interrupts_deferred():
            future = pool.submit(_heard, name, tuple(include))
        return future.result()


def _heard(name: str, include: tuple[Path | str, ...]) -> dict[str, np.ndarray]:
    """What the weights make of the signal: layer → (dim,)."""
    card = registry.find(include).backbones[name].card
    found = encoders.load(card, "cpu").summarise(signal(card))
    return {layer: x[0, 0] for layer, x in found.items()}


def _random(card: Backbone, heard: dict[str, np.ndarray]) -> str | None:
    """Whether the features are those of `build`, which has random weights."""
    drawn = card.build().summarise(signal(card))
    same = [name for name, x in heard.items() if np.allclose(x, drawn[name][0, 0], atol=CLOSE)]
    return f"{', '.join(same)} are those of random weights" if len(same) == len(heard) else None


def _recorded(card: Backbone, found: np.ndarray) -> tuple[str, str | None]:
    """Whether the features are those that the card records."""
    found = found[:: max(1, len(found) // SHOWN)][:SHOWN]
    said = ", ".join(f"{value:.6g}" for value in found)
    if not card.heard:
        return f"nothing is recorded; they give heard=({said})", None
    expected = np.array(card.heard)
    far = float(np.max(np.abs(found - expected)))
    wrong = None if far <= FAR else f"they give ({said}), {far:.2g} off {card.heard}"
    return "they give what the card records", wrong


def _digest(weights: str, place: Path) -> str:
    """Sha256 of a file or of the pinned files of a folder, and what it is of if not the pin's."""
    pin = assets.parse(weights)
    if place.is_file():
        found = digests.of_file(place)
        return (
            found if pin.is_whole or found == pin.sha256 else f"{found} of it, not of its archive"
        )
    paths = sorted(path for path in place.rglob("*") if path.is_file())
    files = [path.relative_to(place).as_posix() for path in paths]
    if pin.kind == "file" and pin.files:  # beside them may lie anything
        files = list(pin.files)
    names = ", ".join(files) if len(files) <= FEW else f"its {len(files):,} files by name"
    return f"{digests.of_files(place, files)} of what sha256sum prints of {names}"
