"""`timm:<model>[@revision]`: a network for pictures, shown a log-mel spectrogram.

The model is one of the hub's `timm/…` by its name, any other by `owner/name`, or a local folder
with timm's config.json and weights. The picture is log(mel power + 1e-6) of 128 bands, 25-ms
frames every 10 ms at 16 kHz, scaled to mean 0 and standard deviation 1 over the window, resized
to what the model takes, with one channel: timm sums the first layer's weights over colours.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from backbones import Backbone, Door, DoorError, Encoder, _asked, _hub, _opened
from backbones._opened import Found

_CONFIG = "config.json"
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_WINDOW = 10.0


def _open(rest: str) -> Backbone:
    asked = _asked.read(rest, _opened.OPTIONS)
    _asked.library("timm", "timm")
    from backbones import _pictures
    from backbones._torch import TorchEncoder

    local = Path(asked.subject)
    if local.is_dir():
        folder, name = local, local.name
        weights = _asked.pin(folder, _needed([each.name for each in folder.iterdir()]))
    else:
        name, _, revision = asked.subject.partition("@")
        whole = name if "/" in name else f"timm/{name}"
        folder, weights = _hub.commit(whole, revision, _needed, small=_CONFIG.__eq__)
    network = _pictures.network(folder, None)
    found = Found(
        name=_asked.slug("timm", name),
        summary=f"{network.title} by timm, shown a log-mel spectrogram",
        sample_rate=network.sample_rate,
        make=partial(_random, folder),
        weights=weights,
        load=_trained,
        window=_WINDOW,
        parameters=network.size,
    )
    return _opened.card(found, asked, TorchEncoder(network))


def _needed(held: Sequence[str]) -> list[str]:
    """The settings and the weights, in this order."""
    weights = next((name for name in _WEIGHTS if name in held), None)
    if weights is None or _CONFIG not in held:
        message = f"holds no {_CONFIG} with one of {', '.join(_WEIGHTS)}"
        raise DoorError(message)
    return [_CONFIG, weights]


def _random(folder: Path) -> Encoder:
    return _encoder(folder, None)


def _trained(folder: Path) -> Encoder:
    return _encoder(folder, folder / _needed([each.name for each in folder.iterdir()])[1])


def _encoder(folder: Path, weights: Path | None) -> Encoder:
    from backbones import _pictures
    from backbones._torch import TorchEncoder

    return TorchEncoder(_pictures.network(folder, weights))


door = Door(
    prefix="timm",
    summary="a network for pictures, shown a log-mel spectrogram",
    example="timm:resnet18.a1_in1k",
    open=_open,
)
