"""What a training needs to go on after an interruption, in one file that is whole or absent.

Order, views and dropout are drawn from the seed and the step, so no random state is kept. Tensors
are safetensors: nothing in the file can run.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import torch
from safetensors import SafetensorError
from safetensors.torch import load as unpacked
from safetensors.torch import save
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, distribute_tensor

from bench import kept
from bench.errors import UserError

FORMAT = 2
"""Raise it when a state of before can no longer be taken up."""

FILE = Path("resume", "state.zip")
TENSORS, FACTS = "tensors.safetensors", "facts.json"

Tensors: TypeAlias = dict[str, Tensor]


class StateError(UserError):
    """A training cannot go on from where it stopped."""


def whole(x: Tensor) -> Tensor:
    """A copy on the CPU; of a tensor that is split over processes, all of it."""
    full = x.full_tensor() if isinstance(x, DTensor) else x
    return full.detach().cpu().clone()


def capture(model: nn.Module, optimiser: torch.optim.Optimizer) -> Tensors:
    """Weights, buffers and the optimiser's moments by name; every process has to call it.

    Raises:
        RuntimeError: the optimiser has moments of parameters that are not the model's.
    """
    known = sum(parameter in optimiser.state for parameter in model.parameters())
    if known != len(optimiser.state):
        message = f"of {len(optimiser.state)} moments {known} belong to a parameter of the model"
        raise RuntimeError(message)
    found = {f"buffer {name}": whole(x) for name, x in model.named_buffers()}
    for name, parameter in model.named_parameters():
        found[f"weight {name}"] = whole(parameter)
        for key, x in optimiser.state.get(parameter, {}).items():
            found[f"{key} {name}"] = whole(x)
    return found


@torch.no_grad()
def restore(tensors: Tensors, model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    """Put what `capture` found back in its places.

    Raises:
        KeyError: something is missing.
    """
    for name, buffer in model.named_buffers():
        buffer.copy_(tensors[f"buffer {name}"])
    for name, parameter in model.named_parameters():
        parameter.copy_(_like(parameter, tensors[f"weight {name}"]))
        if f"step {name}" in tensors:
            moments = {key: tensors[f"{key} {name}"] for key in ("exp_avg", "exp_avg_sq")}
            optimiser.state[parameter] = {
                "step": tensors[f"step {name}"],
                **{key: _like(parameter, x) for key, x in moments.items()},
            }


def _like(place: Tensor, x: Tensor) -> Tensor:
    """On the device of `place`, and split as it is."""
    there = x.to(place.device)
    if isinstance(place, DTensor):
        return distribute_tensor(there, place.device_mesh, place.placements)
    return there


def write(folder: Path, tensors: Tensors, facts: dict[str, object]) -> None:
    """Replace the state in a folder at once."""
    parts = {TENSORS: save(tensors), FACTS: json.dumps({"format": FORMAT, **facts}).encode()}
    kept.write(folder / FILE, parts)


def load(folder: Path, model: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Any] | None:
    """Take up the state in a folder; its facts, or None if there is no state.

    Raises:
        StateError: it is damaged, or of another version.
    """
    if not (folder / FILE).is_file():
        return None
    with _damage_told(folder):
        parts = kept.read(folder / FILE)
        if parts is None:
            message = "its checksums are wrong"
            raise ValueError(message)
        facts: dict[str, Any] = json.loads(parts[FACTS])
        if facts.get("format") == FORMAT:
            restore(unpacked(parts[TENSORS]), model, optimiser)
            return facts
    message = (
        f"{folder / FILE} is of another version; go on with the version that wrote it, or delete "
        f"{folder / FILE.parent} to begin anew"
    )
    raise StateError(message)


@contextmanager
def _damage_told(folder: Path) -> Iterator[None]:
    try:
        yield
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        message = (
            f"{folder / FILE} is damaged ({reason}); copy it again, or delete "
            f"{folder / FILE.parent} to begin anew"
        )
        raise StateError(message) from error
