"""A network with one hidden layer: AdamW, early stopping on validation, best epoch restored."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.probes import Hyper
from tasks import Kind

HIDDEN = 256
BATCH = 128
MAX_EPOCHS = 100
PATIENCE = 5
"""Epochs without a better validation score after which training ends."""


class Network(nn.Module):
    """Linear–ReLU–dropout–linear; regressed values come out in the unit of the labels.

    Args:
        sizes: numbers in, and out.
        dropout: share of hidden units left out in training.
        shift: (outputs,) added to, and
        spread: (outputs,) multiplied with what the last layer gives.
    """

    def __init__(
        self, sizes: tuple[int, int], dropout: float, shift: Tensor, spread: Tensor
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(sizes[0], HIDDEN),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(HIDDEN, sizes[1]),
        )
        self.shift, self.spread = shift, spread

    def forward(self, x: Tensor) -> Tensor:
        """(clips, dim) → (clips, outputs)."""
        outputs: Tensor = self.layers(x)
        return outputs * self.spread + self.shift


def train(
    x: Tensor,
    y: Tensor,
    kind: Kind,
    outputs: int,
    hyper: Hyper,
    seed: int,
    score: Callable[[nn.Module], float],
) -> Network:
    """Train until `score`, the validation metric, has not risen for `PATIENCE` epochs.

    Args:
        x: (clips, dim) training features.
        y: (clips,) classes or (clips, outputs) tags or targets.
        kind: what `y` is.
        outputs: classes, tags or targets.
        hyper: learning rate, weight decay, dropout.
        seed: of the first weights, the order of clips and the dropout.
        score: higher is better.

    Returns:
        The network of the best epoch, in evaluation mode.
    """
    shift, spread = torch.zeros(outputs), torch.ones(outputs)
    if kind is Kind.REGRESSION:
        shift, spread = y.float().mean(0), y.float().std(0).clamp_min(1e-6)
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(seed)
        network = Network((x.shape[1], outputs), hyper.dropout, shift, spread)
        optimiser = torch.optim.AdamW(
            network.parameters(),
            hyper.learning_rate,
            weight_decay=hyper.weight_decay,
            fused=True,
        )
        best, best_score, since = _copy(network), float("-inf"), 0
        for _ in range(MAX_EPOCHS):
            _epoch(network, optimiser, x, y, kind)
            network.eval()
            with torch.inference_mode():
                current = score(network)
            since += 1
            if current > best_score:
                best, best_score, since = _copy(network), current, 0
            if since == PATIENCE:
                break
    network.load_state_dict(best)
    return network.eval()


def _copy(network: Network) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def _epoch(
    network: Network, optimiser: torch.optim.Optimizer, x: Tensor, y: Tensor, kind: Kind
) -> None:
    network.train()
    for batch in torch.randperm(len(x)).split(BATCH):
        optimiser.zero_grad()
        _loss(network, x[batch], y[batch], kind).backward()
        optimiser.step()


def _loss(network: Network, x: Tensor, y: Tensor, kind: Kind) -> Tensor:
    """Cross-entropy, or the squared error of standardised targets."""
    outputs = network(x)
    loss: Tensor
    if kind is Kind.REGRESSION:
        loss = ((outputs - y) / network.spread).square().mean()
    elif kind is Kind.MULTILABEL:
        known = ~y.isnan()
        each = functional.binary_cross_entropy_with_logits(
            outputs, y.nan_to_num().to(outputs), reduction="none"
        )
        loss = (each * known).sum() / known.sum().clamp_min(1)
    else:
        loss = functional.cross_entropy(outputs, y)
    return loss
