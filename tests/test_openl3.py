"""OpenL3: what the published code gives for weights that a formula makes, and its file's layout."""

import gzip
import sys
from pathlib import Path

import librosa
import numpy as np
import numpy.typing as npt
import pytest
import torch

from backbones import WeightsError
from backbones._networks.openl3 import DecibelMel, OpenL3
from backbones.openl3 import music
from bench import assets
from bench.testing import noise

h5py = pytest.importorskip("h5py", reason="the extra `hdf5` is not installed")

SHAPES = ((1, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512))
PARTS = ("gamma", "beta", "moving_mean", "moving_variance")

GOLDEN = (17.7447, 3.7921, 9.59225, 3.71165, 1.3843, 4.65769, 2.36817, 18.4024)
GOLDEN_6144 = (17.7447, 0.891898, 16.5766, -1.3394, 12.2746, -1.00117, 10.7525, -0.728305)
"""Evenly spaced numbers of the embeddings that openl3 0.4.2 with kapre 0.3.7 and TensorFlow 2.13.1
gave for `noise` and the weights of `drawn`, numbered from input to output. (Of a chirp, most bins
are no more than the rounding of a Fourier transform.)"""


def drawn(number: int, part: str, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Weights that a formula makes: about what training begins with."""
    x = np.sin(0.7 * number + 0.37 * np.arange(np.prod(shape)) ** 1.1).reshape(shape)
    if part == "kernel":
        x *= np.sqrt(3 / np.prod(shape[:3]))
    else:
        x = 0.1 * x + (part in {"gamma", "moving_variance"})
    found: npt.NDArray[np.float32] = x.astype(np.float32)
    return found


def weights() -> list[tuple[str, list[tuple[str, npt.NDArray[np.float32]]]]]:
    """(layer, [(part, array)]) in Keras' order and axes."""
    plan: list[tuple[str, tuple[tuple[str, tuple[int, ...]], ...]]] = []
    for index, (inputs, outputs) in enumerate(SHAPES):
        plan.append((f"batch_normalization_{index}", tuple((part, (inputs,)) for part in PARTS)))
        kernel = (("kernel", (3, 3, inputs, outputs)), ("bias", (outputs,)))
        plan.append((f"conv2d_{index}", kernel))
    found, number = [], 0
    for layer, parts in plan:
        found.append((layer, [(p, drawn(number + i, p, s)) for i, (p, s) in enumerate(parts)]))
        number += len(parts)
    return found


def saved(file: Path, *, without: str = "") -> Path:
    """As the published files are: HDF5 of Keras, gzipped, layers without weights among them."""
    plain = file.with_suffix("")
    layers = [layer for layer, _ in weights() if layer != without]
    with h5py.File(plain, "w") as held:
        held.attrs["layer_names"] = [b"input_1", *(layer.encode() for layer in layers)]
        held.create_group("input_1").attrs["weight_names"] = np.zeros(0)
        for layer, parts in weights():
            if layer != without:
                group = held.create_group(layer)
                group.attrs["weight_names"] = [f"{layer}/{part}:0".encode() for part, _ in parts]
                for part, array in parts:
                    group[f"{layer}/{part}:0"] = array
    file.write_bytes(gzip.compress(plain.read_bytes(), 0))
    return file


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("openl3") / "openl3_audio_mel256_music.h5.gz")


def test_it_gives_what_the_published_code_gives(file: Path) -> None:
    assert music.load is not None
    found = music.load(file).encode(noise(music, 1))
    for name, golden in (("embedding", GOLDEN), ("embedding-6144", GOLDEN_6144)):
        x = found[name][0, 0]
        np.testing.assert_allclose(x[:: len(x) // 8][:8], golden, rtol=1e-4, atol=1e-4)
    peaks = found["embedding-6144"].reshape(12, 512).max(0)
    np.testing.assert_array_equal(found["embedding"][0, 0], peaks)


def test_its_spectrogram_is_librosas() -> None:
    audio = noise(music, 2)
    audio[0, :24_000] *= 1e-5
    found = DecibelMel()(torch.from_numpy(audio))
    assert found.shape == (2, 256, 199)
    bands = librosa.filters.mel(sr=48_000, n_fft=2048, n_mels=256)
    for row, x in zip(audio, found, strict=True):
        longer = np.append(row, np.zeros(1964, np.float32))
        spectrum = librosa.stft(longer, n_fft=2048, hop_length=242, center=False)
        levels = 10 * np.log10(np.maximum(bands @ np.abs(spectrum), 1e-10))
        np.testing.assert_allclose(x, np.maximum(levels - levels.max(), -80), atol=1e-2)


def test_weights_are_loaded_whole_or_not_at_all(file: Path, tmp_path: Path) -> None:
    assert music.load is not None
    with pytest.raises(WeightsError, match=r"gz does not fit: .*parts\.25\.bias is missing"):
        music.load(saved(tmp_path / "short.h5.gz", without="conv2d_7"))
    cut = tmp_path / "cut.h5.gz"
    cut.write_bytes(file.read_bytes()[:100_000])
    with pytest.raises(WeightsError, match=r"cut\.h5\.gz is no file of weights that Keras wrote: "):
        music.load(cut)


def test_what_reads_it_is_an_extra(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert music.load is not None
    with pytest.raises(WeightsError, match=r"is read with h5py .*: run `pip install .*\[hdf5\]'`"):
        music.load(file)


def test_git_published_what_the_file_is_held_to() -> None:
    assert music.weights is not None
    assert assets.parse(music.weights).held_to == "git's blob id"
    assert sum(x.numel() for x in OpenL3().parameters()) == music.parameters
