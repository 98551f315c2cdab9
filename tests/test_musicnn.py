"""MusiCNN and VGG against the original TensorFlow graphs, librosa and the plain formulas."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from backbones import Backbone, Precision, UnsupportedPrecisionError
from backbones._networks.musicnn import TENSORFLOW_NAMES, Branch, MusiCNN
from backbones._networks.spectrogram import LogMel
from backbones._networks.tensorbundle import DamagedBundleError, _crc32c, read_bundle
from backbones._networks.tensorflow import MismatchedCheckpointError, load_tensorflow
from backbones._networks.vgg import MSD_POOLS, VGG
from backbones._networks.vgg import TENSORFLOW_NAMES as VGG_NAMES
from backbones._torch import TorchEncoder
from backbones.musicnn import musicnn_msd, musicnn_mtt, vgg_msd, vgg_mtt

ORACLE = Path(__file__).parents[2] / "shared" / "oracle" / "musicnn_tf.npz"
CARDS = (musicnn_mtt, musicnn_msd, vgg_mtt, vgg_msd)
GOLDEN = {
    "musicnn-mtt": {8: 0.0662567, 5: 0.0315839, 3: 0.0307960, 45: 0.0250383},
    "musicnn-msd": {11: 0.7024481, 4: 0.0142830, 33: 0.0086446, 30: 0.0066236},
    "vgg-mtt": {12: 0.7245301, 4: 0.5727512, 16: 0.4580693, 8: 0.2950844},
    "vgg-msd": {26: 0.6956707, 42: 0.1977032, 32: 0.1237359, 27: 0.1236732},
}
Fetched = Callable[[str], Path]
every_card = pytest.mark.parametrize("card", CARDS, ids=lambda card: str(card.name))


def folder(card: Backbone, fetched: Fetched) -> Path:
    assert card.weights is not None
    return fetched(card.weights)


def tags(card: Backbone, fetched: Fetched, patches: np.ndarray) -> np.ndarray:
    assert card.load is not None
    encoder = card.load(folder(card, fetched))
    assert isinstance(encoder, TorchEncoder)
    network = encoder.network
    assert isinstance(network, MusiCNN | VGG)
    with torch.inference_mode():
        return np.asarray(network.tags(torch.from_numpy(patches)))


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, shape).astype(np.float32)


@every_card
@pytest.mark.skipif(not ORACLE.exists(), reason=f"no {ORACLE.name} beside the repository")
def test_tags_are_those_of_the_tensorflow_graphs(card: Backbone, fetched: Fetched) -> None:
    oracle = np.load(ORACLE)
    expected = oracle[folder(card, fetched).name]
    np.testing.assert_allclose(tags(card, fetched, oracle["patches"]), expected, atol=1e-5)


@every_card
def test_tags_of_a_seeded_patch(card: Backbone, fetched: Fetched) -> None:
    """Numbers from the port when it agreed with the TensorFlow graphs to 1e-6."""
    patch = (4 * np.random.default_rng(0).random((1, 187, 96)) ** 4).astype(np.float32)
    found = tags(card, fetched, patch)[0]
    expected = GOLDEN[card.name]
    np.testing.assert_allclose(found[list(expected)], list(expected.values()), atol=1e-5)


def test_log_mel_is_librosas_without_the_frame_that_hangs_over() -> None:
    audio = noise(48_000)
    mel = librosa.feature.melspectrogram(y=audio, sr=16_000, n_fft=512, hop_length=256, n_mels=96)
    expected = np.log10(1 + 10_000 * mel.astype(np.float32)).T
    found = LogMel()(torch.from_numpy(audio[None]))[0].numpy()
    assert len(expected) == 188
    assert len(found) == 187
    np.testing.assert_allclose(found, expected[:187], atol=1e-4)


@pytest.mark.parametrize(("frames", "mels"), [(7, 67), (128, 1)])
def test_a_branch_equals_convolve_rectify_normalise_maximum(frames: int, mels: int) -> None:
    """Also where the normalisation turns a channel upside down."""
    torch.manual_seed(0)
    branch = Branch(20, frames, mels).eval()
    for statistic in (branch.norm.weight, branch.norm.bias, branch.norm.running_mean):
        assert statistic is not None
        nn.init.normal_(statistic)
    x = torch.randn(2, 1, 40, 96)
    padded = functional.pad(x, (0, 0, (frames - 1) // 2, frames // 2))
    y = branch.conv(padded).relu()
    scale = branch.norm.weight / (1 + 1e-3) ** 0.5
    assert branch.norm.running_mean is not None
    y = (y - branch.norm.running_mean[:, None, None]) * scale[:, None, None]
    expected = (y + branch.norm.bias[:, None, None]).amax(dim=3).transpose(1, 2)
    torch.testing.assert_close(branch(x), expected, atol=1e-5, rtol=1e-5)
    assert (branch.norm.weight < 0).any()


@pytest.mark.parametrize(
    ("card", "network", "names"),
    [
        (musicnn_msd, MusiCNN(), TENSORFLOW_NAMES),
        (vgg_msd, VGG(MSD_POOLS), VGG_NAMES),
    ],
    ids=["musicnn", "vgg"],
)
def test_every_weight_and_statistic_is_loaded(
    card: Backbone, network: nn.Module, names: dict[str, str], fetched: Fetched
) -> None:
    values = [x for name, x in network.state_dict().items() if "spectrogram" not in name]
    for value in values:
        if value.is_floating_point():
            value.fill_(torch.nan)
    load_tensorflow(network, names, folder(card, fetched))
    assert all(value.isfinite().all() for value in values)
    assert sum(weight.numel() for weight in network.parameters()) == card.parameters


def test_msd_vgg_pools_time_by_four_first() -> None:
    audio = noise(1, 48_000)
    msd, mtt = vgg_msd.build().encode(audio), vgg_mtt.build().encode(audio)
    assert [len(msd[f"pool{i}"][0]) for i in range(1, 6)] == [46, 46, 23, 11, 2]
    assert [len(mtt[f"pool{i}"][0]) for i in range(1, 6)] == [92, 46, 23, 11, 2]


def test_flat_is_the_two_last_steps_side_by_side() -> None:
    features = vgg_mtt.build().encode(noise(1, 48_000))
    np.testing.assert_array_equal(features["flat"].ravel(), features["pool5"].ravel())


def test_pools_are_over_the_frames_of_all_blocks() -> None:
    features = musicnn_mtt.build().encode(noise(2, 48_000))
    frames = ("timbral", "temporal", "cnn1", "cnn2", "cnn3")
    whole = np.concatenate([features[name] for name in frames], axis=-1)
    np.testing.assert_allclose(features["mean_pool"][:, 0], whole.mean(axis=1), atol=1e-5)
    np.testing.assert_allclose(features["max_pool"][:, 0], whole.max(axis=1), atol=1e-5)


@every_card
def test_rows_do_not_depend_on_how_many_go_together(card: Backbone) -> None:
    encoder = card.build()
    assert isinstance(encoder, TorchEncoder)
    audio = noise(5, 20_000)
    whole = TorchEncoder(encoder.network, rows=5).encode(audio)
    few = TorchEncoder(encoder.network, rows=3).encode(audio)
    for layer in card.layers:
        np.testing.assert_allclose(whole[layer.name], few[layer.name], atol=1e-5)


@every_card
def test_summarise_averages_frames(card: Backbone) -> None:
    encoder, audio = card.build(), noise(3, 48_000)
    expected = {k: v.mean(axis=1, keepdims=True) for k, v in encoder.encode(audio).items()}
    found = encoder.summarise(audio)
    assert list(found) == [layer.name for layer in card.layers]
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=1e-5)


def test_encoding_leaves_the_statistics_alone() -> None:
    encoder = musicnn_mtt.build()
    assert isinstance(encoder, TorchEncoder)
    before = {name: x.clone() for name, x in encoder.network.state_dict().items()}
    encoder.encode(noise(2, 16_000))
    assert all(x.equal(before[name]) for name, x in encoder.network.state_dict().items())


def test_random_weights_leave_the_global_generator_alone() -> None:
    state = torch.random.get_rng_state()
    one, two = musicnn_mtt.build().encode(noise(1, 8_000)), musicnn_mtt.build()
    assert torch.random.get_rng_state().equal(state)
    np.testing.assert_array_equal(one["cnn3"], two.encode(noise(1, 8_000))["cnn3"])


def test_bf16_is_close_and_comes_back_as_float32(fetched: Fetched) -> None:
    assert musicnn_msd.load is not None
    encoder = musicnn_msd.load(folder(musicnn_msd, fetched))
    audio = noise(2, 48_000)
    exact = encoder.summarise(audio)["mean_pool"]
    rough = encoder.to("cpu", Precision.BF16).summarise(audio)["mean_pool"]
    assert rough.dtype == np.float32
    assert 0 < np.linalg.norm(rough - exact) / np.linalg.norm(exact) < 0.02


def test_fp16_on_a_cpu_is_refused() -> None:
    with pytest.raises(UnsupportedPrecisionError, match="MusiCNN cannot compute in fp16 on cpu"):
        musicnn_mtt.build().to("cpu", Precision.FP16)


def test_checksum_is_that_of_the_standard() -> None:
    """CRC-32C of the digits 1 to 9 is E3069283 (RFC 3720); LevelDB rotates it and adds."""
    crc = 0xE3069283
    assert _crc32c(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def copied(source: Path, target: Path) -> Path:
    for name in (".index", ".data-00000-of-00001"):
        (target / name).write_bytes((source / name).read_bytes())
    return target


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        (".data-00000-of-00001", lambda raw: raw[:-4000], "needs .* bytes, .* are there"),
        (".index", lambda raw: raw[:-9], "last eight bytes"),
        (".index", lambda raw: raw[:0], "last eight bytes"),
        (".index", lambda raw: raw[:100] + b"?" + raw[101:], "fails its checksum"),
    ],
)
def test_a_damaged_checkpoint_is_refused(
    name: str, damage: Callable[[bytes], bytes], message: str, fetched: Fetched, tmp_path: Path
) -> None:
    path = copied(folder(vgg_mtt, fetched), tmp_path) / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DamagedBundleError, match=message):
        read_bundle(tmp_path)


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(DamagedBundleError, match="there is no such file; fetch it anew"):
        read_bundle(tmp_path)


def test_another_networks_checkpoint_is_refused(fetched: Fetched) -> None:
    with pytest.raises(MismatchedCheckpointError, match=r"missing \['batch_norm.*'1CNN/bias'"):
        load_tensorflow(MusiCNN(), TENSORFLOW_NAMES, folder(vgg_mtt, fetched))


def test_a_variable_that_is_not_used_is_refused(fetched: Fetched) -> None:
    names = {module: layer for module, layer in VGG_NAMES.items() if module != "output"}
    with pytest.raises(MismatchedCheckpointError, match=r"not used \['dense/bias'"):
        load_tensorflow(VGG(MSD_POOLS), names, folder(vgg_msd, fetched))


def test_another_shape_is_refused(fetched: Fetched) -> None:
    network = VGG(MSD_POOLS)
    network.output = nn.Linear(256, 10)
    with pytest.raises(MismatchedCheckpointError, match=r"shape of 'dense/.*\(10"):
        load_tensorflow(network, VGG_NAMES, folder(vgg_msd, fetched))


def test_replacing_the_weights_changes_the_features(fetched: Fetched) -> None:
    """The published weights are not the random ones, and MTT's are not MSD's."""
    audio = noise(1, 48_000)
    encoders = [musicnn_mtt.build()]
    for card in (musicnn_mtt, musicnn_msd):
        assert card.load is not None
        encoders.append(card.load(folder(card, fetched)))
    found = [encoder.encode(audio)["mean_pool"] for encoder in encoders]
    assert all(np.abs(a - b).max() > 0.1 for a, b in combinations(found, 2))
