"""A network with a few hidden layers: AdamW, early stopping on validation, best epoch restored."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.probes import Hyper
from tasks import Kind

MAX_EPOCHS = 200


@dataclass(frozen=True, slots=True)
class Examples:
    """What a network learns from.

    Attributes:
        x: (rows, layers, dim) training features.
        y: (rows,) classes or (rows, outputs) tags or targets.
        kind: what `y` is.
        outputs: classes, tags or targets.
    """

    x: Tensor
    y: Tensor
    kind: Kind
    outputs: int


class Network(nn.Module):
    """Weighted layers, then Linear–ReLU–dropout a hidden layer, then Linear.

    The layers of a backbone are summed with learnt weights that are positive and add up to 1
    (Peters et al., 2018, eq. 1; Yang et al., 2021). Regressed values come out in the unit of the
    labels.

    Args:
        layers: of the backbone.
        sizes: numbers in, in every hidden layer, and out.
        dropout: share of hidden units left out in training.
        shift: (outputs,) added to, and
        spread: (outputs,) multiplied with what the last layer gives.
    """

    def __init__(
        self, layers: int, sizes: list[int], dropout: float, shift: Tensor, spread: Tensor
    ) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.zeros(layers)) if layers > 1 else None
        hidden = [
            nn.Sequential(nn.Linear(wide, narrow), nn.ReLU(), nn.Dropout(dropout))
            for wide, narrow in pairwise(sizes[:-1])
        ]
        self.stack = nn.Sequential(*hidden, nn.Linear(sizes[-2], sizes[-1]))
        self.shift, self.spread = shift, spread

    def forward(self, x: Tensor) -> Tensor:
        """(rows, layers, dim) → (rows, outputs)."""
        mixed = x[:, 0] if self.mix is None else (x.mT @ self.mix.softmax(0))
        outputs: Tensor = self.stack(mixed)
        return outputs * self.spread + self.shift


def train(
    examples: Examples,
    hyper: Hyper,
    seed: int,
    score: Callable[[Network], float],
    watch: Callable[[int, float], bool] = lambda _epoch, _score: False,
) -> Network:
    """Train until `score`, the validation metric, has not risen for `hyper.patience` epochs.

    Args:
        examples: features and labels.
        hyper: sizes, learning rate, weight decay, dropout, patience.
        seed: of the first weights, the order of clips and the dropout.
        score: higher is better.
        watch: is told the best score so far after every epoch, and may end the training.

    Returns:
        The network of the best epoch, in evaluation mode.
    """
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(seed)
        network = _new(examples, hyper)
        optimiser = torch.optim.AdamW(
            network.parameters(),
            hyper.learning_rate,
            weight_decay=hyper.weight_decay,
            fused=True,
        )
        best, best_score, since = _copy(network), float("-inf"), 0
        for epoch in range(MAX_EPOCHS):
            _epoch(network, optimiser, examples, hyper.batch)
            network.eval()
            with torch.inference_mode():
                current = score(network)
            since += 1
            if current > best_score:
                best, best_score, since = _copy(network), current, 0
            if watch(epoch, best_score) or since == hyper.patience:
                break
    network.load_state_dict(best)
    return network.eval()


def _new(examples: Examples, hyper: Hyper) -> Network:
    outputs = examples.outputs
    shift, spread = torch.zeros(outputs), torch.ones(outputs)
    if examples.kind is Kind.REGRESSION:
        shift = examples.y.float().mean(0)
        spread = examples.y.float().std(0).clamp_min(1e-6)
    _, layers, dim = examples.x.shape
    sizes = [dim, *[hyper.hidden] * hyper.depth, outputs]
    return Network(layers, sizes, hyper.dropout, shift, spread)


def _copy(network: Network) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def _epoch(
    network: Network, optimiser: torch.optim.Optimizer, examples: Examples, size: int
) -> None:
    network.train()
    for batch in torch.randperm(len(examples.x)).split(size):
        optimiser.zero_grad()
        outputs = network(examples.x[batch])
        loss(outputs, examples.y[batch], examples.kind, network.spread).backward()
        optimiser.step()


def loss(outputs: Tensor, y: Tensor, kind: Kind, spread: Tensor) -> Tensor:
    """Cross-entropy, or the squared error of standardised targets; tags not known count nothing.

    Args:
        outputs: (rows, outputs) logits or values.
        y: (rows,) classes or (rows, outputs) tags or targets.
        kind: what `y` is.
        spread: (outputs,) standard deviations of targets.
    """
    if kind is Kind.REGRESSION:
        return ((outputs - y) / spread).square().mean()
    if kind is Kind.MULTILABEL:
        known = ~y.isnan()
        each = functional.binary_cross_entropy_with_logits(
            outputs, y.nan_to_num().to(outputs), reduction="none"
        )
        summed: Tensor = (each * known).sum()
        return summed / known.sum().clamp_min(1)
    return functional.cross_entropy(outputs, y)
