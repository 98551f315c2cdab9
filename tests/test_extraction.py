"""Extraction: the right features, each computed once, whatever happens on the way."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from backbones import Audio, Backbone, Encoder, Features, Layer, Precision
from backbones.melstats import melstats
from bench import audio, extraction
from bench.readout import EncoderError
from bench.registry import Entry
from bench.store import Store
from tasks import Clip
from tests import toys
from tests.toys import CPU, arrays, entry, extract, windows_of

LENGTHS = (0.05, 0.4, 0.5, 0.5, 0.7, 1.0, 1.0, 1.0, 1.3, 2.0, 2.5, 3.1)
EVERYTHING = slice(None)


def directly(card: Backbone, path: Path) -> np.ndarray:
    encoder = card.build()
    rows = [encoder.summarise(window[None]) for window in windows_of(card, path)]
    return np.stack([np.concatenate([x[0, 0] for x in row.values()]) for row in rows])


@pytest.mark.parametrize(
    "card",
    [
        toys.toy,
        replace(toys.toy, window=None),
        replace(toys.toy, window=1.0, hop=0.3),
        replace(toys.toy, sample_rate=6_000),
        melstats,
    ],
    ids=["windows", "whole clips", "overlapping", "resampled", "melstats"],
)
def test_features_are_those_of_the_encoder(card: Backbone, log: Path, tmp_path: Path) -> None:
    paths = toys.write_clips(tmp_path / "audio", LENGTHS)
    clips = toys.listed(paths)
    assert extract(card, clips, tmp_path / "store") == []
    rows = Store(tmp_path / "store").read(list(clips), EVERYTHING)
    for path, found in zip(paths, rows, strict=True):
        np.testing.assert_allclose(found, directly(card, path), atol=1e-4)
    assert log.exists() == (card is not melstats)


@pytest.mark.parametrize("batch_seconds", [0.1, 1.0, 2.5, 1000.0])
@pytest.mark.parametrize("window", [1.0, None])
def test_a_batch_has_one_length_and_a_limit(
    window: float | None, batch_seconds: float, log: Path, tmp_path: Path
) -> None:
    card = replace(toys.toy, window=window)
    paths = toys.write_clips(tmp_path / "audio", LENGTHS)
    samples = {toys.row_digest(w): len(w) for path in paths for w in windows_of(card, path)}
    extract(card, toys.listed(paths), tmp_path / "store", replace(CPU, batch_seconds=batch_seconds))
    assert toys.encoded(log) == dict.fromkeys(samples, 1)
    for call in toys.calls(log):
        assert len({samples[row] for row in call}) == 1
        assert len(call) == 1 or len(call) * samples[call[0]] <= batch_seconds * toys.RATE
    if batch_seconds > 1:
        assert any(len(call) > 1 for call in toys.calls(log))


def test_the_batch_size_does_not_show(log: Path, tmp_path: Path) -> None:
    clips = toys.listed(toys.write_clips(tmp_path / "audio", LENGTHS))
    for seconds in (0.1, 1000.0):
        settings = replace(CPU, batch_seconds=seconds)
        extract(melstats, clips, tmp_path / f"store {seconds}", settings)
    small, large = (
        np.concatenate(Store(tmp_path / f"store {seconds}").read(list(clips), EVERYTHING))
        for seconds in (0.1, 1000.0)
    )
    np.testing.assert_allclose(small, large, atol=1e-5)
    assert not log.exists()


def test_what_was_encoded_is_not_encoded_again(log: Path, tmp_path: Path) -> None:
    paths = toys.write_clips(tmp_path / "audio", LENGTHS)
    store = tmp_path / "store"
    extract(toys.toy, toys.listed(paths), store)
    before = toys.calls(log)
    assert before
    for path in paths:
        path.touch()
    extract(toys.toy, toys.listed(paths), store)
    copies = [Path(shutil.copy(p, tmp_path / f"another task {p.name}")) for p in paths]
    extract(toys.toy, toys.listed(copies[::-1]), store)
    assert toys.calls(log) == before


def test_another_content_under_the_same_name_is_encoded(log: Path, tmp_path: Path) -> None:
    paths = toys.write_clips(tmp_path / "audio", LENGTHS)
    extract(toys.toy, toys.listed(paths), tmp_path / "store")
    log.unlink()
    changed = toys.write_clips(tmp_path / "other", [1.0], seed=9)[0]
    shutil.copy(changed, paths[3])
    clips = toys.listed(paths)
    extract(toys.toy, clips, tmp_path / "store")
    assert len(toys.calls(log)) == 1
    found = Store(tmp_path / "store").read([list(clips)[3]], EVERYTHING)[0]
    np.testing.assert_allclose(found, directly(toys.toy, changed), atol=1e-5)


def test_a_damaged_shard_is_made_again(log: Path, tmp_path: Path) -> None:
    clips = toys.listed(toys.write_clips(tmp_path / "audio", LENGTHS))
    extract(toys.toy, clips, tmp_path / "store")
    whole = arrays(tmp_path / "store")
    log.unlink()
    victim = tmp_path / "store" / min(whole)
    victim.write_bytes(victim.read_bytes()[:-1] + b"\xff")
    extract(toys.toy, clips, tmp_path / "store")
    assert arrays(tmp_path / "store") == whole
    assert (
        0 < len(toys.encoded(log)) < sum(len(windows_of(toys.toy, c.path)) for c in clips.values())
    )


def stretch(path: Path, begin: float, seconds: float | None) -> Clip:
    return replace(toys.listed([path]).popitem()[1], start=begin, seconds=seconds)


def test_clips_of_one_file_are_told_apart(log: Path, tmp_path: Path) -> None:
    path = toys.write_clips(tmp_path / "audio", [5.0])[0]
    times = [(0.0, 1.0), (0.0, 2.0), (1.5, 1.0), (1.50001, 1.0), (1234.567, 1), (1234.571, 1)]
    keys = [extraction.clip_key(stretch(path, *each), "content") for each in times]
    assert len(set(keys)) == len(times)
    assert extraction.clip_key(stretch(path, 1, 1), "c") == extraction.clip_key(
        stretch(path, 1.0, 1.0), "c"
    )
    clips = {key: stretch(path, *each) for key, each in list(zip(keys, times, strict=True))[:3]}
    extract(toys.toy, clips, tmp_path / "store")
    samples = audio.read(path, toys.RATE)
    found = Store(tmp_path / "store").read(keys[:3], EVERYTHING)
    assert [len(rows) for rows in found] == [1, 2, 1]
    expected = toys.Toy().summarise(samples[None, 12_000:20_000])["bands"][0]
    np.testing.assert_allclose(found[2][:, 2:], expected, atol=1e-5)
    assert log.exists()


WEIGHTS = f"pkg:pypi/w@1?checksum=sha256:{'0' * 64}"


@pytest.mark.parametrize(
    "change",
    [
        lambda card: replace(card, weights=WEIGHTS, load=lambda _: toys.Toy()),
        lambda card: replace(card, window=2.0),
        lambda card: replace(card, hop=0.5),
        lambda card: replace(card, shortest=0.2),
        lambda card: replace(card, sample_rate=16_000),
        lambda card: replace(card, version=2),
        lambda card: replace(card, layers=card.layers[::-1]),
    ],
)
def test_the_key_follows_what_makes_the_features(change: Callable[[Backbone], Backbone]) -> None:
    before = extraction.key_of(entry(), Precision.FP32)
    assert extraction.key_of(entry(change(toys.toy)), Precision.FP32) != before


def test_the_key_follows_precision_name_and_code_but_no_path(tmp_path: Path) -> None:
    key = extraction.key_of(entry(), Precision.FP32)
    assert extraction.key_of(entry(), Precision.BF16) != key
    assert extraction.key_of(entry(replace(toys.toy, name="other")), Precision.FP32) != key
    copy = Path(shutil.copy(toys.__file__, tmp_path / "renamed.py"))
    assert extraction.key_of(Entry(toys.toy, copy), Precision.FP32) == key
    edited = copy.with_name("edited.py")
    edited.write_text(f"{copy.read_text()}\nEXTRA = 1\n")
    assert extraction.key_of(Entry(toys.toy, edited), Precision.FP32) != key


class Broken(Encoder):
    """Returns what it was told to."""

    def __init__(self, features: Callable[[int], Features]) -> None:
        self.features = features

    def encode(self, audio: Audio) -> Features:
        """(batch, samples) → whatever."""
        return self.features(len(audio))


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (lambda n: {"a": ones(n, 1, 3)}, r"broken returned .*\(., 1, 3\).* promises .*\(., 1, 2\)"),
        (lambda n: {"b": ones(n, 1, 2)}, "broken returned .*'b'.* promises .*'a'"),
        (lambda _: {"a": ones(1, 1, 2)}, "broken returned .* promises"),
        (lambda n: {"a": ones(n, 4, 2) * np.nan}, "broken returned NaN, or features that float32"),
        (lambda n: {"a": ones(n, 1, 2) * np.inf}, "broken returned NaN, or features that float32"),
        (
            lambda n: {"a": np.full((n, 1, 2), 1e39)},
            "broken returned NaN, or features that float32",
        ),
        (lambda n: {"a": ones(n, 1, 2) * 1j}, "broken returned complex64 features, expected"),
    ],
)
def test_an_encoder_that_breaks_its_promise(
    features: Callable[[int], Features], message: str, tmp_path: Path
) -> None:
    card = replace(
        toys.toy,
        name="broken",
        layers=(Layer("a", 2),),
        default="a",
        build=lambda: Broken(features),
    )
    clips = toys.listed(toys.write_clips(tmp_path / "audio", [1.0, 1.0]))
    with pytest.raises(EncoderError, match=message):
        extract(card, clips, tmp_path / "store")
    assert arrays(tmp_path / "store") == {}


class Small(toys.Toy):
    """A device that holds two windows."""

    def encode(self, audio: Audio) -> Features:
        """See `Toy.encode`."""
        if len(audio) > 2:
            raise torch.OutOfMemoryError
        return super().encode(audio)


def test_a_batch_that_does_not_fit_is_halved(log: Path, tmp_path: Path) -> None:
    clips = toys.listed(toys.write_clips(tmp_path / "audio", [1.0] * 5))
    settings = replace(CPU, batch_seconds=100)
    extract(toys.toy, clips, tmp_path / "whole", settings)
    log.unlink()
    extract(replace(toys.toy, build=Small), clips, tmp_path / "halves", settings)
    assert arrays(tmp_path / "halves") == arrays(tmp_path / "whole")
    assert max(toys.encoded(log).values()) == 1


class Tiny(toys.Toy):
    """A device that holds nothing."""

    def encode(self, audio: Audio) -> Features:
        """Fail."""
        message = f"{len(audio)} windows"
        raise torch.OutOfMemoryError(message)


def test_a_window_that_does_not_fit_is_an_error(log: Path, tmp_path: Path) -> None:
    clips = toys.listed(toys.write_clips(tmp_path / "audio", [1.0] * 5))
    with pytest.raises(torch.OutOfMemoryError, match="1 windows"):
        extract(replace(toys.toy, build=Tiny), clips, tmp_path / "store")
    assert not log.exists()


def test_cost_is_that_of_the_audio(log: Path, tmp_path: Path) -> None:
    clips = toys.listed(toys.write_clips(tmp_path / "audio", [1.0, 2.0, 3.0]))
    extract(toys.toy, clips, tmp_path / "store")
    cost = Store(tmp_path / "store").cost(clips)
    assert cost.audio_seconds == pytest.approx(6)
    assert cost.device == "cpu"
    assert cost.encode_seconds > 0
    assert log.exists()


def test_auto_is_a_device_that_is_there() -> None:
    assert extraction.resolve("auto") in {"cpu", "cuda", "mps"}
    assert extraction.resolve("cpu") == "cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(extraction.DeviceError, match="device 'cuda:1' was asked for, but torch"):
        extraction.resolve("cuda:1")
