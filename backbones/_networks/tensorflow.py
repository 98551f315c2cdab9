"""Put the variables of a TensorFlow checkpoint into a PyTorch network, strictly."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from backbones._networks.tensorbundle import read_bundle

NORMALISATION = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}
AFFINE = {"weight": "kernel", "bias": "bias"}
COUNTERS = {"beta1_power", "beta2_power", "global_step"}


class MismatchedCheckpointError(ValueError):
    """The checkpoint holds other variables than the network has."""


def load_tensorflow(network: nn.Module, names: dict[str, str], checkpoint: Path) -> None:
    """Copy every variable but the optimiser's into the network.

    Args:
        network: what to fill.
        names: submodule → TensorFlow layer.
        checkpoint: its folder.

    Raises:
        DamagedBundleError: the checkpoint cannot be read.
        MismatchedCheckpointError: a variable is missing, unexpected or of another shape.
    """
    found = {name: x for name, x in read_bundle(checkpoint).items() if not _is_training(name)}
    targets = _targets(network, names)
    missing, unexpected = sorted(targets.keys() - found), sorted(found.keys() - targets)
    if missing or unexpected:
        message = f"{checkpoint} does not fit the network: missing {missing}, not used {unexpected}"
        raise MismatchedCheckpointError(message)
    with torch.no_grad():
        for name, target in targets.items():
            value = torch.from_numpy(_torch_order(found[name]))
            if value.shape != target.shape:
                shapes = f"{tuple(value.shape)}, the network's is {tuple(target.shape)}"
                message = f"{checkpoint}: in PyTorch's order the shape of {name!r} is {shapes}"
                raise MismatchedCheckpointError(message)
            target.copy_(value)


def _is_training(name: str) -> bool:
    return name in COUNTERS or name.rpartition("/")[2] in {"Adam", "Adam_1"}


def _targets(network: nn.Module, names: dict[str, str]) -> dict[str, torch.Tensor]:
    """TensorFlow variable → tensor to overwrite, for every parameter and statistic."""
    targets = {}
    for name, tensor in network.state_dict().items():
        module, _, part = name.rpartition(".")
        if module in names:
            norm = isinstance(network.get_submodule(module), nn.BatchNorm1d | nn.BatchNorm2d)
            variable = (NORMALISATION if norm else AFFINE).get(part)
            if variable is not None:
                targets[f"{names[module]}/{variable}"] = tensor
    return targets


def _torch_order(x: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """(height, width, in, out) → (out, in, height, width), and (in, out) → (out, in)."""
    order = {4: (3, 2, 0, 1), 2: (1, 0)}.get(x.ndim, range(x.ndim))
    return np.ascontiguousarray(x.transpose(order))
