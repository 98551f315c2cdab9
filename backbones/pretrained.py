"""The card of a trunk that `bench pretrain` trained: made from the folder of its checkpoint.

A finished checkpoint holds `record.json`, `recipe.toml` and `weights.safetensors`. The record is
written last, so a folder without one is not finished.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from backbones import Backbone, Encoder, Family, Layer, WeightsError, _weights

if TYPE_CHECKING:
    from backbones._networks.trunk import Trunk

FORMAT = 2
"""Raise it when a checkpoint of before can no longer be read."""

RECORD, RECIPE, WEIGHTS = "record.json", "recipe.toml", "weights.safetensors"
PAPER = (
    "Manco et al., Learning music audio representations via weak language supervision, ICASSP 2022"
)
SEAL = "digest"
RATE = 62.5  # frames a second


class CheckpointError(WeightsError):
    """A checkpoint cannot be used."""


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder holds a finished checkpoint."""
    return (folder / RECORD).is_file() and (folder / WEIGHTS).is_file()


def sealed(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record with the digest of what it says."""
    said = {key: value for key, value in record.items() if key != SEAL}
    text = json.dumps(said, sort_keys=True)
    return {**said, SEAL: hashlib.sha256(text.encode()).hexdigest()}


def read_record(folder: Path) -> dict[str, Any]:
    """What the record says.

    Raises:
        CheckpointError: there is none, it is damaged, or of another version.
    """
    path = folder / RECORD
    try:
        record = json.loads(path.read_bytes())
        written = record["format"]
    except FileNotFoundError:
        message = f"{folder} holds no {RECORD}: it is no finished checkpoint of `bench pretrain`"
        raise CheckpointError(message) from None
    except (ValueError, KeyError, TypeError) as error:
        message = f"{path} is damaged: {error}; train again, or copy the folder again"
        raise CheckpointError(message) from error
    if written != FORMAT:
        message = (
            f"{folder} is a checkpoint of format {written}, this version reads format {FORMAT}; "
            "use the version that wrote it, or train again"
        )
        raise CheckpointError(message)
    if record != sealed(record):
        message = f"{path} is damaged: it is not what was written; copy the folder again"
        raise CheckpointError(message)
    return dict(record)


def card(folder: Path) -> Backbone:
    """The card of the checkpoint in a folder.

    Raises:
        CheckpointError: see `read_record`; or a fact is missing from the record.
    """
    record = read_record(folder)
    try:
        return _card(_short(folder.resolve()), record)
    except (KeyError, TypeError, ValueError) as error:
        message = f"{folder / RECORD} is damaged: {type(error).__name__} {error}"
        raise CheckpointError(message) from error


def _card(folder: Path, record: Mapping[str, Any]) -> Backbone:
    width, seed = float(record["width"]), int(record["seed"])
    file = quote(str(folder / WEIGHTS))
    return Backbone(
        name=record["name"],
        family=Family(record["family"]),
        summary=record["summary"],
        sample_rate=16_000,
        window=float(record["window"]),
        layers=layers(width),
        default="pool",
        parameters=int(record["parameters"]),
        build=partial(_random, seed, width),
        weights=f"file:{file}?checksum=sha256:{record['weights']}",
        load=partial(_trained, width),
        trained_on=tuple(record["trained_on"]),
        paper=PAPER,
        licence="Apache-2.0",
        weights_licence="of whoever trained them, under the terms of their corpus",
    )


def _short(folder: Path) -> Path:
    """Relative to the working directory if it lies below: a record then names no machine's path."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def layers(width: float) -> tuple[Layer, ...]:
    """What `Trunk.forward` returns, for a width."""
    tall, flat, middle = (round(width * channels) for channels in (204, 51, 64))
    front = 2 * tall + 3 * flat
    convolutions = (Layer(f"cnn{i}", middle, RATE) for i in (1, 2, 3))
    pool = Layer("pool", 2 * (front + 3 * middle))
    return (Layer("front", front, RATE), *convolutions, pool)


def fill(trunk: "Trunk", file: Path) -> None:
    """Load weights into a trunk, every one of them and no other.

    Raises:
        CheckpointError: it is no safetensors file, damaged, or of another network.
    """
    try:
        _refuse_pickle(file)
        _weights.fill(trunk, _weights.read_safetensors(file), file)
    except CheckpointError:
        raise
    except WeightsError as error:
        raise CheckpointError(str(error)) from error


def _refuse_pickle(file: Path) -> None:
    if _weights.is_pickle(file):
        message = f"{file} is a pickle, and reading one can run its code; give safetensors"
        raise CheckpointError(message)


def verified(folder: Path) -> Path:
    """The weights' file, its bytes compared with the record.

    Raises:
        CheckpointError: they differ, or are a pickle, or see `read_record`.
    """
    expected, file = read_record(folder)["weights"], folder / WEIGHTS
    if not file.is_file():
        message = f"{folder} holds no {WEIGHTS}: copy or train it again"
        raise CheckpointError(message)
    _refuse_pickle(file)
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != expected:
        message = f"{file} has sha256 {found}, its record says {expected}: copy or train it again"
        raise CheckpointError(message)
    return file


def _random(seed: int, width: float) -> Encoder:
    from backbones._networks.calibration import calibrate
    from backbones._networks.trunk import Trunk
    from backbones._torch import TorchEncoder

    trunk = Trunk(seed, width)
    calibrate(trunk)
    return TorchEncoder(trunk)


def _trained(width: float, file: Path) -> Encoder:
    from backbones._networks.trunk import Trunk
    from backbones._torch import TorchEncoder

    trunk = Trunk(0, width)
    fill(trunk, file)
    return TorchEncoder(trunk)
