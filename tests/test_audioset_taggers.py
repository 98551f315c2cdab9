"""CNN14 and VGGish: front ends and networks against the papers', written down another way."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from backbones import Audio, Backbone, Encoder, Layer, WeightsError
from backbones._networks.cnn14 import Cnn14
from backbones._networks.seeded import seeded
from backbones._networks.vggish import VGGish
from backbones._torch import TorchEncoder
from backbones.panns import cnn14
from backbones.vggish import vggish
from bench.testing import BACKBONE_CHECKS, Check, noise

NARROW = (4, 4, 8, 8, 8, 16)
HIDDEN = 8


def narrow_cnn14() -> Cnn14:
    network = seeded(0, lambda: Cnn14(NARROW)).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            draw = torch.Generator().manual_seed(len(module.running_mean))  # type: ignore[arg-type]
            module.running_mean.normal_(generator=draw)  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 2, generator=draw)  # type: ignore[union-attr]
    return network


def narrow(card: Backbone, make: Callable[[], Encoder], dims: tuple[int, ...]) -> Backbone:
    """The card of the same code with fewer weights."""
    layers = tuple(
        Layer(each.name, dim, each.frame_rate) for each, dim in zip(card.layers, dims, strict=True)
    )
    return replace(card, build=make, layers=layers, weights=None, load=None)


CARDS = (
    narrow(cnn14, lambda: TorchEncoder(narrow_cnn14()), (*NARROW, NARROW[-1])),
    narrow(
        vggish,
        lambda: TorchEncoder(seeded(0, partial(VGGish, HIDDEN))),
        tuple(layer.dim for layer in vggish.layers),
    ),
)


@pytest.mark.parametrize("check", BACKBONE_CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_a_narrow_one_keeps_the_contract(card: Backbone, check: Check[Backbone]) -> None:
    check.run(card)


@pytest.mark.parametrize(("card", "make"), [(cnn14, Cnn14), (vggish, VGGish)])
def test_the_card_has_the_size_of_the_network(
    card: Backbone, make: Callable[[], torch.nn.Module]
) -> None:
    assert sum(x.numel() for x in make().parameters()) == card.parameters


def reference_cnn14(state: dict[str, Tensor], audio: Audio) -> Tensor:
    """The paper's network by librosa and functions of PyTorch: (batch, dim) before the tags."""
    mel = librosa.feature.melspectrogram(
        y=audio, sr=32_000, n_fft=1024, hop_length=320, n_mels=64, fmin=50, fmax=14_000,
        pad_mode="reflect",
    )  # fmt: skip
    decibel = librosa.power_to_db(mel, ref=1.0, amin=1e-10, top_db=None)

    def normalised(x: Tensor, name: str) -> Tensor:
        names = ("running_mean", "running_var", "weight", "bias")
        mean, variance, scale, offset = (state[f"{name}.{each}"] for each in names)
        return functional.batch_norm(x, mean, variance, scale, offset)

    x = torch.from_numpy(decibel.astype(np.float32))
    x = normalised(x.unsqueeze(-1), "bn0").squeeze(-1).transpose(1, 2).unsqueeze(1)
    for number in range(1, 7):
        for half in (1, 2):
            block = f"conv_block{number}"
            x = functional.conv2d(x, state[f"{block}.conv{half}.weight"], padding=1)
            x = normalised(x, f"{block}.bn{half}").relu()
        x = functional.avg_pool2d(x, 2) if number < 6 else x
    x = x.mean(dim=3)
    pooled = x.max(dim=2).values + x.mean(dim=2)
    return functional.linear(pooled, state["fc1.weight"], state["fc1.bias"]).relu()


def test_cnn14_is_the_papers() -> None:
    network = narrow_cnn14()
    audio = noise(cnn14, 2, 2.0)
    expected = reference_cnn14(network.state_dict(), audio)
    found = TorchEncoder(network).encode(audio)["embedding"][:, 0]
    assert float(expected.abs().max()) > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-4, rtol=1e-4)


def reference_log_mel(audio: Audio) -> np.ndarray:
    """AudioSet's front end by its definition: frames of 25 ms every 10, magnitudes, 64 bands."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    frames = np.stack([audio[i : i + 400] * window for i in range(0, len(audio) - 399, 160)])
    magnitudes = np.abs(np.fft.rfft(frames, 512))
    mel = 1127 * np.log(1 + np.arange(257) * 16_000 / 512 / 700)
    low, high = 1127 * np.log(1 + np.array([125.0, 7500.0]) / 700)
    edges = np.linspace(low, high, 66)
    bands = [np.interp(mel, edges[i : i + 3], [0, 1, 0], 0, 0) for i in range(64)]
    found: np.ndarray = np.log(magnitudes @ np.stack(bands, 1) + 0.01)
    return found


def test_vggish_is_the_papers() -> None:
    network = seeded(0, partial(VGGish, HIDDEN)).eval()
    audio = noise(vggish, 1)
    patch = reference_log_mel(audio[0])
    assert patch.shape == (96, 64)
    np.testing.assert_allclose(network.spectrogram(torch.from_numpy(audio))[0], patch, atol=1e-4)
    state = network.state_dict()
    x = torch.from_numpy(patch.astype(np.float32))[None, None]
    with torch.no_grad():
        for index, pooled in ((0, True), (3, True), (6, False), (8, True), (11, False), (13, True)):
            weight, bias = (state[f"features.{index}.{each}"] for each in ("weight", "bias"))
            x = functional.conv2d(x, weight, bias, padding=1).relu()
            x = functional.max_pool2d(x, 2) if pooled else x
        flat = x[0].permute(1, 2, 0).reshape(1, -1)  # frames, bands, channels, as TensorFlow's
        for index in (0, 2, 4):
            weight, bias = (state[f"embeddings.{index}.{each}"] for each in ("weight", "bias"))
            flat = functional.linear(flat, weight, bias).relu()
    found = TorchEncoder(network).encode(audio)["embedding"][0]
    np.testing.assert_allclose(found, flat, atol=1e-5)


def test_published_weights_are_loaded_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backbones._networks.cnn14.Cnn14", partial(Cnn14, NARROW))
    assert cnn14.load is not None
    state = narrow_cnn14().state_dict()
    published = {name: x for name, x in state.items() if not name.startswith("mel.")}
    published["fc_audioset.weight"] = torch.zeros(527, NARROW[-1])
    published["spectrogram_extractor.stft.conv_real.weight"] = torch.zeros(1)
    file = tmp_path / "published.pth"
    torch.save({"iteration": 600_000, "model": published}, file)
    audio = noise(cnn14, 1, 1.0)
    expected = TorchEncoder(narrow_cnn14()).encode(audio)["embedding"]
    np.testing.assert_array_equal(cnn14.load(file).encode(audio)["embedding"], expected)
    del published["conv_block3.bn2.weight"]
    torch.save({"model": published}, file)
    with pytest.raises(WeightsError, match=r"conv_block3\.bn2\.weight is missing"):
        cnn14.load(file)
