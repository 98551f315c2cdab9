"""M2D and MATPAC: front ends as nnAudio and librosa have them, blocks as timm does, files."""

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
from backbones._networks.dasheng import Size
from backbones._networks.m2d import LogMel, PatchTransformer
from backbones._networks.seeded import seeded
from backbones._torch import TorchEncoder
from backbones.m2d import base
from backbones.matpac import matpac, matpac_plus_music
from bench import assets
from bench.testing import BACKBONE_CHECKS, Check, noise

TINY = Size(dim=32, depth=2, heads=4)
CARDS = (base, matpac, matpac_plus_music)


def small(card: Backbone) -> PatchTransformer:
    statistics = (-7.1, 4.2) if card is base else (-7.056, 4.193)
    make = partial(PatchTransformer, statistics, TINY, centered=card is base)
    return seeded(0, make).eval()


def heard(card: Backbone, seconds: float) -> Audio:
    """Two windows of noise, one of them all but silent at first."""
    audio = noise(card, 2, seconds)
    audio[0, :8000] *= 1e-5
    return audio


def test_m2ds_spectrogram_is_nnaudios() -> None:
    features = pytest.importorskip("nnAudio.features")
    audio = torch.from_numpy(heard(base, 6.08))
    published = features.MelSpectrogram(
        sr=16_000, n_fft=400, win_length=400, hop_length=160, n_mels=80, fmin=50, fmax=8000,
        center=True, power=2, verbose=False,
    )  # fmt: skip
    expected = (published(audio) + torch.finfo(torch.float32).eps).log()
    assert expected.shape == (2, 80, 609)
    np.testing.assert_allclose(LogMel(centered=True)(audio), expected[..., :608], atol=2e-3)


def test_matpacs_spectrogram_is_librosas() -> None:
    audio = heard(matpac, 6.095)
    found = LogMel(centered=False)(torch.from_numpy(audio))
    assert found.shape == (2, 80, 608)
    for row, x in zip(audio, found, strict=True):
        mel = librosa.feature.melspectrogram(
            y=row, sr=16_000, n_fft=400, hop_length=160, n_mels=80, fmin=50, fmax=8000, center=False
        )
        np.testing.assert_allclose(x, np.log(mel + np.finfo(np.float32).eps), atol=2e-3)


def squares(network: PatchTransformer, audio: Audio) -> Tensor:
    """What goes into the first block, square by square: (batch, 1 + squares, dim)."""
    state = network.state_dict()
    mean, deviation = state["norm_stats"]
    mel = (network.mel(torch.from_numpy(audio)) - mean) / deviation
    columns = -(-mel.shape[-1] // 16)
    padded = torch.zeros(*mel.shape[:2], columns * 16)
    padded[..., : mel.shape[-1]] = mel
    weight, bias = (state[f"patch_embed.proj.{each}"] for each in ("weight", "bias"))
    tokens = [(state["cls_token"] + state["pos_embed"][:, :1])[:, 0].expand(len(audio), -1)]
    for row in range(5):
        for column in range(columns):
            square = padded[:, row * 16 : row * 16 + 16, column * 16 : column * 16 + 16]
            vector = functional.linear(square.flatten(1), weight.flatten(1), bias)
            tokens.append(vector + state["pos_embed"][:, 1 + row * 38 + column])
    return torch.stack(tokens, 1)


@pytest.mark.parametrize(("card", "seconds"), [(base, 2.0), (matpac, 6.095)])
def test_it_is_the_published_network(card: Backbone, seconds: float) -> None:
    vit = pytest.importorskip("timm.models.vision_transformer", reason="the extra `timm` is absent")
    network, audio = small(card), heard(card, seconds)
    norm_layer = partial(nn.LayerNorm, eps=1e-6)
    states = [squares(network, audio)]
    with torch.no_grad():
        for number in range(TINY.depth):
            block = vit.Block(TINY.dim, TINY.heads, qkv_bias=True, norm_layer=norm_layer).eval()
            block.load_state_dict(network.blocks[number].state_dict())
            states.append(block(states[-1]))
        states[-1] = network.norm(states[-1])
    found = TorchEncoder(network).encode(audio)
    columns = (states[0].shape[1] - 1) // 5
    for number, state in enumerate(states):
        rows = state[:, 1:].reshape(2, 5, columns, TINY.dim)
        assert float(rows.std()) > 0.01
        np.testing.assert_allclose(found[f"layer-{number}"], rows.mean(1), atol=1e-4)
    beside = torch.cat([rows[:, row] for row in range(5)], -1)
    np.testing.assert_allclose(found["embedding"], beside, atol=1e-4)


@pytest.mark.parametrize("check", BACKBONE_CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("card", [base, matpac], ids=lambda card: card.name)
def test_a_small_one_keeps_the_contract(card: Backbone, check: Check[Backbone]) -> None:
    layers = tuple(Layer(f"layer-{n}", TINY.dim, 6.25) for n in range(TINY.depth + 1))
    layers = (*layers, Layer("embedding", 5 * TINY.dim, 6.25))
    check.run(replace(card, layers=layers, build=lambda: TorchEncoder(small(card))))


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_the_card_has_the_size_of_the_network(card: Backbone) -> None:
    with torch.device("meta"):
        network = PatchTransformer((0.0, 1.0))
    assert sum(x.numel() for x in network.parameters()) == card.parameters
    assert card.weights is not None
    assert assets.parse(card.weights).is_first_use


@pytest.mark.parametrize("card", [base, matpac], ids=lambda card: card.name)
def test_published_weights_are_loaded_whole_or_not_at_all(
    card: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = partial(PatchTransformer, size=TINY)
    monkeypatch.setattr("backbones._networks.m2d.PatchTransformer", tiny)
    assert card.load is not None
    prefix = "" if card is base else "student_encoder."
    state = {
        f"{prefix}{name}" if name.startswith(("blocks.", "norm.")) else name: x
        for name, x in small(card).state_dict().items()
        if not name.startswith("mel.") and name != "norm_stats"
    }
    file = tmp_path / "checkpoint-300.pth"
    audio = noise(card, 1, 1.0)
    expected = TorchEncoder(small(card)).encode(audio)["embedding"]
    torch.save(state, file)
    np.testing.assert_array_equal(card.load(file).encode(audio)["embedding"], expected)
    if card is base:
        torch.save({**state, "norm_stats": torch.tensor([0.0, 1.0])}, file)
        assert not np.allclose(card.load(file).encode(audio)["embedding"], expected)
    del state[f"{prefix}blocks.1.mlp.fc2.bias"]
    torch.save(state, file)
    with pytest.raises(WeightsError, match=r"blocks\.1\.mlp\.fc2\.bias is missing"):
        card.load(file)
