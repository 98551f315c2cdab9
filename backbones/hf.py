"""`hf:<model>`: any transformers audio encoder of these kinds, from the hub or a local folder.

Encoders of waveforms (wav2vec 2.0, HuBERT, WavLM, data2vec-audio and their kin), Whisper, AST,
CLAP's audio tower, EnCodec and DAC. Rate, layers and front end are those of its configuration.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from backbones import Backbone, Door, DoorError, Encoder, _asked, _hub, _opened
from backbones._asked import Asked
from backbones._weights import INDEX, SHARD

if TYPE_CHECKING:
    from backbones._transformers import Network

_SETTINGS = ("config.json", "preprocessor_config.json", "processor_config.json")
_WEIGHTS = ("model.safetensors", INDEX, "pytorch_model.bin")
_OPTIONS = ("name", "window", "trained-on", "trust-remote-code")
_BROKEN = {
    "laion/larger_clap_music": "its text side gives nearly the same vector for every text; take "
    "the card clap-music-speech or clap-general",
}
"""Models of the hub that are not opened, and why."""


def _open(rest: str) -> Backbone:
    asked = _asked.read(rest, _OPTIONS)
    _asked.library("transformers", "hf")
    trusted = asked.options.get("trust-remote-code") == "1"
    if Path(asked.subject).is_dir():
        folder = Path(asked.subject)
        files = _needed([path.name for path in folder.iterdir()], asked.subject, code=trusted)
        return _card(asked, folder, _asked.pin(folder, files), trusted=trusted)
    folder, weights = _of_the_hub(asked, trusted=trusted)
    return _card(asked, folder, weights, trusted=trusted)


def _of_the_hub(asked: Asked, *, trusted: bool) -> tuple[Path, str]:
    """Where the settings lie, and the pin of all files of the commit."""
    name, _, revision = asked.subject.partition("@")
    if name in _BROKEN:
        message = f"{name} is broken: {_BROKEN[name]}"
        raise DoorError(message)
    if trusted and not _hub.COMMIT.fullmatch(revision):
        message = f"trust-remote-code=1 needs a commit: {name}@<40 hexadecimal digits>"
        raise DoorError(message)
    return _hub.commit(
        name,
        revision,
        partial(_needed, where=name, code=trusted),
        small=lambda file: file in _SETTINGS or file.endswith(".py"),
    )


def _needed(held: Sequence[str], where: str, *, code: bool) -> list[str]:
    """The files of a model that are read, in the order of their names."""
    weights = next((name for name in _WEIGHTS if name in held), None)
    if weights is None or _SETTINGS[0] not in held:
        message = f"{where} holds no {_SETTINGS[0]} with one of {', '.join(_WEIGHTS)}"
        raise DoorError(message)
    shards = [name for name in held if SHARD.fullmatch(name)]
    sources = [name for name in held if name.endswith(".py")] if code else []
    settings = [name for name in _SETTINGS if name in held]
    return sorted([*settings, weights, *(shards if weights == INDEX else ()), *sources])


def _card(asked: Asked, folder: Path, weights: str, *, trusted: bool) -> Backbone:
    from backbones import _folders

    facts = _folders.describe(folder, asked.number("window", 10.0), trusted=trusted)
    local = Path(asked.subject).is_dir()
    return Backbone(
        name=_asked.named(asked, _asked.slug("hf", folder.name if local else asked.subject)),
        family=facts.family,
        summary=f"{facts.kind} by transformers; what it was trained on is not known here",
        sample_rate=facts.sample_rate,
        window=facts.window,
        layers=facts.layers,
        default=facts.default,
        parameters=facts.parameters,
        build=partial(_random, folder, trusted=trusted),
        weights=weights,
        load=partial(_trained, trusted=trusted),
        paper=_asked.MODEL,
        licence="Apache-2.0",
        weights_licence=_asked.MODEL,
        trained_on=_opened.trained_on(asked),
    )


def _random(folder: Path, *, trusted: bool) -> Encoder:
    from backbones import _folders

    return _encoder(_folders.random(folder, trusted=trusted))


def _trained(folder: Path, *, trusted: bool) -> Encoder:
    from backbones import _folders

    return _encoder(_folders.trained(folder, trusted=trusted))


def _encoder(network: "Network") -> Encoder:
    from backbones._torch import TorchEncoder

    return TorchEncoder(network)


hf = Door(
    prefix="hf",
    summary="an audio encoder of transformers, from the hub or a folder, all hidden states",
    example="hf:facebook/hubert-base-ls960",
    open=_open,
)
