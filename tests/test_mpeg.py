"""Mp3 without a length of its own is decoded to its end; tags in front change no sample."""

import io
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from bench import audio, mpeg

ID3 = b"ID3\3\0\0\0\0\1\0" + bytes(128)
LEAD = 576
"""Samples of the encoder's delay, which a header of its own would have had left out."""

FRAME = {44_100: 1152, 48_000: 1152, 22_050: 576, 16_000: 576, 11_025: 576}
"""Samples a frame, by sample rate."""


def mp3(rate: int, channels: int, mode: str = "VARIABLE") -> bytes:
    """Three seconds, the first half quiet: few bits at first, many later."""
    rng, count = np.random.default_rng(rate), 3 * rate
    loudness = np.where(np.arange(count) < count // 2, 1e-4, 0.2)
    samples = rng.normal(size=(count, channels)) * loudness[:, None]
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="MP3", bitrate_mode=mode, compression_level=0.3)
    return file.getvalue()


def headless(whole: bytes) -> bytes:
    """Without the first frame, which says how many there are."""
    return whole[whole.index(whole[:2], whole.index(b"Xing")) :]


@pytest.mark.parametrize("tag", [b"", ID3, ID3 + ID3])
@pytest.mark.parametrize(("rate", "channels"), [(r, c) for r in FRAME for c in (1, 2)])
def test_a_stream_without_a_length_is_decoded_to_its_end(
    rate: int, channels: int, tag: bytes, tmp_path: Path
) -> None:
    whole = mp3(rate, channels)
    path = tmp_path / "x.mp3"
    path.write_bytes(tag + headless(whole))
    expected = soundfile.read(io.BytesIO(whole), dtype="float32", always_2d=True)[0].mean(1)
    found, native = audio.decoded(path)
    assert native == rate
    with av.open(io.BytesIO(path.read_bytes()), "r") as container:
        frames = sum(frame.samples for frame in container.decode(container.streams.audio[0]))
    assert frames - FRAME[rate] <= len(found) <= frames
    assert audio.seconds(path) == pytest.approx(len(found) / rate)
    aligned = found[LEAD:][: len(expected)]
    assert len(aligned) > len(expected) - FRAME[rate]
    np.testing.assert_allclose(aligned, expected[: len(aligned)], atol=1e-6)


@pytest.mark.parametrize(
    "other",
    [
        mp3(44_100, 1),
        mp3(22_050, 2, "CONSTANT"),
        headless(mp3(22_050, 2))[:40],
        headless(mp3(22_050, 2))[:4000] + bytes(4000),
        b"\xff\xfb\xf0\0" * 100,
        b"\xff\xff\xff\xff" * 100,
        ID3 + b"RIFF",
        b"ID3",
        b"",
    ],
)
def test_any_other_stream_is_left_as_it_is(other: bytes) -> None:
    assert mpeg.with_length(other) is None


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "FLAC", "MP3"])
def test_a_tag_in_front_changes_no_sample(kind: str, tmp_path: Path) -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, 16_000)
    file = io.BytesIO()
    soundfile.write(file, samples, 16_000, format=kind)
    (tmp_path / "plain").write_bytes(file.getvalue())
    (tmp_path / "tagged").write_bytes(ID3 + file.getvalue())
    plain, tagged = (audio.decoded(tmp_path / name)[0] for name in ("plain", "tagged"))
    np.testing.assert_array_equal(plain, tagged)
