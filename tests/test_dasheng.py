"""Dasheng: its front end as librosa has it, its blocks as timm has them, its published file."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from backbones import Audio, Backbone, Layer, WeightsError
from backbones._networks.dasheng import Dasheng, Size
from backbones._networks.seeded import seeded
from backbones._torch import TorchEncoder
from backbones.dasheng import base
from bench.testing import BACKBONE_CHECKS, Check, noise

TINY = Size(dim=32, depth=2, heads=4)


def small() -> Dasheng:
    """Random weights, and running statistics as those of decibels."""
    network = seeded(0, lambda: Dasheng(TINY)).eval()
    draw = torch.Generator().manual_seed(1)
    norm = network.init_bn["1"]
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.normal_(-20, 5, generator=draw)
    norm.running_var.uniform_(100, 400, generator=draw)
    return network


def heard() -> Audio:
    """Two windows of noise, one of them all but silent at first: deeper than the cut."""
    audio = noise(base, 2, 2.0)
    audio[0, :8000] *= 1e-7
    return audio


def slices(state: dict[str, Tensor], audio: Audio) -> Tensor:
    """What goes into the first block, by librosa and functions of PyTorch."""
    decibel = []
    for row in audio:
        mel = librosa.feature.melspectrogram(
            y=row, sr=16_000, n_fft=512, hop_length=160, n_mels=64, fmax=8000, htk=True, norm=None,
            pad_mode="reflect",
        )  # fmt: skip
        decibel.append(librosa.power_to_db(mel, ref=1.0, amin=1e-10, top_db=120))
    norms = ("running_mean", "running_var", "weight", "bias")
    center, variance, scale, offset = (state[f"init_bn.1.{name}"] for name in norms)
    x = torch.from_numpy(np.stack(decibel).astype(np.float32))
    x = functional.batch_norm(x, center, variance, scale, offset)
    cut = x[..., : x.shape[-1] // 4 * 4].unflatten(-1, (-1, 4))  # (rows, mels, slices, 4)
    weight, bias = (state[f"patch_embed.proj.{name}"] for name in ("weight", "bias"))
    flat = functional.linear(cut.transpose(1, 2).flatten(2), weight.flatten(1), bias)
    return flat + (state["time_pos_embed"] + state["freq_pos_embed"])[0, :, 0, : flat.shape[1]].T


def test_it_is_the_published_network() -> None:
    vit = pytest.importorskip("timm.models.vision_transformer", reason="the extra `timm` is absent")
    network = small()
    state, audio = network.state_dict(), heard()
    norm_layer = partial(nn.LayerNorm, eps=1e-6)
    expected = [slices(state, audio)]
    with torch.no_grad():
        for number in range(TINY.depth):
            block = vit.Block(TINY.dim, TINY.heads, qkv_bias=True, norm_layer=norm_layer).eval()
            block.load_state_dict(network.blocks[number].state_dict())
            expected.append(block(expected[-1]))
    expected[-1] = functional.layer_norm(
        expected[-1], (TINY.dim,), state["norm.weight"], state["norm.bias"], 1e-6
    )
    found = TorchEncoder(network).encode(audio)
    for x, y in zip(found.values(), expected, strict=True):
        assert x.shape == (2, 50, TINY.dim)
        assert float(y.std()) > 0.1
        np.testing.assert_allclose(x, y, atol=1e-4)


def test_the_card_has_the_size_of_the_network() -> None:
    with torch.device("meta"):
        network = Dasheng()
    assert sum(x.numel() for x in network.parameters()) == base.parameters
    assert (len(network.blocks), network.norm.normalized_shape) == (12, (768,))


@pytest.mark.parametrize("check", BACKBONE_CHECKS, ids=lambda check: check.name)
def test_a_small_one_keeps_the_contract(check: Check[Backbone]) -> None:
    layers = tuple(Layer(f"layer-{n}", TINY.dim, 25.0) for n in range(TINY.depth + 1))
    card = replace(base, layers=layers, default="layer-2", build=lambda: TorchEncoder(small()))
    check.run(card)


def test_published_weights_are_loaded_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import save_file

    monkeypatch.setattr("backbones._networks.dasheng.Dasheng", partial(Dasheng, TINY))
    assert base.load is not None
    state = {f"encoder.{n}": x for n, x in small().state_dict().items() if n[:4] != "mel."}
    file = tmp_path / "model.safetensors"
    save_file(state, file)
    audio = noise(base, 1, 1.0)
    found, expected = base.load(file).encode(audio), TorchEncoder(small()).encode(audio)
    for x, y in zip(found.values(), expected.values(), strict=True):
        np.testing.assert_array_equal(x, y)
    save_file({**state, "outputlayer.1.weight": torch.zeros(2)}, file)
    with pytest.raises(WeightsError, match=r"outputlayer\.1\.weight is \(2,\), expected none such"):
        base.load(file)
    del state["encoder.blocks.1.mlp.fc2.bias"]
    save_file(state, file)
    with pytest.raises(WeightsError, match=r"blocks\.1\.mlp\.fc2\.bias is missing"):
        base.load(file)
