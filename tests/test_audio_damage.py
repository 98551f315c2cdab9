"""Files that cannot be used: each is refused with one line that says what is wrong with it."""

import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench import audio
from bench.audio import BadAudioError
from tests.sounds import LOSSLESS, LOSSY, RATE, cut_at, spoil, tone, write, write_m4a, zero

SIZED = (*LOSSLESS, "rf64")


def reason(path: Path, start: float = 0.0, length: float | None = None) -> str:
    """Why the file is refused; the message is one line that begins with its path."""
    with pytest.raises(BadAudioError) as caught:
        audio.read(path, RATE, start, length)
    assert caught.value.path == path
    assert str(caught.value) == f"{path}: {caught.value.reason}"
    assert "\n" not in str(caught.value)
    assert caught.value.reason.count(str(path)) == 0
    return caught.value.reason


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers(value: float, tmp_path: Path) -> None:
    samples = tone()
    samples[1000, 1] = value
    path = tmp_path / "broken.wav"
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    assert reason(path) == "holds NaN or infinite samples"
    assert len(audio.read(path, RATE, start=1.0)) == 3 * RATE


def test_silence(tmp_path: Path) -> None:
    assert reason(write(tmp_path, "wav", np.zeros(RATE))) == "silent"
    quiet = np.zeros(RATE)
    quiet[5] = 2**-15
    assert reason(write(tmp_path, "wav", quiet)) == "silent"
    quiet[5] = 2**-14
    assert np.abs(audio.read(write(tmp_path, "wav", quiet), RATE)).max() == 2**-14
    half = np.concatenate([np.zeros(RATE), tone(1.0)[:, 0]])
    assert reason(write(tmp_path, "wav", half), 0.0, 0.5) == "silent"


def test_no_file_and_nothing_in_it(tmp_path: Path) -> None:
    assert reason(tmp_path / "gone.wav") == "missing"
    assert reason(tmp_path) == "missing"
    (tmp_path / "empty.wav").touch()
    assert reason(tmp_path / "empty.wav") == "empty file"
    assert "expected more" in reason(write(tmp_path, "wav", np.zeros((0, 1))))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("suffix", [*SIZED, *LOSSY])
def test_a_truncated_file(suffix: str, share: float, tmp_path: Path) -> None:
    path = spoil(write(tmp_path, suffix), cut_at(share))
    assert reason(path).startswith("truncated: ")


@pytest.mark.parametrize("suffix", [*SIZED, *LOSSY])
def test_a_file_cut_in_its_header(suffix: str, tmp_path: Path) -> None:
    path = write(tmp_path, suffix)
    spoil(path, lambda data: data.__delitem__(slice(60, None)))
    assert reason(path).split(":")[0].split()[0] in {"truncated", "corrupt", "unreadable"}


def test_an_ogg_file_cut_in_its_last_page(tmp_path: Path) -> None:
    path = write(tmp_path, "ogg")
    last = path.read_bytes().rindex(b"OggS")
    spoil(path, lambda data: data.__delitem__(slice(last + 40, None)))
    assert reason(path).startswith("truncated: ")


def test_an_ogg_file_without_its_last_page(tmp_path: Path) -> None:
    path = write(tmp_path, "ogg")
    last = path.read_bytes().rindex(b"OggS")
    spoil(path, lambda data: data.__delitem__(slice(last, None)))
    assert "before its end" in reason(path)


@pytest.mark.parametrize("suffix", ["flac", "mp3", "ogg"])
def test_a_hole_in_the_middle(suffix: str, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="damaged files need PyAV: pip install 'mulap-bench[av]'")
    path = spoil(write(tmp_path, suffix), zero(0.5, 12_000))
    assert reason(path).startswith("truncated: ")


def test_a_file_that_is_something_else(tmp_path: Path) -> None:
    for suffix in ("wav", "flac", "mp3", "ogg", "au", "m4a"):
        path = tmp_path / f"page.{suffix}"
        path.write_bytes(b"<html>404 not found</html>" * 100)
        assert reason(path).startswith(("corrupt: ", "unreadable: "))


def test_a_header_that_declares_the_impossible(tmp_path: Path) -> None:
    path = write(tmp_path, "flac")
    spoil(path, lambda data: data.__setitem__(slice(22, 26), b"\xff\xff\xff\xff"))
    assert reason(path).startswith(("truncated: ", "corrupt: "))


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_gives_samples_or_a_reason(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    suffix = str(rng.choice([*SIZED, *LOSSY]))
    path = write(tmp_path, suffix, tone(1.0))
    data = bytearray(path.read_bytes())
    for at in rng.integers(0, rng.choice([100, len(data)]), rng.integers(1, 20)):
        data[at] = rng.integers(256)
    path.write_bytes(data)
    with suppress(BadAudioError):
        found = audio.read(path, RATE)
        assert np.isfinite(found).all()
        assert len(found) > 0


def test_a_truncated_m4a(tmp_path: Path) -> None:
    path = spoil(write_m4a(tmp_path), cut_at(0.5))
    assert reason(path).startswith(("truncated: ", "corrupt: "))


def test_a_flac_with_one_broken_frame_is_salvaged(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="salvaging needs PyAV: pip install 'mulap-bench[av]'")
    samples = tone(60.0)
    path = spoil(write(tmp_path, "flac", samples), zero(0.5, 200))
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.read(path)
    found = audio.read(path, RATE)
    assert 0.99 * 60 * RATE <= len(found) < 60 * RATE
    np.testing.assert_allclose(found[:RATE], samples[:RATE].mean(axis=1), atol=2**-15)


def test_a_flac_without_a_header_promises_nothing(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="salvaging needs PyAV: pip install 'mulap-bench[av]'")
    path = spoil(write(tmp_path, "flac"), zero(0.0, 300))
    assert reason(path).startswith("corrupt: ")


def test_without_pyav_one_line_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    header = tmp_path / "song.wma"
    header.write_bytes(bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(500))
    damaged = spoil(write(tmp_path, "flac"), zero(0.5, 200))
    for path in (header, damaged):
        assert reason(path).startswith("unreadable: ")
        assert "pip install 'mulap-bench[av]'" in reason(path)


@pytest.mark.parametrize("suffix", ["mp3", "wav", "flac", "ogg", "aiff", "m4a"])
def test_a_saved_web_page_is_no_audio(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"page.{suffix}"
    path.write_text("<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n" * 50)
    assert reason(path) in {
        "corrupt: no audio that libsndfile or PyAV can read",
        "corrupt: no audio that libsndfile can read; it declares no length",
    }


def test_libsndfile_s_words_stay_where_they_tell_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "wav", tone())
    path.write_bytes(path.read_bytes()[:36].replace(b"fmt ", b"fxt "))
    said = reason(path)
    assert said.startswith("corrupt: no audio that libsndfile or PyAV can read: ")
    assert not said.endswith(".")
    with pytest.raises(soundfile.LibsndfileError) as told:
        soundfile.info(path)
    assert said.endswith(told.value.error_string.rstrip("."))
