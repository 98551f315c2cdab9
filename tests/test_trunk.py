"""MuLaP's trunk: its size, its seeds, its layers, and what its batch may not change."""

import copy

import librosa
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from backbones import Precision
from backbones._networks.calibration import calibrate
from backbones._networks.spectrogram import DecibelMel
from backbones._networks.trunk import Trunk, Vertical
from backbones._networks.vertical import normalised_peaks
from backbones._torch import TorchEncoder
from backbones.trunk import trunk_random_0, trunk_random_1


def noise(*shape: int, scale: float = 0.3) -> np.ndarray:
    return np.random.default_rng(0).normal(0, scale, shape).astype(np.float32)


def tensor(*shape: int) -> torch.Tensor:
    return torch.from_numpy(noise(*shape))


def weights(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def test_the_trunk_has_the_papers_size() -> None:
    trunk = Trunk(seed=0)
    vertical = 204 * (67 * 7 + 38 * 7 + 2 * 3)
    horizontal = 51 * (129 + 65 + 33 + 3 * 3)
    middle = 64 * 7 * (561 + 64 + 64) + 3 * 64 * 3
    assert weights(trunk) == vertical + horizontal + middle == trunk_random_0.parameters
    assert trunk.dim == 1506


def test_width_scales_every_layer() -> None:
    trunk = Trunk(seed=0, width=0.25).eval()
    found = {name: x.shape[-1] for name, x in trunk(tensor(1, 16_000)).items()}
    assert found == {"front": 141, "cnn1": 16, "cnn2": 16, "cnn3": 16, "pool": trunk.dim}
    assert trunk.dim == 378


def test_the_seed_alone_decides_the_weights() -> None:
    state = torch.random.get_rng_state()
    one, again, other = Trunk(0).state_dict(), Trunk(0).state_dict(), Trunk(1).state_dict()
    assert torch.random.get_rng_state().equal(state)
    assert all(x.equal(again[name]) for name, x in one.items())
    assert not one["middle.0.0.weight"].equal(other["middle.0.0.weight"])
    assert not one["vertical.0.conv.weight"].equal(other["vertical.0.conv.weight"])


def test_the_cards_differ_in_their_seed() -> None:
    audio = noise(1, 16_000)
    zero, one = (card.build().encode(audio)["pool"] for card in (trunk_random_0, trunk_random_1))
    np.testing.assert_array_equal(zero, trunk_random_0.build().encode(audio)["pool"])
    assert np.abs(zero - one).max() > 0.1


def test_decibels_are_librosas() -> None:
    audio = noise(48_000)
    power = librosa.feature.melspectrogram(
        y=audio, sr=16_000, n_fft=512, hop_length=256, n_mels=96, htk=True, norm=None,
        pad_mode="reflect",
    )  # fmt: skip
    expected = librosa.power_to_db(power, top_db=80).T
    found = DecibelMel()(torch.from_numpy(audio[None]))[0].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_the_loudest_bin_is_the_windows_own() -> None:
    """A quiet window keeps what lies more than 80 dB under its neighbour."""
    quiet, loud = noise(1, 16_000, scale=1e-4), noise(1, 16_000, scale=30)
    mel = DecibelMel()
    together = mel(torch.from_numpy(np.concatenate([quiet, loud])))
    torch.testing.assert_close(together[:1], mel(torch.from_numpy(quiet)))
    sparse = torch.zeros(1, 16_000)
    sparse[0, 8_000] = 1
    decibel = mel(sparse)
    assert decibel.max() - decibel.min() == pytest.approx(80, abs=1e-3)


def test_layers_are_what_the_pool_pools() -> None:
    layers = trunk_random_0.build().encode(noise(2, 48_000))
    whole = np.concatenate([layers[name] for name in ("front", "cnn1", "cnn2", "cnn3")], axis=-1)
    expected = np.concatenate([whole.max(axis=1), whole.mean(axis=1)], axis=-1)
    np.testing.assert_allclose(layers["pool"][:, 0], expected, atol=1e-5)


def test_second_and_third_convolution_are_residual() -> None:
    trunk = Trunk(0, width=0.25).eval()
    for convolution in (trunk.middle[1], trunk.middle[2]):
        for weight in convolution.parameters():
            nn.init.zeros_(weight)
    layers = trunk(tensor(1, 16_000))
    torch.testing.assert_close(layers["cnn3"], layers["cnn1"])


def test_inference_equals_normalise_rectify_maximum() -> None:
    """The shortcut in eval mode is exact, also where the normalisation's factor is negative."""
    torch.manual_seed(0)
    branch = Vertical(20, 7, 38).eval()
    for statistic in (branch.norm.weight, branch.norm.bias, branch.norm.running_mean):
        assert statistic is not None
        nn.init.normal_(statistic)
    x = torch.randn(2, 1, 30, 96)
    full = branch.conv(nn.functional.pad(x, (0, 0, 3, 3)))
    expected = branch.norm(full).relu().amax(dim=3)
    torch.testing.assert_close(branch(x), expected, atol=1e-5, rtol=1e-5)
    assert (branch.norm.weight < 0).any()


def test_training_equals_normalise_rectify_maximum() -> None:
    """Values, gradients and running statistics, also where a factor is negative."""
    torch.manual_seed(0)
    conv = nn.Conv2d(1, 5, (7, 11)).double()
    plain = nn.BatchNorm2d(5).double()
    with torch.no_grad():
        plain.weight.copy_(torch.tensor([1.0, -0.5, 2.0, -1.0, 0.1]))
        plain.bias.normal_()
    fast = copy.deepcopy(plain)
    x = torch.randn(3, 1, 20, 24, dtype=torch.float64, requires_grad=True)
    padded = functional.pad(x, (0, 0, 3, 3))
    expected = plain(conv(padded)).relu().amax(3)
    found = normalised_peaks(x, conv.weight, conv.get_parameter("bias"), fast).relu()
    torch.testing.assert_close(found, expected)
    weight = torch.randn_like(expected)
    inputs = (x, conv.weight)
    gradients = torch.autograd.grad((expected * weight).sum(), [*inputs, *plain.parameters()])
    ours = torch.autograd.grad((found * weight).sum(), [*inputs, *fast.parameters()])
    torch.testing.assert_close(ours, gradients)
    torch.testing.assert_close(fast.state_dict(), plain.state_dict())


def test_training_reaches_every_weight_and_moves_the_statistics() -> None:
    trunk = Trunk(0, width=0.25).train()
    before = trunk.state_dict()["middle.0.1.running_mean"].clone()
    trunk(tensor(3, 16_000))["pool"].square().sum().backward()
    for name, weight in trunk.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.dim() == 1 or weight.grad.abs().max() > 0, name
    assert not trunk.state_dict()["middle.0.1.running_mean"].equal(before)


def test_calibration_makes_the_input_of_every_rectifier_standard() -> None:
    trunk = Trunk(0, width=0.25)
    calibrate(trunk)
    assert not trunk.training
    assert -100 < trunk.state_dict()["norm.running_mean"].item() < -10
    norms = [m for m in trunk.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    assert all(norm.momentum == 0.1 for norm in norms)
    moved = [norm.running_var for norm in norms if norm.running_var is not None]
    assert all((var != 1).all() for var in moved)


def test_calibration_wakes_units_that_untouched_statistics_leave_dead() -> None:
    time = np.arange(48_000) / 16_000
    tones = np.stack([np.sin(2 * np.pi * f * time) for f in (110, 220, 523, 1319)])
    audio = (0.3 * tones).astype(np.float32)
    spread = [
        (encoder.summarise(audio)["front"].std(axis=0) < 1e-6).mean()
        for encoder in (trunk_random_0.build(), TorchEncoder(Trunk(0)))
    ]
    assert spread[0] < spread[1]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_statistics_of_a_batch_are_no_sums_in_half_precision(dtype: torch.dtype) -> None:
    """A sum of squares over a spectrogram is more than half precision holds."""
    x, kernel, bias = 10 * tensor(2, 1, 300, 20), tensor(4, 1, 3, 2), 3 + tensor(4)
    single, half = (nn.BatchNorm2d(4, momentum=1.0) for _ in range(2))
    expected = normalised_peaks(x, kernel, bias, single)
    with torch.autocast("cpu", dtype):
        found = normalised_peaks(x, kernel, bias, half)
    torch.testing.assert_close(half.running_var, single.running_var, rtol=0.02, atol=0)
    torch.testing.assert_close(found.float(), expected, rtol=0.02, atol=0.05)


def test_bf16_is_close() -> None:
    audio = noise(2, 48_000)
    exact = trunk_random_0.build().summarise(audio)["pool"]
    rough = trunk_random_0.build().to("cpu", Precision.BF16).summarise(audio)["pool"]
    assert 0 < np.linalg.norm(rough - exact) / np.linalg.norm(exact) < 0.02
