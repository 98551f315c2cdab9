"""Weight decay only where it belongs."""

from typing import Any

from torch import nn


def groups(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """All that is trained, in two groups: weights, which decay, and the rest, which do not.

    The rest are biases, normalisations and temperatures, which have one dimension, and positions.
    """
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    return [
        {"params": [p for name, p in trained if _decays(name, p)], "weight_decay": decay},
        {"params": [p for name, p in trained if not _decays(name, p)], "weight_decay": 0.0},
    ]


def _decays(name: str, parameter: nn.Parameter) -> bool:
    return parameter.ndim > 1 and "position" not in name
