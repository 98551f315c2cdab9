"""Normalisation statistics for networks that were never trained."""

from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

SAMPLE_RATE = 16_000
TIME = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
LEVELS = np.linspace(-40, 0, 8)  # [dB]


def calibrate(network: nn.Module) -> None:
    """Set the running statistics of every batch normalisation to those of note-like audio.

    Without it they are 0 and 1 while the input lies around -40 dB: every rectifier then sees an
    offset far larger than the music's variation, and random weights are judged on a handicap
    that no trained network has. The audio is synthetic and the same for every seed of weights.
    """
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average over forward passes, here one
    network.train()
    with torch.no_grad():
        network(_clips())
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()


@cache
def _clips() -> Tensor:
    """Three seconds each of twelve notes over soft noise, at one level after another."""
    random, clips = np.random.default_rng(0), []
    for level in LEVELS:
        notes = np.sum([_note(random) for _ in range(12)], axis=0)
        notes += random.normal(0, 1e-3, TIME.size)
        clips.append(10 ** (level / 20) * notes / np.abs(notes).max())
    return torch.from_numpy(np.stack(clips).astype(np.float32))


def _note(random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Eight harmonics that fall off as 1/n, from a random moment on, decaying."""
    pitch = 440 * 2 ** ((random.integers(36, 85) - 69) / 12)
    since = TIME - random.uniform(0, TIME[-1])
    envelope = np.where(since < 0, 0, np.exp(-since.clip(0) / random.uniform(0.05, 1)))
    tone = np.sum([np.sin(2 * np.pi * n * pitch * TIME) / n for n in range(1, 9)], axis=0)
    return np.asarray(envelope * tone)
