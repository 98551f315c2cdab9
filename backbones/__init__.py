"""What turns audio into features: the contract every backbone keeps.

A backbone is a card (`Backbone`, plain data, no weights in memory) that knows how to
make an `Encoder` (the loaded thing). Every module of this folder whose name does not
begin with an underscore holds cards at module level; there is no other list.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

Audio: TypeAlias = npt.NDArray[np.float32]
"""(batch, samples): mono, in [-1, 1], every row a whole window: nothing is padding."""

Features: TypeAlias = dict[str, npt.NDArray[np.float32]]
"""Layer name → (batch, frames, dim); frames is 1 for a layer that has no time axis."""


Texts: TypeAlias = npt.NDArray[np.float32]
"""(texts, dim)."""


class Family(StrEnum):
    """How a backbone came by its weights."""

    SUPERVISED = "supervised"
    AUDIO_SSL = "audio-ssl"
    CROSS_MODAL = "cross-modal"
    MULAP = "mulap"
    HANDCRAFTED = "handcrafted"
    RANDOM = "random"
    UNSTATED = "unstated"


class Precision(StrEnum):
    """The arithmetic a network runs in; features are float32 always."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


class UnsupportedPrecisionError(ValueError):
    """The encoder cannot compute in the precision asked for."""


class Encoder(ABC):
    """A loaded backbone. It never sees its batch mates: a row alone gives the same features."""

    @abstractmethod
    def encode(self, audio: Audio) -> Features:
        """Every frame of every layer.

        Args:
            audio: (batch, samples) at the card's sample rate.

        Returns:
            For each layer of the card, in its order, (batch, frames, dim).
        """

    def summarise(self, audio: Audio) -> Features:
        """The mean over frames of `encode`: (batch, 1, dim) a layer.

        A network overrides it to average on its own device.
        """
        return {name: x.mean(axis=1, keepdims=True) for name, x in self.encode(audio).items()}

    def read(self, texts: Sequence[str]) -> Texts:
        """Texts in the space of the card's `joint` layer: (texts, dim).

        Only an encoder whose card names such a layer has a text side.
        """
        message = f"{type(self).__name__} has no text side to read {len(texts)} texts with"
        raise NotImplementedError(message)

    def to(self, device: str, precision: Precision) -> Self:
        """Move to a torch device name and a precision. The default stays on the CPU.

        Raises:
            UnsupportedPrecisionError: it computes in float32 only.
        """
        if precision is not Precision.FP32:
            message = f"{type(self).__name__} on {device} computes in fp32, not {precision}"
            raise UnsupportedPrecisionError(message)
        return self


@dataclass(frozen=True, slots=True)
class Layer:
    """One place in a network where features are read.

    Attributes:
        name: unique within the backbone.
        dim: numbers a frame.
        frame_rate: frames a second [Hz]; None for one vector a window.
    """

    name: str
    dim: int
    frame_rate: float | None = None


class WeightsError(ValueError):
    """Trained weights cannot be used: unsafe, damaged, or of another network; one line."""


class DoorError(ValueError):
    """What a door was given cannot be opened; one line says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backbone:
    """The card of a backbone. Making one loads nothing and imports no torch.

    Attributes:
        name: lower case, unique.
        family: how it was trained.
        summary: one line for a table.
        sample_rate: of the audio it takes [Hz].
        window: seconds it sees at once; None for a whole clip, however long.
        hop: seconds from one window to the next; None for windows side by side.
        shortest: seconds below which a clip is padded with silence.
        layers: what `Encoder.encode` returns, in its order.
        default: the layer a probe starts from; must be one of `layers`.
        parameters: weights in the network.
        build: makes the encoder with random weights, without a network connection.
        weights: where the trained weights are, a package URL with a checksum, or None.
        load: makes the encoder from the fetched `weights` (a file or folder); loads strictly.
        extra: of this package's optional dependencies, the one that loading needs; empty for none.
        trained_on: data sets whose audio the weights have seen.
        paper: citation of what it is.
        licence: of the code.
        weights_licence: of the weights; None where there are none.
        version: raise it when the features change for a reason that is not in the code.
        code: files besides the card's own whose source makes the features.
        heard: eight numbers of the default layer, evenly spaced, that the weights give for the
            chirp of `bench check --weights`; empty where nobody has recorded them.
        state: a digest of what else makes them, such as weights that come without a pin.
        aliases: other names it answers to.
        joint: the layer whose mean over a clip is compared with texts by cosine; None for a
            backbone without a text side.
    """

    name: str
    family: Family
    summary: str
    sample_rate: int
    window: float | None
    layers: tuple[Layer, ...]
    default: str
    build: Callable[[], Encoder]
    paper: str
    licence: str
    parameters: int = 0
    hop: float | None = None
    shortest: float = 0.1
    weights: str | None = None
    load: Callable[[Path], Encoder] | None = None
    extra: str = ""
    trained_on: tuple[str, ...] = ()
    weights_licence: str | None = None
    version: int = 1
    code: tuple[Path, ...] = ()
    heard: tuple[float, ...] = ()
    state: str = ""
    aliases: tuple[str, ...] = ()
    joint: str | None = None

    def __post_init__(self) -> None:
        """Refuse a card that contradicts itself."""
        names = [layer.name for layer in self.layers]
        if self.joint is not None and self.joint not in names:
            message = f"{self.name}: the joint layer {self.joint!r} is none of {names}"
            raise ValueError(message)
        if len(set(names)) != len(names) or self.default not in names:
            message = f"{self.name}: layers {names} must be unique and hold {self.default!r}"
            raise ValueError(message)
        if (self.weights is None) != (self.load is None):
            message = f"{self.name}: `weights` and `load` come together"
            raise ValueError(message)

    @property
    def dim(self) -> int:
        """Numbers a window, all layers together."""
        return sum(layer.dim for layer in self.layers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Backbones that need no file of their own: `prefix:rest` names one.

    Attributes:
        prefix: lower case, two letters at least, e.g. `hf`.
        summary: one line for a table.
        example: a whole name, e.g. `hf:facebook/hubert-base-ls960`.
        open: makes the card from what stands after the colon; a path there is absolute.
            Raises `DoorError`. The card's name is also that of a file.
    """

    prefix: str
    summary: str
    example: str
    open: Callable[[str], Backbone]
