"""WAV of 16 bits is read as libsndfile reads it, and nothing else is taken for it."""

import io
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench import audio, pcm
from bench.audio import BadAudioError

RATE = 22_050


def content(channels: int, kind: str = "WAV", subtype: str = "PCM_16") -> bytes:
    """A hundredth of a second of every loudness, from the least sample to the greatest."""
    rng = np.random.default_rng(channels)
    samples = rng.integers(-(2**15), 2**15, (220, channels), dtype=np.int16)
    samples[:2] = [[-(2**15)], [2**15 - 1]]
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, subtype, format=kind)
    return file.getvalue()


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_samples_are_those_of_libsndfile_to_the_bit(channels: int, tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(content(channels) + b"LIST\4\0\0\0INFO")
    for given in (path, io.BytesIO(path.read_bytes())):
        found = pcm.read(given)
        assert found is not None
        expected, rate = soundfile.read(path, dtype="float32", always_2d=True)
        np.testing.assert_array_equal(found[0], expected)
        assert found[0].dtype == np.float32
        assert found[1] == rate == RATE
        found[0][0] = 0  # its own memory


@pytest.mark.parametrize(
    "other",
    [
        *(content(1, "WAV", name) for name in ("PCM_U8", "PCM_24", "PCM_32", "FLOAT", "ULAW")),
        *(content(1, name) for name in ("FLAC", "AIFF", "RF64", "W64")),
        content(1)[:-1],
        content(1)[:40],
        content(1)[:24] + bytes(4) + content(1)[28:],
        content(1)[:4] + (20).to_bytes(4, "little") + content(1)[8:],
        b"",
    ],
)
def test_anything_else_is_left_to_libsndfile(other: bytes) -> None:
    assert pcm.read(io.BytesIO(other)) is None


def test_a_header_with_channels_that_are_named_changes_nothing(tmp_path: Path) -> None:
    """Which `wave` reads from Python 3.12 on."""
    (tmp_path / "x.wav").write_bytes(content(2, "WAVEX"))
    (tmp_path / "y.wav").write_bytes(content(2))
    one, other = (audio.decoded(tmp_path / name)[0] for name in ("x.wav", "y.wav"))
    np.testing.assert_array_equal(one, other)


def test_a_large_file_is_not_held_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcm, "MOST", 439)
    assert pcm.read(io.BytesIO(content(1))) is None


def test_a_damaged_header_gives_what_libsndfile_gives(tmp_path: Path) -> None:
    rng, path, alike = np.random.default_rng(0), tmp_path / "x.wav", 0
    for _ in range(300):
        damaged = bytearray(content(2))
        for place in rng.integers(0, 48, 1 + rng.integers(3)):
            damaged[place] = rng.choice([0, 1, 2, 255, int(rng.integers(256))])
        path.write_bytes(damaged)
        with suppress(BadAudioError, soundfile.LibsndfileError):
            found, rate = audio.decoded(path)
            expected, native = soundfile.read(path, dtype="float32", always_2d=True)
            np.testing.assert_array_equal(found, expected.sum(1) / expected.shape[1])
            assert rate == native
            alike += pcm.read(path) is not None
    assert alike > 20
