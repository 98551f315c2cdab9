"""Weights that others trained: read without running their code, loaded without gaps."""

import pickle
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from backbones import WeightsError

if TYPE_CHECKING:
    from torch import Tensor, nn

INDEX = "model.safetensors.index.json"
SHARD = re.compile(r"model-\d+-of-\d+\.safetensors")
"""Of weights that are too many for one file: which is where, and what the files are called."""

_SHOWN = 4


def read(file: Path, inside: str = "") -> "dict[str, Tensor]":
    """The tensors of a safetensors file, or of a pickle that holds nothing but data.

    Args:
        file: told apart by content, not by name.
        inside: where in a pickle the weights are, e.g. `state_dict` or `model`.

    Raises:
        WeightsError: it cannot be read, would run code when read, or holds no weights there.
    """
    if not is_pickle(file):
        return read_safetensors(file)
    held = _unpickled(file)
    found = held.get(inside) if inside and isinstance(held, dict) else held
    if not isinstance(found, dict):
        known = ", ".join(map(str, held)) if isinstance(held, dict) else type(held).__name__
        message = f"{file} holds no weights at {inside or 'its top'!r}; it holds {known}"
        raise WeightsError(message)
    return _tensors(found, file)


def read_safetensors(file: Path) -> "dict[str, Tensor]":
    """The tensors of a safetensors file.

    Raises:
        WeightsError: it cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        message = f"{file} cannot be read: {one_line(error)}; fetch it again"
        raise WeightsError(message) from error


def is_pickle(file: Path) -> bool:
    """Whether a file is a pickle, or the zip that torch puts one into.

    A safetensors file may begin with the same byte, but has a brace behind its length.

    Raises:
        WeightsError: it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            head = opened.read(9)
    except OSError as error:
        message = f"{file} cannot be read: {error}"
        raise WeightsError(message) from error
    return head.startswith((b"\x80", b"PK\x03\x04")) and head[8:] != b"{"


def renamed(tensors: "Mapping[str, Tensor]", prefixes: Mapping[str, str]) -> "dict[str, Tensor]":
    """The same tensors with other names.

    Args:
        tensors: by name.
        prefixes: old → new beginning of a name; the first that fits counts, others stay.

    Raises:
        WeightsError: two would have one name.
    """
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        old = next((prefix for prefix in prefixes if name.startswith(prefix)), None)
        new = name if old is None else prefixes[old] + name.removeprefix(old)
        if new in found:
            message = f"two weights would be named {new}"
            raise WeightsError(message)
        found[new] = tensor
    return found


def fill(
    network: "nn.Module",
    tensors: "Mapping[str, Tensor]",
    source: Path,
    *,
    ignore: Sequence[str] = (),
    own: Sequence[str] = (),
) -> None:
    """Load weights into a network, every one of them and no other.

    Args:
        network: whose state is replaced.
        tensors: by the names that the network has for them.
        source: for a message.
        ignore: patterns of names that the file may hold beyond the network, such as `head.*`.
        own: patterns of names that the network makes itself, such as `mel.*`; they stay.

    Raises:
        WeightsError: some are missing, unexpected, of another shape or no numbers.
    """
    state = network.state_dict()
    expected = {name: tuple(x.shape) for name, x in state.items()}
    made = {name: x for name, x in state.items() if any(fnmatchcase(name, each) for each in own)}
    kept = {
        name: x
        for name, x in {**tensors, **made}.items()
        if name in expected or not any(fnmatchcase(name, pattern) for pattern in ignore)
    }
    shapes = {name: tuple(x.shape) for name, x in kept.items()}
    wrong = [
        f"{name} is {shapes.get(name, 'missing')}, expected {expected.get(name, 'none such')}"
        for name in sorted(expected.keys() | shapes.keys())
        if expected.get(name) != shapes.get(name)
    ]
    if wrong:
        more = f", and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        message = f"{source} does not fit: {'; '.join(wrong[:_SHOWN])}{more}"
        raise WeightsError(message)
    for name in [name for name in kept if name not in made]:
        _expect_numbers(name, kept[name], state[name], source)
    network.load_state_dict(kept)


def _expect_numbers(name: str, given: "Tensor", wanted: "Tensor", source: Path) -> None:
    """Refuse what would be copied into a network, but is no weight of it."""
    if given.is_complex() and not wanted.is_complex():
        message = f"{source} does not fit: {name} is complex, expected real numbers"
        raise WeightsError(message)
    if given.is_quantized or given.isnan().any():
        what = "is quantised" if given.is_quantized else "holds NaN"
        message = f"{source} is damaged or of another network: {name} {what}"
        raise WeightsError(message)


def refusal(file: Path, error: pickle.UnpicklingError) -> WeightsError:
    """Why a pickle that holds more than data is not read."""
    named = re.search(r"GLOBAL (\S+)", str(error))
    what = f"it names {named[1]}" if named else "it is damaged, or no pickle of weights"
    message = f"{file} is refused, for reading it could run code ({what}); give safetensors"
    return WeightsError(message)


def one_line(error: Exception) -> str:
    """What an error says, for a message of ours."""
    return " ".join(str(error).split())


def _unpickled(file: Path) -> object:
    import torch

    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise refusal(file, error) from error
    except Exception as error:  # a damaged file raises whatever its bytes mean to torch
        message = (
            f"{file} cannot be read: {one_line(error) or type(error).__name__}; fetch it again"
        )
        raise WeightsError(message) from error


def _tensors(found: Mapping[object, object], file: Path) -> "dict[str, Tensor]":
    import torch
    from torch import Tensor

    for name, value in found.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            message = f"{file}: {name} is {type(value).__name__}, no tensor: say where weights are"
            raise WeightsError(message)
        if value.is_meta or value.layout is not torch.strided:
            message = f"{file}: {name} {'has no numbers' if value.is_meta else 'is sparse'}; "
            message += "save it as a plain tensor"
            raise WeightsError(message)
    return {str(name): x for name, x in found.items() if isinstance(x, Tensor)}
