"""MusicFM and MuQ: front end as librosa has it, blocks as transformers has them, their files."""

import json
from collections.abc import Callable
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
from backbones._networks.conformer import MSD_DEVIATION, MSD_MEAN, Conformer, Size
from backbones._networks.seeded import seeded
from backbones._torch import TorchEncoder
from backbones.muq import large_msd_iter
from backbones.musicfm import musicfm_fma, musicfm_msd
from bench.testing import BACKBONE_CHECKS, Check, noise

transformers = pytest.importorskip("transformers", reason="the extra `hf` is not installed")

TINY = Size(channels=4, dim=32, depth=2, heads=4, hidden=48, kernel=5)
STATS = {"melspec_2048_mean": 3.5, "melspec_2048_std": 21.25}
BLOCKS = {
    "hidden_act": "swish",
    "num_attention_heads": 16,
    "position_embeddings_type": "rotary",
    "rotary_embedding_base": 10_000,
}
CONFIG = {"stat": STATS, "w2v2_config": BLOCKS}
CARDS = (large_msd_iter, musicfm_msd, musicfm_fma)


def small(mean: float = MSD_MEAN, deviation: float = MSD_DEVIATION) -> Conformer:
    """Random weights, and running statistics that are not those of a new network."""
    network = seeded(0, lambda: Conformer(TINY, mean, deviation)).eval()
    draw = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3, generator=draw)  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 2, generator=draw)  # type: ignore[union-attr]
    return network


def stem(state: dict[str, Tensor], audio: Audio, mean: float, deviation: float) -> Tensor:
    """What goes into the first block, by librosa and functions of PyTorch."""
    mel = librosa.feature.melspectrogram(
        y=audio, sr=24_000, n_fft=2048, hop_length=240, n_mels=128, htk=True, norm=None,
        pad_mode="reflect",
    )  # fmt: skip
    decibel = librosa.power_to_db(mel, ref=1.0, amin=1e-10, top_db=None)[..., :-1]

    def part(x: Tensor, name: str, number: int, stride: int) -> Tensor:
        weight, bias = (state[f"{name}.conv{number}.{each}"] for each in ("weight", "bias"))
        x = functional.conv2d(x, weight, bias, stride, padding=1)
        norms = ("running_mean", "running_var", "weight", "bias")
        center, variance, scale, offset = (state[f"{name}.bn{number}.{each}"] for each in norms)
        return functional.batch_norm(x, center, variance, scale, offset)

    x = torch.from_numpy(((decibel - mean) / deviation).astype(np.float32))[:, None]
    for name in ("conv.conv.0", "conv.conv.1"):
        long = part(part(x, name, 1, 2).relu(), name, 2, 1)
        x = (long + part(x, name, 3, 2)).relu()
    flat = x.permute(0, 3, 1, 2).reshape(len(x), x.shape[3], -1)
    return functional.linear(flat, state["conv.linear.weight"], state["conv.linear.bias"])


def blocks(state: dict[str, Tensor], x: Tensor) -> list[Tensor]:
    """All states by transformers' own encoder; its last layer norm is over the last one."""
    config = transformers.Wav2Vec2ConformerConfig(
        hidden_size=TINY.dim,
        num_hidden_layers=TINY.depth,
        num_attention_heads=TINY.heads,
        intermediate_size=TINY.hidden,
        conv_depthwise_kernel_size=TINY.kernel,
        hidden_act="swish",
        position_embeddings_type="rotary",
        num_conv_pos_embeddings=2,
        num_conv_pos_embedding_groups=1,
    )
    encoder = transformers.Wav2Vec2ConformerModel(config).encoder.eval()
    ours = {n.removeprefix("conformer."): y for n, y in state.items() if n.startswith("conformer.")}
    told = encoder.load_state_dict(ours, strict=False)
    assert not told.unexpected_keys
    assert {n.partition(".")[0] for n in told.missing_keys} <= {"pos_conv_embed", "embed_positions"}
    states = [x]
    positions = encoder.embed_positions(x)
    for layer in encoder.layers[:-1]:
        states.append(layer(states[-1], relative_position_embeddings=positions))
    return [*states, encoder(x).last_hidden_state]


def test_it_is_the_published_network() -> None:
    network = small(3.5, 21.25)
    audio = noise(large_msd_iter, 2, 1.0)
    with torch.no_grad():
        expected = blocks(network.state_dict(), stem(network.state_dict(), audio, 3.5, 21.25))
    found = TorchEncoder(network).encode(audio)
    assert list(found) == ["layer-0", "layer-1", "layer-2"]
    for x, y in zip(found.values(), expected, strict=True):
        assert x.shape == (2, 25, TINY.dim)
        assert float(y.std()) > 0.05
        np.testing.assert_allclose(x, y, atol=1e-4)


