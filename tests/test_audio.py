"""Reading audio: the right samples of every format, and windows that cover them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given
from hypothesis import strategies as st

from bench import audio
from bench.audio import BadAudioError, Samples
from tests.sounds import LOSSLESS, LOSSY, RATE, SECONDS, spoil, tone, write, write_m4a


def is_tone(samples: Samples, rate: int) -> bool:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return bool(abs(spectrum.argmax() * rate / len(samples) - 440) < 1)


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_lossless_stereo_becomes_the_mean_of_its_channels(suffix: str, tmp_path: Path) -> None:
    found = audio.read(write(tmp_path, suffix), RATE)
    np.testing.assert_allclose(found, tone().mean(axis=1), atol=2**-15)
    assert found.dtype == np.float32
    assert audio.seconds(tmp_path / f"tone.{suffix}") == SECONDS


@pytest.mark.parametrize("suffix", LOSSY)
def test_lossy_stereo_is_the_same_tone(suffix: str, tmp_path: Path) -> None:
    found = audio.read(write(tmp_path, suffix), RATE)
    assert abs(len(found) - SECONDS * RATE) <= 2
    assert is_tone(found, RATE)
    assert np.corrcoef(found, tone().mean(axis=1)[: len(found)])[0, 1] > 0.98
    assert audio.seconds(tmp_path / f"tone.{suffix}") == pytest.approx(SECONDS, abs=1e-3)


def test_six_channels_count_alike(tmp_path: Path) -> None:
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, (1000, 6))
    found = audio.read(write(tmp_path, "wav", samples), RATE)
    np.testing.assert_allclose(found, samples.mean(axis=1), atol=2**-15)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 48_000])
def test_another_rate_is_that_of_soxr(rate: int, tmp_path: Path) -> None:
    found = audio.read(write(tmp_path, "flac"), rate)
    expected = soxr.resample(tone().mean(axis=1), RATE, rate, quality="HQ")
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert is_tone(found, rate)


def test_samples_beyond_full_scale_are_clipped(tmp_path: Path) -> None:
    path = tmp_path / "loud.wav"
    soundfile.write(path, 4 * tone(), RATE, subtype="FLOAT")
    found = audio.read(path, RATE)
    np.testing.assert_allclose(found, np.clip(4 * tone().mean(axis=1), -1, 1), atol=1e-6)


def test_a_stretch_begins_and_ends_where_told(tmp_path: Path) -> None:
    path = write(tmp_path, "flac")
    whole = audio.read(path, RATE)
    np.testing.assert_array_equal(audio.read(path, RATE, 1.5, 0.25), whole[36_000:42_000])
    np.testing.assert_array_equal(audio.read(path, RATE, 3.0), whole[72_000:])
    assert len(audio.read(path, 16_000, 1.5, 0.25)) == 4000


@pytest.mark.parametrize(
    ("start", "length", "message"),
    [
        (3.0, 2.0, r"1\.00 s from 3\.00 s on, expected 2\.00 s"),
        (9.0, 1.0, r"0\.00 s from 9\.00 s on, expected 1\.00 s"),
        (9.0, None, r"0\.00 s from 9\.00 s on, expected more"),
    ],
)
def test_a_stretch_that_is_not_there(
    start: float, length: float | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(BadAudioError, match=message):
        audio.read(write(tmp_path, "wav"), RATE, start, length)


def test_a_stretch_may_lack_a_hundredth(tmp_path: Path) -> None:
    assert len(audio.read(write(tmp_path, "wav"), RATE, 2.01, 2.0)) == round(1.99 * RATE)


@pytest.mark.parametrize("size", [b"\xff\xff\xff\xff", b"\x24\xf0\xff\x7f"])
def test_a_wav_stream_that_knows_no_size_is_whole(size: bytes, tmp_path: Path) -> None:
    path = write(tmp_path, "wav")
    spoil(path, lambda data: data.__setitem__(slice(4, 8), size))
    assert len(audio.read(path, RATE)) == SECONDS * RATE


def test_a_wav_size_that_is_a_few_bytes_off_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path, "wav")
    size = (path.stat().st_size + 36).to_bytes(4, "little")
    spoil(path, lambda data: data.__setitem__(slice(4, 8), size))
    assert len(audio.read(path, RATE)) == SECONDS * RATE


@pytest.mark.skipif(sys.platform != "linux", reason="file systems refuse such names")
def test_a_name_that_is_no_utf_8_is_read_as_any(tmp_path: Path) -> None:
    path = write(tmp_path, "wav")
    odd = path.rename(os.fsdecode(os.fsencode(path) + b"\xff.wav"))
    np.testing.assert_array_equal(audio.read(odd, RATE), audio.read(write(tmp_path, "wav"), RATE))


def test_m4a_is_read_by_pyav(tmp_path: Path) -> None:
    path = write_m4a(tmp_path)
    found = audio.read(path, RATE)
    assert len(found) == pytest.approx(SECONDS * RATE, abs=2048)
    assert is_tone(found[: 3 * RATE], RATE)
    assert found[2048:90_000].std() == pytest.approx(tone().mean(axis=1).std(), rel=0.02)
    assert audio.seconds(path) == pytest.approx(SECONDS, abs=0.1)


def test_metadata_that_is_no_text(tmp_path: Path) -> None:
    path = write_m4a(tmp_path)
    spoil(path, lambda data: data.__setitem__(slice(8, 12), b"M4A\xff"))
    assert len(audio.read(path, RATE)) == pytest.approx(SECONDS * RATE, abs=2048)


def test_pyav_is_imported_only_where_it_is_needed(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from bench import audio;"
        "audio.read(Path(sys.argv[1]), 16000); print('av' in sys.modules, 'torch' in sys.modules)"
    )
    command = [sys.executable, "-c", program, str(write(tmp_path, "mp3"))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


@given(
    size=st.integers(1, 500),
    window=st.none() | st.floats(0.1, 3.0),
    overlap=st.none() | st.floats(0.1, 1.0),
    shortest=st.floats(0.0, 0.1),
)
def test_windows_cover_a_clip_without_padding(
    size: int, window: float | None, overlap: float | None, shortest: float
) -> None:
    rate = 100
    clip = np.arange(1, size + 1, dtype=np.float32)
    hop = None if window is None or overlap is None else overlap * window
    windows = audio.cut(clip, rate, window, hop, shortest)
    if size < round(shortest * rate):
        padding = np.zeros(round(shortest * rate) - size, np.float32)
        np.testing.assert_array_equal(windows, [np.concatenate([clip, padding])])
        return
    length = size if window is None else min(size, round(window * rate))
    assert {len(each) for each in windows} == {length}
    starts = [int(each[0]) - 1 for each in windows]
    for start, each in zip(starts, windows, strict=True):
        np.testing.assert_array_equal(each, clip[start : start + length])
    assert starts[0] == 0
    assert starts[-1] + length == size
    step = length if hop is None else round(hop * rate)
    steps = np.diff(starts)
    assert (steps[:-1] == step).all()
    assert (steps[-1:] <= step).all()
    assert (steps > 0).all()


def test_windows_that_fit_do_not_overlap() -> None:
    clip = np.arange(10, dtype=np.float32)
    np.testing.assert_array_equal(audio.cut(clip, 1, 5, None, 0), [clip[:5], clip[5:]])
    np.testing.assert_array_equal(audio.cut(clip, 1, 4, None, 0), [clip[:4], clip[4:8], clip[6:]])
    assert len(audio.cut(clip, 1, 4, 2, 0)) == 4
    np.testing.assert_array_equal(audio.cut(clip, 1, None, None, 0), [clip])
    np.testing.assert_array_equal(audio.cut(clip, 1, 20, None, 0), [clip])
    np.testing.assert_array_equal(audio.cut(clip, 1, 20, None, 12), [np.pad(clip, (0, 2))])
