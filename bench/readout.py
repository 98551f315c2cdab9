"""What is kept of an encoder's output: a vector a window, or all frames of one layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from backbones import Audio, Backbone, Encoder, Layer
from bench.store import Rows

VERSION = 1
"""Part of the key of frames; raise it when they are joined differently."""

EDGE_FRAMES = 2
"""How many frames more or fewer than seconds × rate a window may have."""


class EncoderError(RuntimeError):
    """An encoder did not return what its card promises."""


class Readout(Protocol):
    """Reads windows, and joins those of a clip."""

    def read(self, encoder: Encoder, audio: Audio) -> npt.NDArray[np.float32]:
        """(windows, samples) → (windows, rows, dim).

        Raises:
            EncoderError: the features are not what the card promises, or not finite.
        """

    def join(self, windows: Sequence[Rows], spans: Sequence[slice]) -> Rows:
        """The rows of a clip, from those of its windows and the samples that these cover."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """The mean over the frames of a window, all layers side by side."""

    card: Backbone

    def read(self, encoder: Encoder, audio: Audio) -> npt.NDArray[np.float32]:
        """(windows, samples) → (windows, 1, dim); see `Readout`."""
        features = encoder.summarise(audio)
        got = {name: x.shape for name, x in features.items()}
        expected = {layer.name: (len(audio), 1, layer.dim) for layer in self.card.layers}
        if got != expected:
            message = f"{self.card.name} returned {got}, its card promises {expected}"
            raise EncoderError(message)
        layers = [features[layer.name] for layer in self.card.layers]
        return _storable(self.card, np.concatenate(layers, axis=2))

    def join(self, windows: Sequence[Rows], spans: Sequence[slice]) -> Rows:
        """One row a window."""
        del spans
        return np.concatenate(windows)


@dataclass(frozen=True, slots=True)
class Frames:
    """Every frame of one layer, those of a clip on one grid: frame k is at k / frame rate."""

    card: Backbone
    layer: Layer
    rate: float

    def read(self, encoder: Encoder, audio: Audio) -> npt.NDArray[np.float32]:
        """(windows, samples) → (windows, frames, dim); see `Readout`."""
        name, dim = self.layer.name, self.layer.dim
        features = encoder.encode(audio)
        got = features[name].shape if name in features else ()
        promised = audio.shape[1] / self.card.sample_rate * self.rate
        expected = (len(audio), round(promised), dim)
        frames = got[1] if len(got) == len(expected) else -1
        far = frames < 1 or abs(frames - promised) > EDGE_FRAMES
        if far or got != (len(audio), frames, dim):
            message = f"{self.card.name} returned {got} for {name}, its card promises {expected}"
            raise EncoderError(message)
        return _storable(self.card, features[name])

    def join(self, windows: Sequence[Rows], spans: Sequence[slice]) -> Rows:
        """(frames, dim), where a frame of a clip is that of the first window that covers it.

        So frames of a window that lie before the end of the window before it are dropped. Where a
        window has frames fewer than its length promises, its last one stands for them.
        """
        pieces: list[Rows] = []
        done = 0
        for frames, span in zip(windows, spans, strict=True):
            end = max(1, self._at(span.stop))
            grid = np.arange(done, end) - self._at(span.start)
            pieces.append(frames[grid.clip(0, len(frames) - 1)])
            done = end
        return np.concatenate(pieces)

    def _at(self, sample: int) -> int:
        """The frame that is nearest to a sample."""
        return round(sample / self.card.sample_rate * self.rate)


def layer_of(card: Backbone, name: str | None) -> Layer:
    """The layer of that name, or the default one."""
    return next(layer for layer in card.layers if layer.name == (name or card.default))


def of(card: Backbone, layer: Layer | None) -> Readout:
    """Frames of a layer that has a frame rate, else a vector a window."""
    if layer is None or layer.frame_rate is None:
        return Vectors(card)
    return Frames(card, layer, layer.frame_rate)


def _storable(card: Backbone, rows: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    """The same in float32, where that can hold it."""
    if not np.issubdtype(rows.dtype, np.floating):
        message = f"{card.name} returned {rows.dtype} features, expected float32"
        raise EncoderError(message)
    with np.errstate(over="ignore"):
        stored = rows.astype(np.float32, copy=False)
    if not np.isfinite(stored).all():
        message = f"{card.name} returned NaN, or features that float32 cannot hold"
        raise EncoderError(message)
    return stored