def test_cards_have_the_size_of_the_network() -> None:
    with torch.device("meta"):
        network = Conformer()
    assert {card.parameters for card in CARDS} == {sum(x.numel() for x in network.parameters())}
    state = network.state_dict()
    assert state["conformer.layers.11.self_attn.linear_q.weight"].shape == (1024, 1024)
    assert {(len(card.layers), card.layers[-1].dim) for card in CARDS} == {(13, 1024)}


@pytest.mark.parametrize("check", BACKBONE_CHECKS, ids=lambda check: check.name)
def test_a_small_one_keeps_the_contract(check: Check[Backbone]) -> None:
    layers = tuple(Layer(f"layer-{n}", TINY.dim, 25.0) for n in range(TINY.depth + 1))
    card = replace(
        large_msd_iter,
        window=2.0,
        layers=layers,
        default="layer-2",
        build=lambda: TorchEncoder(small()),
    )
    check.run(card)


def published(card: Backbone, folder: Path) -> None:
    """The files of a card, as their authors name what is in them."""
    state = {f"model.{name}": x for name, x in small().state_dict().items() if name[:4] != "mel."}
    for name in ("linear.weight", "cls_token", "conformer.pos_conv_embed.conv.bias"):
        state[f"model.{name}"] = torch.zeros(3)
    if card is large_msd_iter:
        from safetensors.torch import save_file

        save_file(state, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps(CONFIG))
        return
    data = card.name.removeprefix("musicfm-")
    state["model.quantizer_melspec_2048_0.codebook"] = torch.zeros(3)
    counters = {n: x.float() for n, x in state.items() if n.endswith("num_batches_tracked")}
    torch.save({"epoch": 3, "state_dict": {**state, **counters}}, folder / f"pretrained_{data}.pt")
    (folder / f"{data}_stats.json").write_text(json.dumps(STATS))


@pytest.fixture
def few_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backbones._conformers.Conformer", partial(Conformer, TINY))


@pytest.mark.usefixtures("few_weights")
@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_published_files_are_read(card: Backbone, tmp_path: Path) -> None:
    published(card, tmp_path)
    audio = noise(card, 1, 1.0)
    assert card.load is not None
    found = card.load(tmp_path).encode(audio)
    expected = TorchEncoder(small(*STATS.values())).encode(audio)
    for x, y in zip(found.values(), expected.values(), strict=True):
        np.testing.assert_array_equal(x, y)


def changed(**settings: object) -> Callable[[dict[str, object]], dict[str, object]]:
    return lambda config: {**config, **settings}


@pytest.mark.usefixtures("few_weights")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changed(w2v2_config={**BLOCKS, "hidden_act": "gelu"}), "hidden_act is 'ge"),
        (changed(w2v2_config=None), "has no w2v2_config; it has stat"),
        (changed(stat={"melspec_2048_mean": 1.0}), "no numbers named melspec_2048_mean and mel"),
    ],
)
def test_another_configuration_is_refused(
    change: Callable[[dict[str, object]], dict[str, object]], message: str, tmp_path: Path
) -> None:
    published(large_msd_iter, tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(change(dict(CONFIG))))
    assert large_msd_iter.load is not None
    with pytest.raises(WeightsError, match=message):
        large_msd_iter.load(tmp_path)


@pytest.mark.usefixtures("few_weights")
@pytest.mark.parametrize(("text", "message"), [("{", "cannot be read"), ("[1]", "holds list")])
def test_damaged_statistics_are_named(text: str, message: str, tmp_path: Path) -> None:
    published(musicfm_msd, tmp_path)
    (tmp_path / "msd_stats.json").write_text(text)
    assert musicfm_msd.load is not None
    with pytest.raises(WeightsError, match=rf"msd_stats\.json {message}"):
        musicfm_msd.load(tmp_path)


@pytest.mark.usefixtures("few_weights")
def test_weights_are_loaded_whole_or_not_at_all(tmp_path: Path) -> None:
    published(musicfm_fma, tmp_path)
    file = tmp_path / "pretrained_fma.pt"
    held = torch.load(file, weights_only=True)
    del held["state_dict"]["model.conformer.layers.1.ffn2.output_dense.bias"]
    torch.save(held, file)
    assert musicfm_fma.load is not None
    with pytest.raises(WeightsError, match=r"layers\.1\.ffn2\.output_dense\.bias is missing"):
        musicfm_fma.load(tmp_path)
