"""Distortions that a view is given: what should not matter to its features.

A selection of those of CLMR (Spijkervet and Burgoyne, ISMIR 2021), without the change of pitch:
features made deaf to it could not tell keys.
"""

import numpy as np

from bench.audio import Samples
from bench.pretrain.corpus import RATE
from bench.pretrain.recipe import DistortionRecipe


def distort(samples: Samples, recipe: DistortionRecipe, draw: np.random.Generator) -> Samples:
    """Some distortions, each drawn by itself, one after another; (samples,) → (samples,)."""
    steps = (
        (recipe.filter, _filter),
        (recipe.delay, _delay),
        (recipe.gain, _gain),
        (recipe.noise, _noise),
        (recipe.invert, _invert),
    )
    for chance, step in steps:
        if draw.random() < chance:
            samples = step(samples, draw)
    return np.clip(samples, -1, 1).astype(np.float32)


def _invert(samples: Samples, _: np.random.Generator) -> Samples:
    return -samples


def _gain(samples: Samples, draw: np.random.Generator) -> Samples:
    quieter: Samples = samples * np.float32(10 ** (draw.uniform(-6, 0) / 20))
    return quieter


def _noise(samples: Samples, draw: np.random.Generator) -> Samples:
    level = np.float32(10 ** (draw.uniform(-80, -40) / 20))
    noisy: Samples = samples + level * draw.standard_normal(len(samples), dtype=np.float32)
    return noisy


def _filter(samples: Samples, draw: np.random.Generator) -> Samples:
    """Low-pass at 2.2 to 4 kHz or high-pass at 200 to 1200 Hz, second order."""
    from scipy.signal import butter, sosfilt

    low = draw.random() < 0.5  # noqa: PLR2004 — either alike
    edge = draw.uniform(2200, 4000) if low else draw.uniform(200, 1200)
    sections = butter(2, edge, "lowpass" if low else "highpass", fs=RATE, output="sos")
    filtered: Samples = sosfilt(sections, samples).astype(np.float32)
    return filtered


def _delay(samples: Samples, draw: np.random.Generator) -> Samples:
    late = round(draw.uniform(0.2, 0.5) * RATE)
    echo = np.zeros_like(samples)
    echo[late:] = samples[:-late] / 2
    return samples + echo
