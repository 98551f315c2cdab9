"""Objectives over one trunk, and the sum that is minimised."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from bench.pretrain.objectives import Batch, Need, Objective, Terms


class Weighted(nn.Module):
    """Runs objectives one after another and weighs their terms.

    Args:
        objectives: may share a trunk and a text encoder.
        weights: of every term.
    """

    def __init__(self, objectives: Sequence[Objective], weights: Mapping[str, float]) -> None:
        super().__init__()
        self.objectives = nn.ModuleList(objectives)
        self._each = tuple(objectives)  # the same, which a list of modules does not type
        self.weights = dict(weights)
        self.needs: frozenset[Need] = frozenset().union(*(each.needs for each in objectives))
        self.whole = any(each.whole for each in objectives)

    def forward(self, batch: Batch) -> Terms:
        """Every term that has a weight, not weighted."""
        found: Terms = {}
        for objective in self.objectives:
            found |= objective(batch)
        return {name: found[name] for name in self.weights}

    def counts(self, batch: Batch) -> Terms:
        """Name → how many examples a term is the mean of."""
        clips = torch.tensor(len(next(iter(batch.values()))))
        found = dict.fromkeys(self.weights, clips)
        for objective in self._each:
            found |= objective.counts(batch)
        return found

    def total(self, terms: Terms) -> Tensor:
        """The weighted sum."""
        return torch.stack([self.weights[name] * term for name, term in terms.items()]).sum()
