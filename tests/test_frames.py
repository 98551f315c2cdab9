"""Frames of a layer: on one grid a clip, kept apart from vectors, with the same guarantees."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backbones import Audio, Encoder, Features, Layer, Precision
from bench import audio as audio_files
from bench import extraction, readout
from bench.readout import EncoderError
from bench.store import Store
from tests import toys
from tests.toys import arrays, entry, extract, toy

LENGTHS = (0.05, 0.4, 0.5, 1.0, 1.3, 2.0, 2.54, 3.1)
LEVEL = toy.layers[0]
EVERYTHING = slice(None)


class Clock(Encoder):
    """Says when each frame of 10 ms begins, by the audio itself, which is a ramp."""

    def encode(self, audio: Audio) -> Features:
        """(batch, samples) → now: (batch, 100 a second, 1); one frame more than that."""
        padded = np.pad(audio, ((0, 0), (0, 80)), mode="edge")
        return {"now": padded[:, ::80, None].astype(np.float32)}


NOW = Layer("now", 1, 100.0)
clock = replace(toy, name="clock", layers=(NOW,), default="now", build=Clock)


@pytest.mark.parametrize("hop", [None, 0.75, 0.31])
@pytest.mark.parametrize("seconds", [0.4, 1.0, 1.5, 3.337])
def test_frame_k_of_a_clip_is_at_k_over_the_frame_rate(hop: float | None, seconds: float) -> None:
    kept = readout.of(clock, NOW)
    ramp = (np.arange(round(seconds * toys.RATE)) / toys.RATE).astype(np.float32)
    cutting = (toys.RATE, 1.0, hop, 0.1)
    windows = [kept.read(Clock(), w[None])[0] for w in audio_files.cut(ramp, *cutting)]
    frames = kept.join(windows, audio_files.spans(len(ramp), *cutting))
    assert frames.shape == (round(100 * seconds), 1)
    np.testing.assert_allclose(frames[:, 0], np.arange(len(frames)) / 100, atol=0.005 + 1e-5)


def test_frames_are_those_of_encode_where_windows_lie_side_by_side(
    log: Path, tmp_path: Path
) -> None:
    paths = toys.write_clips(tmp_path / "audio", LENGTHS)
    clips = toys.listed(paths)
    assert extract(toy, clips, tmp_path / "store", layer=LEVEL) == []
    rows = Store(tmp_path / "store").read(list(clips), EVERYTHING)
    for path, seconds, found in zip(paths, LENGTHS, rows, strict=True):
        assert found.shape == (max(1, round(10 * seconds)), 2)
        first = toys.Toy().encode(toys.windows_of(toy, path)[0][None])["level"][0]
        np.testing.assert_array_equal(found[: len(first)], first[: len(found)])
    before = toys.calls(log)
    extract(toy, clips, tmp_path / "store", layer=LEVEL)
    assert toys.calls(log) == before


def test_frames_have_a_key_of_their_own_for_each_layer() -> None:
    plain = extraction.key_of(entry(), Precision.FP32)
    layers = (LEVEL, replace(LEVEL, name="other"), replace(LEVEL, frame_rate=20.0))
    keys = {extraction.key_of(entry(), Precision.FP32, layer) for layer in layers}
    assert len({plain, *keys}) == 4
    assert extraction.key_of(entry(), Precision.BF16, LEVEL) not in keys


def test_a_damaged_shard_of_frames_is_made_again(log: Path, tmp_path: Path) -> None:
    clips = toys.listed(toys.write_clips(tmp_path / "audio", LENGTHS))
    extract(toy, clips, tmp_path / "store", layer=LEVEL)
    whole = arrays(tmp_path / "store")
    log.unlink()
    victim = tmp_path / "store" / min(whole)
    victim.write_bytes(victim.read_bytes()[:-1] + b"\xff")
    extract(toy, clips, tmp_path / "store", layer=LEVEL)
    assert arrays(tmp_path / "store") == whole
    assert toys.calls(log)


def test_killed_and_resumed_frames_are_the_same_to_the_bit(log: Path, tmp_path: Path) -> None:
    lengths = np.random.default_rng(5).uniform(0.3, 2.2, 40).round(1)
    toys.write_clips(tmp_path / "audio", lengths)
    unbroken = toys.start(tmp_path / "audio", tmp_path / "one", tmp_path / "other", layer="level")
    unbroken.communicate()
    with toys.start(tmp_path / "audio", tmp_path / "two", log, delay=0.05, layer="level") as killed:
        while not arrays(tmp_path / "two"):
            time.sleep(0.01)
        killed.kill()
    assert 0 < len(arrays(tmp_path / "two")) < len(arrays(tmp_path / "one"))
    with toys.start(tmp_path / "audio", tmp_path / "two", log, layer="level") as resumed:
        resumed.communicate()
    assert arrays(tmp_path / "two") == arrays(tmp_path / "one")


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (lambda n: {"now": np.ones((n, 90, 1), np.float32)}, r"\(1, 90, 1\) for now, .*, 100, 1\)"),
        (lambda n: {"now": np.ones((n, 100, 2), np.float32)}, r"\(1, 100, 2\) for now"),
        (lambda n: {"now": np.ones((n, 1), np.float32)}, r"\(1, 1\) for now"),
        (lambda n: {"then": np.ones((n, 100, 1), np.float32)}, r"\(\) for now"),
        (lambda n: {"now": np.full((n, 100, 1), np.nan, np.float32)}, "returned NaN"),
    ],
)
def test_an_encoder_that_breaks_its_promise_of_frames(
    features: Callable[[int], Features], message: str
) -> None:
    class Broken(Encoder):
        def encode(self, audio: Audio) -> Features:
            return features(len(audio))

    with pytest.raises(EncoderError, match=message):
        readout.of(clock, NOW).read(Broken(), np.zeros((1, toys.RATE), np.float32))
