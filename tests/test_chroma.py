"""Chroma and constant-Q statistics: pitch, invariances, librosa."""

import librosa
import numpy as np
import pytest

from backbones.chroma import chroma


def tone(midi: float, seconds: float = 2, gain: float = 0.5) -> np.ndarray:
    time = np.arange(int(seconds * 24_000)) / 24_000
    frequency = 440 * 2 ** ((midi - 69) / 12)
    return (gain * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def encode(audio: np.ndarray) -> dict[str, np.ndarray]:
    return {name: x[0, 0] for name, x in chroma.build().encode(audio[None]).items()}


@pytest.mark.parametrize("midi", [36, 45, 61, 70, 83, 95])
def test_a_tone_peaks_at_its_pitch_class_and_bin(midi: int) -> None:
    found = encode(tone(midi))
    assert found["chroma"][:12].argmax() == midi % 12
    assert found["cqt"][:84].argmax() == midi - 24


def test_octaves_share_a_chroma() -> None:
    low, high = (encode(tone(midi))["chroma"][:12] for midi in (60, 72))
    np.testing.assert_allclose(low, high, atol=0.1)


def test_constant_q_is_librosas() -> None:
    audio = tone(45) + tone(60, gain=0.2) + tone(76, gain=0.4)
    reference = np.abs(librosa.cqt(audio, sr=24_000, fmin=32.703, pad_mode="constant"))
    relative = np.log10((reference / reference.max()) ** 2).clip(-8)
    strong = relative.mean(axis=1) > -2.5  # beyond, the side lobes of two windows are compared
    assert strong.sum() == 9
    np.testing.assert_allclose(
        encode(audio)["cqt"][:84][strong], relative.mean(axis=1)[strong], atol=0.06
    )


@pytest.mark.parametrize("gain", [1e-3, 2.0])
def test_gain_changes_nothing(gain: float) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 44_100).astype(np.float32)
    plain, scaled = encode(noise), encode(gain * noise)
    for name, value in plain.items():
        np.testing.assert_allclose(scaled[name], value, atol=1e-3)


def test_silence_has_no_pitch() -> None:
    found = encode(np.zeros(24_000, np.float32))
    np.testing.assert_array_equal(found["chroma"], 0)
    assert np.isfinite(found["cqt"]).all()


def test_building_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    encode(tone(60, seconds=chroma.shortest))
    assert capfd.readouterr() == ("", "")
