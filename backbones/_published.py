"""Cards of published models that transformers has the code of.

The configuration in code makes a network with random weights; the trained one is made of the
configuration that lies beside the weights, at a commit of the hub.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeAlias

from backbones import Backbone, Encoder, Family, Layer

Setting: TypeAlias = "str | float | bool | Sequence[int] | Mapping[str, Setting]"

WEIGHTS = "model.safetensors|pytorch_model.bin"
"""Whichever of these a repository has; see `bench.assets.parse`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A model on the hub.

    Attributes:
        repository: owner and name.
        commit: 40 hexadecimal digits.
        kind: as transformers names the type of model.
        settings: of the configuration, where they are not its defaults.
        front: settings of the feature extractor, likewise.
        files: that are fetched.
    """

    repository: str
    commit: str
    kind: str
    settings: Mapping[str, Setting] = field(default_factory=dict)
    front: Mapping[str, Setting] = field(default_factory=dict)
    files: tuple[str, ...] = ("config.json", "preprocessor_config.json", WEIGHTS)

    @property
    def pin(self) -> str:
        """The package URL of its files."""
        return f"pkg:huggingface/{self.repository}@{self.commit}?files={','.join(self.files)}"

    def build(self) -> Encoder:
        """With random weights, the same each time; no network is used."""
        from backbones._sketches import sketch

        return sketch(self.kind, self.settings, self.front)


def card(
    model: Published,
    *,
    name: str,
    family: Family,
    summary: str,
    layers: tuple[Layer, ...],
    default: str,
    parameters: int,
    trained_on: tuple[str, ...],
    paper: str,
    sample_rate: int = 16_000,
    window: float = 10.0,
    joint: str | None = None,
    weights_licence: str | None = None,
) -> Backbone:
    """A backbone; its code is that of transformers."""
    return Backbone(
        name=name,
        family=family,
        summary=summary,
        sample_rate=sample_rate,
        window=window,
        layers=layers,
        default=default,
        parameters=parameters,
        build=model.build,
        weights=model.pin,
        load=partial(_load, text=joint is not None),
        extra="hf",
        trained_on=trained_on,
        paper=paper,
        licence="Apache-2.0",
        weights_licence=weights_licence or f"that of {model.repository} on the hub",
        joint=joint,
    )


def states(depth: int, dim: int, rate: float) -> tuple[Layer, ...]:
    """What goes into a transformer, and what each of its blocks gives."""
    return tuple(Layer(f"layer-{number}", dim, rate) for number in range(depth + 1))


def _load(folder: Path, *, text: bool) -> Encoder:
    from backbones._sketches import trained

    return trained(folder, text=text)
