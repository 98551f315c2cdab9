"""`xares:<file.py>`: an encoder of X-ARES, the eXtensive Audio Representation and Evaluation Suite.

The file defines one class whose name ends in `Encoder`: a `torch.nn.Module` that is made without
arguments, has `sampling_rate` [Hz], `hop_size_in_ms` and `output_dim`, and maps (batch, samples) to
(batch, frames, output_dim), as `xares.audio_encoder_checker` checks (Zhang et al., "X-ARES: A
Comprehensive Framework for Assessing Audio Encoder Performance", Interspeech 2025).
"""

from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from backbones import Backbone, Door, DoorError, Encoder, _asked, _opened
from backbones._opened import Found

if TYPE_CHECKING:
    from torch import nn

_ATTRIBUTES = ("sampling_rate", "hop_size_in_ms", "output_dim")
_MILLISECONDS = 1000.0


def _open(rest: str) -> Backbone:
    from backbones import _given

    asked = _asked.read(rest, _opened.OPTIONS)
    file = _asked.file(asked)
    module = _asked.module(str(file))
    network: Any = _made(module)
    missing = [name for name in _ATTRIBUTES if not hasattr(network, name)]
    if missing:
        message = f"the encoder of {file} has no {', '.join(missing)}, which X-ARES asks for"
        raise DoorError(message)
    found = Found(
        name=_asked.slug("xares", file.stem),
        summary=f"{type(network).__name__} of {file.name}, by its X-ARES encoder",
        sample_rate=int(network.sampling_rate),
        make=partial(_of, module),
        code=_asked.sources(module),
        state=_given.state(network),
        parameters=_given.size(network),
        rates=(("output", _MILLISECONDS / network.hop_size_in_ms),),
    )
    return _opened.card(found, asked, _encoder(network))


def _made(module: ModuleType) -> "nn.Module":
    """The encoder of a file.

    Raises:
        DoorError: there is none, or more than one.
    """
    from torch import nn

    from backbones._networks.seeded import seeded

    own = [
        value
        for name, value in vars(module).items()
        if name.endswith("Encoder")
        and isinstance(value, type)
        and issubclass(value, nn.Module)
        and value.__module__ == module.__name__
    ]
    file = Path(str(module.__file__))
    if len(own) != 1:
        message = f"{file} holds {len(own)} networks whose names end in Encoder, expected one"
        raise DoorError(message)
    made: nn.Module = seeded(0, own[0])
    return made


def _of(module: ModuleType) -> Encoder:
    return _encoder(_made(module))


def _encoder(network: "nn.Module") -> Encoder:
    from backbones._given import Waveforms
    from backbones._torch import TorchEncoder

    return TorchEncoder(Waveforms(network), mixed=False)


door = Door(
    prefix="xares",
    summary="a Python file with an encoder of X-ARES",
    example="xares:my_encoder.py",
    open=_open,
)
