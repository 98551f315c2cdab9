"""Fine-tuning: the whole network goes on learning, from a linear probe on its frozen features.

So training begins where a linear probe ends (LP-FT: Kumar et al., Fine-tuning can distort
pretrained features and underperform out-of-distribution, ICLR 2022), and the best epoch on
validation is kept, be it none at all.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from backbones import Backbone, Encoder
from bench import decay, kept, provenance
from bench.probes import Hyper as Configuration
from bench.probes import Problem as Frozen
from bench.probes.fit import Head
from bench.probes.job import Hyper, Tried, Variant, stacked
from bench.probes.protocols import FineTune
from bench.probes.search import params
from bench.probes.trainable import Trainable
from bench.stretch import Stretch
from tasks import Scores, Split

LONGEST_STEP = 1.0
"""The norm that gradients are clipped to."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What fine-tuning may see: audio of every split, labels of training and validation.

    Attributes:
        frozen: the problem of the linear probe, with its labels and metric.
        head: that probe, to begin with.
        card: of the backbone.
        encoder: loads one, with its trained weights.
        start: configuration of that probe; its layer is read.
        audio: of the clips of every split.
    """

    frozen: Frozen
    head: Head
    card: Backbone
    encoder: Callable[[], Encoder]
    start: Configuration
    audio: Mapping[Split, Sequence[Stretch]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One training.

    Attributes:
        epochs: after which the network was kept; 0 for the linear probe as it was.
        validation: its score there.
        test: (clips, outputs).
        seconds: that it took [s].
    """

    epochs: int
    validation: float
    test: Scores
    seconds: float


def probe(
    problem: Problem,
    protocol: FineTune,
    seeds: Sequence[int],
    folder: Path,
    budget_seconds: float | None = None,
) -> tuple[list[Variant], list[Tried]]:
    """Train at every rate, choose one on validation, train at it with the other seeds.

    Args:
        problem: holds no test label.
        protocol: names rates, batch, epochs and patience.
        seeds: of the order of clips and of the windows drawn; the first is that of the choice.
        folder: where finished trainings are kept, so that a rerun goes on after them.
        budget_seconds: no further rate is tried after so many; None for all of them.
    """
    first: list[Outcome] = []
    for rate in protocol.rates:
        spent = sum(each.seconds for each in first)
        if first and budget_seconds is not None and spent >= budget_seconds:
            break
        first.append(_kept(problem, protocol, rate, seeds[0], folder))
    best = max(range(len(first)), key=lambda index: first[index].validation)
    rate = protocol.rates[best]
    others = [_kept(problem, protocol, rate, seed, folder) for seed in seeds[1:]]
    tried = [
        Tried(_hyper(problem, protocol, rate, each.epochs), each.validation, pruned=False)
        for rate, each in zip(protocol.rates, first, strict=False)
    ]
    scores = stacked(problem.frozen.kind, [each.test for each in (first[best], *others)])
    return [Variant("", tried[best].hyper, tried[best].score, scores)], tried


def train(problem: Problem, protocol: FineTune, rate: float, seed: int) -> Outcome:
    """Train until validation has not risen for `protocol.patience` epochs; the best is restored.

    Args:
        problem: holds no test label.
        protocol: names batch, epochs, patience and weight decay.
        rate: the learning rate.
        seed: of the order of clips and of the windows drawn.

    Raises:
        ProbeError: the backbone is no network of PyTorch.
    """
    started = time.perf_counter()
    network = Trainable(
        problem.card, problem.encoder(), problem.start.layer, problem.head, problem.frozen.kind
    )
    labels = torch.from_numpy(problem.frozen.labels[Split.TRAIN])
    optimiser = torch.optim.AdamW(decay.groups(network, protocol.weight_decay), rate)
    draw = np.random.default_rng(seed)
    best, best_score, kept_epoch = _copy(network), _validation(network, problem), 0
    for epoch in range(1, protocol.epochs + 1):
        order = torch.from_numpy(draw.permutation(len(labels)))
        for batch in order.split(protocol.batch):
            optimiser.zero_grad()
            stretches = [problem.audio[Split.TRAIN][index] for index in batch.tolist()]
            network.learn(stretches, labels[batch], draw)
            nn.utils.clip_grad_norm_(network.parameters(), LONGEST_STEP)
            optimiser.step()
        score = _validation(network, problem)
        if score > best_score:
            best, best_score, kept_epoch = _copy(network), score, epoch
        if epoch - kept_epoch == protocol.patience:
            break
    network.load_state_dict(best)
    test = network.scores(problem.audio[Split.TEST])
    return Outcome(kept_epoch, best_score, test, time.perf_counter() - started)


def _validation(network: Trainable, problem: Problem) -> float:
    return problem.frozen.score(network.scores(problem.audio[Split.VALIDATION]))


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}


def _kept(problem: Problem, protocol: FineTune, rate: float, seed: int, folder: Path) -> Outcome:
    """A training, or what was kept of one from the same start."""
    start = provenance.digest(params(problem.start))[:16]
    path = folder / f"finetune-{start}-{rate:g}-{seed}.zip"
    parts = kept.read(path)
    if parts is not None:
        epochs, validation, seconds = kept.unpacked(parts["facts.npy"])
        scores = kept.unpacked(parts["test.npy"]).astype(np.float64)
        return Outcome(int(epochs), float(validation), scores, float(seconds))
    made = train(problem, protocol, rate, seed)
    facts = np.array([made.epochs, made.validation, made.seconds])
    kept.write(path, {"facts.npy": kept.packed(facts), "test.npy": kept.packed(made.test)})
    return made


def _hyper(problem: Problem, protocol: FineTune, rate: float, epochs: int) -> Hyper:
    """A configuration, as the record lists it."""
    return {
        "layer": problem.start.layer,
        "model": "network",
        "c": problem.start.c,
        "learning_rate": rate,
        "weight_decay": protocol.weight_decay,
        "batch": protocol.batch,
        "epochs": epochs,
    }
