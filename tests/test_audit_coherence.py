"""Whether two stretches of audio are one recording."""

import io

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.audio import Samples
from bench.audit.coherence import SAME, compare
from bench.audit.landmarks import RATE
from tests.audits import at, later, melody


def coded(audio: Samples, level: float) -> Samples:
    """Through a constant-rate MP3 at 44.1 kHz."""
    file = io.BytesIO()
    soundfile.write(
        file, at(44_100, audio), 44_100, format="MP3",
        compression_level=level, bitrate_mode="CONSTANT",
    )  # fmt: skip
    file.seek(0)
    decoded: Samples = soxr.resample(soundfile.read(file, dtype="float32")[0], 44_100, RATE)
    return decoded


@settings(max_examples=10, deadline=None)
@given(gain=st.floats(1e-3, 3), seed=st.integers(0, 9), flipped=st.booleans())
def test_gain_and_polarity_change_nothing(gain: float, seed: int, *, flipped: bool) -> None:
    audio = melody(seed)
    match = compare(audio, (audio * (-gain if flipped else gain)).astype(np.float32))
    assert match.score == pytest.approx(1, abs=1e-3)
    assert (match.delay, match.seconds) == (0, 4)


@settings(max_examples=10, deadline=None)
@given(begins=st.integers(0, RATE), seed=st.integers(0, 9))
def test_a_cut_is_found_where_it_is(begins: int, seed: int) -> None:
    audio = melody(seed)
    match = compare(audio[begins:], audio)
    assert match.score == pytest.approx(1, abs=1e-3)
    assert match.delay == begins / RATE
    assert match.seconds == (len(audio) - begins) / RATE
    back = compare(audio, audio[begins:])
    assert back.score == pytest.approx(match.score, abs=1e-6)
    assert back.delay == -match.delay


@settings(max_examples=10, deadline=None)
@given(part=st.floats(0, 1), seed=st.integers(0, 9))
def test_a_part_of_a_sample_costs_nothing(part: float, seed: int) -> None:
    audio = melody(seed)
    assert compare(audio, later(audio, 40 + part)).score > 0.99


@pytest.mark.parametrize("level", [0.1, 0.5, 0.88])
def test_an_encoder_costs_little(level: float) -> None:
    scores = [compare(melody(seed), coded(melody(seed), level)).score for seed in range(4)]
    assert min(scores) > 0.98


def test_filters_cost_less_than_other_music() -> None:
    audio = melody(0)
    darker = np.convolve(audio, [0.25, 0.5, 0.25], "same").astype(np.float32)
    assert compare(audio, darker).score > SAME


def test_other_melodies_are_not_the_same() -> None:
    scores = [compare(melody(0), melody(seed)).score for seed in range(1, 12)]
    assert max(scores) < 0.6


def test_the_same_notes_played_again_are_not_the_same() -> None:
    audio = melody(0)
    rng = np.random.default_rng(0)
    spectrum = np.fft.rfft(audio)
    again = np.fft.irfft(np.abs(spectrum) * np.exp(2j * np.pi * rng.uniform(size=len(spectrum))))
    assert compare(audio, again.astype(np.float32)).score < SAME


def test_less_than_two_shared_seconds_are_no_match() -> None:
    audio = melody(0, 7.0)
    assert compare(audio[: 4 * RATE], audio[3 * RATE :]).score < SAME
    assert compare(audio[: 4 * RATE], audio[2 * RATE : 6 * RATE]).score > SAME
