"""Mel and MFCC statistics against librosa."""

import librosa
import numpy as np
import pytest
import torch

from backbones import Precision, UnsupportedPrecisionError
from backbones._networks.statistics import MelStatistics
from backbones.melstats import melstats


def chirp(seconds: float = 2) -> np.ndarray:
    time = np.arange(int(seconds * 24_000)) / 24_000
    noise = np.random.default_rng(0).normal(0, 0.01, time.size)
    return (0.4 * np.sin(2 * np.pi * (200 + 400 * time) * time) + noise).astype(np.float32)


def encode(audio: np.ndarray) -> dict[str, np.ndarray]:
    return {name: x[0, 0] for name, x in melstats.build().encode(audio[None]).items()}


def test_mel_and_mfcc_are_librosas() -> None:
    audio = chirp()
    mel = librosa.power_to_db(
        librosa.feature.melspectrogram(y=audio, sr=24_000, n_fft=2048, hop_length=512),
        top_db=80,
    )
    mfcc = librosa.feature.mfcc(S=mel, n_mfcc=20)
    found = encode(audio)
    for layer, expected in (("mel", mel / 10), ("mfcc", mfcc / 10)):
        size = len(expected)
        np.testing.assert_allclose(found[layer][:size], expected.mean(axis=1), atol=1e-3)
        np.testing.assert_allclose(found[layer][size : 2 * size], expected.std(axis=1), atol=1e-3)


def test_deltas_are_the_slope_over_five_frames() -> None:
    audio = chirp()
    power = librosa.feature.melspectrogram(y=audio, sr=24_000, n_fft=2048, hop_length=512)
    delta = librosa.feature.delta(
        librosa.power_to_db(power, top_db=80) / 10, width=5, mode="nearest"
    )
    found = encode(audio)["mel"][256:]
    np.testing.assert_allclose(found[:128], delta.mean(axis=1), atol=1e-3)
    np.testing.assert_allclose(found[128:], delta.std(axis=1), atol=1e-3)


def test_both_is_mel_then_mfcc() -> None:
    found = encode(chirp())
    np.testing.assert_array_equal(found["both"], np.concatenate([found["mel"], found["mfcc"]]))


def test_gain_moves_the_means_alone() -> None:
    loud, quiet = encode(chirp()), encode(chirp() * 0.1)
    np.testing.assert_allclose(loud["mel"][:128] - quiet["mel"][:128], 2, atol=1e-3)
    np.testing.assert_allclose(loud["mel"][128:], quiet["mel"][128:], atol=1e-3)


def test_a_loud_neighbour_does_not_raise_the_floor() -> None:
    quiet = chirp() * 1e-4
    together = MelStatistics()(torch.from_numpy(np.stack([quiet, chirp()])))
    np.testing.assert_allclose(together["both"][0, 0], encode(quiet)["both"], atol=1e-4)


@pytest.mark.parametrize("precision", [Precision.BF16, Precision.FP16])
def test_they_are_defined_in_float32(precision: Precision) -> None:
    with pytest.raises(UnsupportedPrecisionError, match=f"cannot compute in {precision}"):
        melstats.build().to("cpu", precision)
