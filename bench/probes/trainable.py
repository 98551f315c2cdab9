"""A backbone whose weights go on learning, with a linear head."""

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor, nn

from backbones import Audio, Backbone, Encoder
from backbones._torch import TorchEncoder
from bench import audio
from bench.audio import Samples
from bench.encoders import BATCH_SECONDS
from bench.probes.fit import Head, activated
from bench.probes.job import ProbeError
from bench.probes.mlp import loss
from bench.stretch import Stretch
from tasks import Kind, Scores

DECODED = 16
"""Clips that are decoded at once where nothing is learnt."""


class Trainable(nn.Module):
    """The network of a backbone, the mean over frames and windows of one layer, a linear head.

    The network stays in evaluation mode: batch normalisation keeps the statistics that it was
    trained with, and no unit is dropped.

    Args:
        card: of the backbone.
        encoder: with its weights.
        layer: that is read.
        head: the linear probe to begin with.
        kind: what the labels are.

    Raises:
        ProbeError: the encoder is no network of PyTorch.
    """

    def __init__(
        self, card: Backbone, encoder: Encoder, layer: str, head: Head, kind: Kind
    ) -> None:
        super().__init__()
        if not isinstance(encoder, TorchEncoder):
            message = (
                f"{card.name} cannot be fine-tuned: its encoder is a {type(encoder).__name__}, "
                "expected a TorchEncoder, whose network has weights to train"
            )
            raise ProbeError(message)
        self._card, self._encoder, self._layer, self._kind = card, encoder, layer, kind
        self.body = encoder.network.requires_grad_(requires_grad=True)
        device = next(self.body.parameters()).device
        self._mean = head.mean.float().to(device)
        self.weight = nn.Parameter(head.weight.float())
        self.bias = nn.Parameter(head.bias.float())
        self._shift, self._spread = head.shift, head.spread.float().to(device)
        self.to(device)

    def forward(self, windows: Tensor) -> Tensor:
        """(windows, samples) → (windows, outputs)."""
        frames: Tensor = self.body(windows)[self._layer]
        return self._classified(frames.mean(1))

    def learn(
        self, stretches: Sequence[Stretch], labels: Tensor, draw: np.random.Generator
    ) -> None:
        """Add the gradient of the mean loss of clips, of each of which one window is drawn.

        Args:
            stretches: the clips.
            labels: (clips,) classes or (clips, outputs) tags or targets.
            draw: of the windows.
        """
        device = self.weight.device
        places = draw.random(len(stretches))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            windows = list(pool.map(self._window, stretches, places))
        wanted = (labels - self._shift).float() if self._kind is Kind.REGRESSION else labels
        for chosen, stacked in _by_length(windows):
            share = len(chosen) / len(windows)
            inputs = torch.from_numpy(stacked).to(device)
            part = loss(self(inputs), wanted[chosen].to(device), self._kind, self._spread)
            (part * share).backward()

    def scores(self, stretches: Sequence[Stretch]) -> Scores:
        """(clips, outputs): of the mean of all windows of each clip."""
        return np.concatenate([self._scores(each) for each in _batched(stretches, DECODED)])

    def _scores(self, stretches: Sequence[Stretch]) -> Scores:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            clips = list(pool.map(self._windows, stretches))
        owners = np.repeat(np.arange(len(clips)), [len(windows) for windows in clips])
        windows = [window for clip in clips for window in clip]
        vectors = np.empty((len(windows), len(self.weight)), dtype=np.float32)
        for chosen, stacked in _by_length(windows):
            size = max(1, round(BATCH_SECONDS * self._card.sample_rate / stacked.shape[1]))
            for first in range(0, len(stacked), size):
                part = self._encoder.summarise(stacked[first : first + size])[self._layer]
                vectors[chosen[first : first + size]] = part[:, 0]
        means = [vectors[owners == clip].mean(0) for clip in range(len(clips))]
        with torch.inference_mode():
            logits = self._classified(torch.from_numpy(np.stack(means)).to(self.weight.device))
        return activated(self._kind, logits.cpu(), self._shift)

    def _classified(self, vectors: Tensor) -> Tensor:
        return (vectors - self._mean) @ self.weight + self.bias

    def _windows(self, stretch: Stretch) -> list[Samples]:
        return self._cut(self._samples(stretch))

    def _samples(self, stretch: Stretch) -> Samples:
        rate = self._card.sample_rate
        return audio.read(stretch.path, rate, stretch.start, stretch.seconds)

    def _cut(self, samples: Samples) -> list[Samples]:
        card = self._card
        return audio.cut(samples, card.sample_rate, card.window, card.hop, card.shortest)

    def _window(self, stretch: Stretch, place: float) -> Samples:
        """One window, anywhere in the clip; `place` is in [0, 1)."""
        samples = self._samples(stretch)
        first = self._cut(samples)[0]
        if len(first) >= len(samples):
            return first
        begin = int(place * (len(samples) - len(first) + 1))
        return samples[begin : begin + len(first)]


def _by_length(windows: Sequence[Samples]) -> Iterator[tuple[list[int], Audio]]:
    """Places of the windows of one length, and these windows: (windows, samples)."""
    for size in sorted({len(window) for window in windows}):
        chosen = [place for place, window in enumerate(windows) if len(window) == size]
        yield chosen, np.stack([windows[place] for place in chosen])


def _batched(stretches: Iterable[Stretch], size: int) -> Iterator[tuple[Stretch, ...]]:
    rest = iter(stretches)
    while batch := tuple(itertools.islice(rest, size)):
        yield batch
