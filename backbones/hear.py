"""`hear:<module>[:<weights>]`: any module of the HEAR API.

The module is one that can be imported, or a Python file. `load_model`, `get_scene_embeddings` and
`get_timestamp_embeddings` are called as Turian et al., "HEAR: Holistic Evaluation of Audio
Representations", NeurIPS 2021 Competitions, describe: sounds are (batch, samples) in [-1, 1] at the
model's `sample_rate`, timestamps are in milliseconds. Modules are PyTorch's; of a model
that is no `torch.nn.Module`, only the source and the file of weights tell that it has changed.
"""

from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from backbones import Backbone, Door, DoorError, Encoder, _asked, _opened
from backbones._opened import Found

if TYPE_CHECKING:
    from backbones._hear import Listener

_FUNCTIONS = ("load_model", "get_scene_embeddings", "get_timestamp_embeddings")


def _open(rest: str) -> Backbone:
    from backbones._torch import TorchEncoder

    asked = _asked.read(rest, _opened.OPTIONS)
    subject, weights = _parts(asked.subject)
    module = _asked.module(subject)
    missing = [name for name in _FUNCTIONS if not hasattr(module, name)]
    if missing:
        message = f"{subject} has no {', '.join(missing)}, which the HEAR API asks for"
        raise DoorError(message)
    listener = _listener(module, weights)
    words = [Path(subject).stem, *([weights.stem] if weights else [])]
    found = Found(
        name=_asked.slug("hear", *words),
        summary=f"{' with '.join(words)}, by its HEAR API",
        sample_rate=listener.sample_rate,
        make=partial(_encoder, module, weights),
        code=_asked.sources(module),
        state=listener.state() + ("" if weights is None else _asked.sha256(weights)),
        parameters=listener.size(),
        rates=(("timestamps", listener.frame_rate()),),
    )
    return _opened.card(found, asked, TorchEncoder(listener, mixed=False))


def _parts(subject: str) -> tuple[str, Path | None]:
    """A module, and the file of weights behind the last colon.

    Raises:
        DoorError: there is no such file.
    """
    module, colon, weights = subject.rpartition(":")
    if not colon or subject.endswith(".py"):
        return subject, None
    if not Path(weights).is_file():
        message = f"{weights} is no file of weights for {module}"
        raise DoorError(message)
    return module, Path(weights)


def _listener(module: ModuleType, weights: Path | None) -> "Listener":
    """The loaded model with the functions of its module."""
    from backbones._hear import Listener
    from backbones._networks.seeded import seeded

    path = [] if weights is None else [str(weights)]
    return Listener(module, seeded(0, lambda: module.load_model(*path)))


def _encoder(module: ModuleType, weights: Path | None) -> Encoder:
    from backbones._torch import TorchEncoder

    return TorchEncoder(_listener(module, weights), mixed=False)


door = Door(
    prefix="hear",
    summary="a module of the HEAR API, scene and timestamp embeddings",
    example="hear:my_package.my_module:weights.pt",
    open=_open,
)
