"""Weights that Keras wrote into HDF5 files, read as plain arrays; nothing of a model is built."""

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from backbones import WeightsError
from backbones._weights import one_line

if TYPE_CHECKING:
    from torch import Tensor

_GZIP = b"\x1f\x8b"
_DAMAGE = (
    OSError,
    EOFError,
    KeyError,
    TypeError,
    ValueError,
    RuntimeError,
    zlib.error,
    zipfile.BadZipFile,
)


def saved_weights(file: Path) -> "list[tuple[str, Tensor]]":
    """What `save_weights` of Keras 2 wrote, perhaps gzipped: (name, tensor) from input to output.

    Raises:
        WeightsError: it cannot be read, or h5py is not installed.
    """
    import torch

    with _reading(file) as h5py:
        data = file.read_bytes()
        data = gzip.decompress(data) if data.startswith(_GZIP) else data
        with h5py.File(io.BytesIO(data), "r") as held:
            return [
                (f"{layer}/{name}", torch.from_numpy(np.array(held[layer][name], np.float32)))
                for layer in _texts(held.attrs["layer_names"])
                for name in _texts(held[layer].attrs["weight_names"])
            ]


@dataclass(frozen=True, slots=True)
class Layer:
    """What a `.keras` archive says of a layer.

    Attributes:
        kind: name of its class.
        settings: that it was made with.
        channels: of what goes into it; 0 where the archive does not say.
    """

    kind: str
    settings: Mapping[str, object]
    channels: int


def archive(file: Path) -> "tuple[list[Layer], dict[str, Tensor]]":
    """What a `.keras` archive holds: its layers from input to output, and tensors by their path.

    Raises:
        WeightsError: it cannot be read, or h5py is not installed.
    """
    import torch

    with _reading(file) as h5py, zipfile.ZipFile(file) as parts:
        layers = json.loads(parts.read("config.json"))["config"]["layers"]
        found: dict[str, Tensor] = {}

        def take(name: str, held: object) -> None:
            if isinstance(held, h5py.Dataset):
                found[name] = torch.from_numpy(np.array(held, np.float32))

        data = io.BytesIO(parts.read("model.weights.h5"))
        with h5py.File(data, "r") as weights:
            weights.visititems(take)
        return [_layer(each) for each in layers], found


@contextmanager
def _reading(file: Path) -> Iterator[Any]:
    """The module h5py; what goes wrong with a file is one line."""
    try:
        import h5py
    except ImportError as error:
        message = f"{file} is read with h5py ({error}): run `pip install 'mulap-bench[hdf5]'`"
        raise WeightsError(message) from error
    try:
        yield h5py
    except _DAMAGE as error:
        message = f"{file} is no file of weights that Keras wrote: {one_line(error)[:300]}"
        raise WeightsError(message) from error


def _layer(said: Mapping[str, Any]) -> Layer:
    built = (said.get("build_config") or {}).get("input_shape") or [0]
    return Layer(said["class_name"], said["config"], built[-1])


def _texts(names: Iterable[bytes | str]) -> list[str]:
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]
