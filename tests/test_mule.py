"""MULE in narrow: what the published code gives for weights that a formula makes, and its file."""

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import librosa
import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from backbones import Backbone, Layer, WeightsError
from backbones._networks.mule import Mule, NormalisedMel
from backbones._networks.nfnet import Block, Convolution, Sizes, SlowFast
from backbones._networks.seeded import seeded
from backbones._torch import TorchEncoder
from backbones.mule import mule
from bench.testing import BACKBONE_CHECKS, Check, noise

h5py = pytest.importorskip("h5py", reason="the extra `hdf5` is not installed")

Numbers = npt.NDArray[np.float64]

NARROW = partial(
    SlowFast,
    Sizes((4, 8, 16, 32), (3, 1), (2, 8), (64, 128, 192, 192), 16),
    Sizes((2, 2, 6, 6), (3, 3), (2, 2), (12, 24, 36, 36), 6),
    ((10, 24), (10, 40), (20, 80), (30, 100)),
)
GAINS = (*(64, 128, 128, *[192] * 9), *(12, 24, 24, *[36] * 9))
"""Channels that the gains of the blocks scale."""
SLOW = (0.00540216, 0.010132, 0.0390746, -0.0395025, 0.0389677, 0.115148, 0.158158)
FAST = (-0.035641, 0.065576, -0.0509947, 0.0149767, 0.0352323, -0.0655777, 0.116698, -0.0966728)
"""Numbers 0, 28, 56, … and 192, 197, 202, … of what sxmp-mule 1.1.2 on TensorFlow 2.13.1 and
librosa 0.9.2 gave for `noise` of 3 s, its sizes replaced by those of `NARROW` and its weights by
`drawn`, numbered as it makes its layers: both stems, both paths, the fusions."""


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backbones._networks.mule.SlowFast", NARROW)


def drawn(number: int, shape: tuple[int, ...]) -> Numbers:
    """Weights that a formula makes, in the axes of Keras."""
    fan_in = np.prod(shape[:-1]) if len(shape) > 1 else 300
    waves = np.sin(0.7 * number + 0.37 * np.arange(int(np.prod(shape))) ** 1.1)
    found: Numbers = waves.reshape(shape) * np.sqrt(3 / fan_in)
    return found


def variables(module: nn.Module) -> list[tuple[str, list[tuple[str, Numbers, float]]]]:
    """(kind, [(place, shaped like this, about this)]) of what is in a convolution or a block."""
    if isinstance(module, Convolution):
        kernel = np.zeros([*module.weight.shape[2:], *module.weight.shape[1::-1]])
        ends = np.zeros(kernel.shape[-1])
        parts = [("vars/0", kernel, 0.0), ("vars/1", ends, 1.0), ("layer/vars/0", ends, 0.0)]
        return [("weight_standardization", parts)]
    if isinstance(module, nn.Linear):
        kernel = np.zeros(module.weight.shape[::-1])
        return [("dense", [("vars/0", kernel, 0.0), ("vars/1", kernel[0], 0.0)])]
    assert isinstance(module, Block)
    inside = [*module.convolutions, module.squeeze, module.excite]
    gain = ("scalar_multiply", [("vars/0", np.zeros(()), 1.0)])
    skip = variables(module.skip) if module.skip is not None else []
    return [*(each for one in inside for each in variables(one)), gain, *skip]


def made(network: SlowFast) -> Iterator[nn.Module]:
    """Convolutions and blocks in the order in which the published code makes them."""
    yield from (*network.slow.stem, *network.fast.stem)
    for path in (network.slow, network.fast):
        yield from (block for stage in path.stages for block in stage.children())
    yield from (convolution for fusion in network.fusion for convolution in fusion.children())


def saved(file: Path, *, without: str = "", channels: Sequence[int] | None = None) -> Path:
    """As the published file is: a zip with the layers' settings and, in HDF5, their variables."""
    buffer, number = io.BytesIO(), 0
    counts: dict[str, int] = {}
    with h5py.File(buffer, "w") as held:
        for kind, parts in (each for module in made(NARROW()) for each in variables(module)):
            count = counts[kind] = counts.get(kind, -2) + 2  # Keras counts every layer twice
            for place, like, about in parts:
                path = (
                    f"_layer_checkpoint_dependencies/{kind}{f'_{count}' if count else ''}/{place}"
                )
                if path != without:
                    held[path] = (about + drawn(number, like.shape)).astype(np.float32)
                number += 1
    gains = GAINS if channels is None else channels
    scaled = [(True, each) for each in gains] + [(False, 36)]
    config: list[dict[str, object]] = [
        {
            "class_name": "ScalarMultiply",
            "config": {"learnable": learnable},
            "build_config": {"input_shape": [None, 6, 75, each]},
        }
        for learnable, each in scaled
    ]
    config.append({"class_name": "InputLayer", "config": {}, "build_config": None})
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", json.dumps({"config": {"layers": config}}))
        archive.writestr("model.weights.h5", buffer.getvalue())
    return file


def test_it_gives_what_the_published_code_gives(tmp_path: Path) -> None:
    assert mule.load is not None
    found = mule.load(saved(tmp_path / "model.keras")).encode(noise(mule, 1))["embedding"][0, 0]
    np.testing.assert_allclose(found[:192:28], SLOW, atol=2e-5)
    np.testing.assert_allclose(found[192::5], FAST, atol=2e-5)


def test_its_spectrogram_is_librosas() -> None:
    audio = noise(mule, 2)
    audio[0, :24_000] *= 1e-3
    found = NormalisedMel()(torch.from_numpy(audio))
    for row, x in zip(audio, found, strict=True):
        mel = librosa.feature.melspectrogram(
            y=row, sr=16_000, n_fft=2048, win_length=400, hop_length=160, n_mels=96, fmax=8000,
            htk=True, norm=2.0, pad_mode="reflect",
        )  # fmt: skip
        levels = np.log10(1 + 10_000 * mel[:, :300])
        expected = (levels - levels.mean()) / levels.std()
        np.testing.assert_allclose(x[0], expected, atol=1e-4)


def test_published_weights_are_loaded_whole_or_not_at_all(tmp_path: Path) -> None:
    assert mule.load is not None
    file, gone = tmp_path / "model.keras", "_layer_checkpoint_dependencies/dense_10/vars/1"
    with pytest.raises(WeightsError, match=r"slow\.stages\.1\.1\.excite\.bias is missing"):
        mule.load(saved(file, without=gone))
    with pytest.raises(WeightsError, match=r"does not fit: fast\.stages\.0\.0\.gain is missing"):
        mule.load(saved(file, channels=()))
    file.write_bytes(b"PK")
    with pytest.raises(WeightsError, match=r"model\.keras is no file of weights that Keras wrote"):
        mule.load(file)


@pytest.mark.parametrize("check", BACKBONE_CHECKS, ids=lambda check: check.name)
def test_a_narrow_one_keeps_the_contract(check: Check[Backbone]) -> None:
    dims = (64, 12, 128, 24, 192, 36, 192, 36, 228)
    layers = tuple(
        Layer(each.name, dim, each.frame_rate) for each, dim in zip(mule.layers, dims, strict=True)
    )
    build = partial(TorchEncoder, seeded(0, Mule))
    check.run(replace(mule, build=build, layers=layers, weights=None, load=None))


def test_the_card_has_the_size_of_the_network() -> None:
    with torch.device("meta"):
        network = SlowFast()
    assert sum(x.numel() for x in network.parameters()) == mule.parameters
