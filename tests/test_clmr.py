"""CLMR: SampleCNN written down another way, and the layout of its published file."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from backbones import Audio, WeightsError
from backbones._networks.samplecnn import SampleCnn
from backbones._networks.seeded import seeded
from backbones._torch import TorchEncoder
from backbones.clmr import clmr
from bench import assets
from bench.testing import noise

NARROW = (4, 4, 4, 8, 8, 8, 8, 8, 8, 16, 16)


def small() -> SampleCnn:
    """Random weights, normalised by what noise gives, so that its signals live."""
    network = seeded(0, partial(SampleCnn, NARROW)).train()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.momentum = 1.0
    with torch.no_grad():
        network(torch.from_numpy(noise(clmr, 4, clmr.window)))
    return network.eval()


def test_the_card_has_the_size_of_the_network() -> None:
    assert sum(x.numel() for x in SampleCnn().parameters()) == clmr.parameters
    layers = clmr.build().encode(noise(clmr, 1, clmr.window))
    assert {name: x.shape[2] for name, x in layers.items()} == {x.name: x.dim for x in clmr.layers}


def reference(state: dict[str, Tensor], audio: Audio) -> list[Tensor]:
    """Convolutions as sums over three shifted copies: what each layer gives, (batch, dim, frames).

    The first moves by three samples and sees no edge; the last keeps its frames.
    """
    x, found = torch.from_numpy(audio).unsqueeze(1).double(), []
    for index in range(11):
        weight, bias = (
            state[f"sequential.{index}.0.{each}"].double() for each in ("weight", "bias")
        )
        if index == 0:
            taps = [x[..., tap::3] for tap in range(3)]
        else:
            wide = functional.pad(x, (1, 1))
            taps = [wide[..., tap : tap + x.shape[-1]] for tap in range(3)]
        x = torch.einsum("oin,nbit->bot", weight, torch.stack(taps))
        names = ("running_mean", "running_var", "weight", "bias")
        norm = [state[f"sequential.{index}.1.{each}"].double()[:, None] for each in names]
        mean, variance, scale, offset = norm
        x = ((x + bias[:, None] - mean) / (variance + 1e-5).sqrt() * scale + offset).clamp(min=0)
        x = x.unflatten(-1, (-1, 3)).amax(-1) if 0 < index < 10 else x
        found.append(x)
    return found


def test_it_is_the_published_network() -> None:
    network, audio = small(), noise(clmr, 2, clmr.window)
    assert audio.shape == (2, 59_049)
    expected = reference(network.state_dict(), audio)
    found = TorchEncoder(network).encode(audio)
    assert found["embedding"].shape == (2, 1, 16)
    assert float(expected[-1].std(0).mean()) > 0.1
    for x, y in zip(found.values(), expected, strict=True):
        np.testing.assert_allclose(x, y.mT, atol=1e-4, rtol=1e-4)


def test_published_weights_are_loaded_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backbones._networks.samplecnn.SampleCnn", partial(SampleCnn, NARROW))
    assert clmr.load is not None
    state = {f"encoder.{name}": x for name, x in small().state_dict().items()}
    state |= {"projector.0.weight": torch.zeros(16, 16), "projector.2.weight": torch.zeros(8, 16)}
    file = tmp_path / "clmr_checkpoint_10000.pt"
    torch.save(state, file)
    audio = noise(clmr, 1, clmr.window)
    expected = TorchEncoder(small()).encode(audio)["embedding"]
    np.testing.assert_array_equal(clmr.load(file).encode(audio)["embedding"], expected)
    del state["encoder.sequential.4.1.running_var"]
    torch.save(state, file)
    with pytest.raises(WeightsError, match=r"sequential\.4\.1\.running_var is missing"):
        clmr.load(file)


def test_nobody_publishes_its_checksum() -> None:
    assert clmr.weights is not None
    pin = assets.parse(clmr.weights)
    assert (pin.held_to, pin.member) == (
        "no published checksum: fixed on first use",
        "clmr_checkpoint_10000.pt",
    )
