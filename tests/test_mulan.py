"""MuQ-MuLan: the published files, against other implementations."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from backbones import Backbone, Layer, WeightsError
from backbones._networks.conformer import Conformer, Size
from backbones._networks.mulan import Heads
from backbones._networks.seeded import seeded
from backbones._published import states
from backbones._torch import TorchEncoder
from backbones.muqmulan import large
from bench.testing import BACKBONE_CHECKS, Check, noise
from tests.towers import TEXTS, WORDS, drawn, normalised, write_tokenizer

transformers = pytest.importorskip("transformers", reason="the extra `hf` is not installed")

MUQ = Size(channels=4, dim=32, depth=2, heads=4, hidden=48, kernel=5)
HEADS = Heads(dim=16, depth=2, heads=2, head=6, joint=12)
CONFIG = {
    "mulan": {"sr": 24_000, "clip_secs": 10, "dim_latent": 12},
    "audio_model": {"name": "OpenMuQ/MuQ-large-msd-iter", "use_layer_idx": -1},
    "text_model": {"name": "xlm-roberta-base", "use_layer_idx": -1},
    "text_transformer": {"dim": 16, "heads": 8, "dim_head": 6},
}


def test_the_card_has_the_size_of_the_network() -> None:
    from backbones._towers import mulan_network

    with torch.device("meta"):
        network = mulan_network()
    assert sum(x.numel() for x in network.parameters()) == large.parameters
    shapes = {name: tuple(x.shape) for name, x in network.state_dict().items()}
    assert shapes["text.layers.7.1.1.weight"] == (4096, 768)
    assert shapes["words.embeddings.word_embeddings.weight"] == (250_002, 768)
    assert (len(large.layers), large.layers[-1].dim) == (14, 512)


@pytest.fixture
def few_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same code with a few thousand weights."""
    words = transformers.XLMRobertaConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, vocab_size=300,
        intermediate_size=16, max_position_embeddings=34, type_vocab_size=1,
    )  # fmt: skip
    for name, value in {"MUQ": MUQ, "HEADS": HEADS, "XLM_R": words}.items():
        monkeypatch.setattr(f"backbones._towers.{name}", value)


@pytest.mark.usefixtures("few_weights")
@pytest.mark.parametrize("check", BACKBONE_CHECKS, ids=lambda check: check.name)
def test_a_small_one_keeps_the_contract(check: Check[Backbone]) -> None:
    layers = (*states(MUQ.depth, MUQ.dim, 25.0), Layer("projected", HEADS.joint))
    check.run(replace(large, window=2.0, layers=layers, default="layer-2"))


def write_mulan(folder: Path) -> dict[str, Tensor]:
    """The files of MuQ-MuLan, as their authors name what is in them."""
    from backbones import _towers

    muq = seeded(0, lambda: Conformer(MUQ)).state_dict()
    words = seeded(1, lambda: transformers.XLMRobertaModel(_towers.XLM_R)).state_dict()
    inner, hidden = HEADS.heads * HEADS.head, HEADS.hidden
    block = {
        "0.norm.learned_gamma": (16,), "0.q_scale": (6,), "0.k_scale": (6,),
        "0.to_q.weight": (inner, 16), "0.to_kv.weight": (2 * inner, 16),
        "0.to_out.0.weight": (16, inner), "1.0.learned_gamma": (16,),
        "1.1.weight": (2 * hidden, 16), "1.4.weight": (16, hidden),
    }  # fmt: skip
    others = {
        "audio.proj.weight": (16, 32), "audio.proj.bias": (16,), "audio.aggregator.bias": (1,),
        "audio_to_latents.weight": (12, 16), "audio_to_latents.bias": (12,),
        "text_to_latents.weight": (12, 16), "text_to_latents.bias": (12,),
        "contrast.temperatures": (1, 1, 1), "audio.model.model.linear.weight": (9, 32),
        "audio.model.model.rvq.codebook": (3,), "text.model.embeddings.position_ids": (1, 34),
    }  # fmt: skip
    shapes = {f"text.transformer.layers.{n}.{key}": x for n in (0, 1) for key, x in block.items()}
    state = {
        **{f"audio.model.model.{key}": x for key, x in muq.items() if not key.startswith("mel.")},
        **{f"text.model.{key}": x for key, x in words.items()},
        **drawn({**shapes, **others}),
    }
    torch.save({f"mulan.{key}": x for key, x in state.items()}, folder / "pytorch_model.bin")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    write_tokenizer(folder, whole=True)
    return state


def unit(x: Tensor) -> Tensor:
    """Of length 1."""
    found: Tensor = x / x.norm(dim=-1, keepdim=True)
    return found


def over_words(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """The transformer over (words, dim) of MuQ-MuLan, by its definition."""
    for n in range(HEADS.depth):
        at = f"text.transformer.layers.{n}."
        part = {key.removeprefix(at): v for key, v in state.items() if key.startswith(at)}
        y = normalised(x, part["0.norm.learned_gamma"])
        keys, values = (y @ part["0.to_kv.weight"].T).chunk(2, dim=-1)
        queries = y @ part["0.to_q.weight"].T
        heads = (z.split(HEADS.head, dim=-1) for z in (queries, keys, values))
        heard = [
            (8 * (unit(q) * part["0.q_scale"]) @ (unit(k) * part["0.k_scale"]).T).softmax(-1) @ v
            for q, k, v in zip(*heads, strict=True)
        ]
        x = x + torch.cat(heard, dim=-1) @ part["0.to_out.0.weight"].T
        wide = normalised(x, part["1.0.learned_gamma"]) @ part["1.1.weight"].T
        kept, gate = wide.chunk(2, dim=-1)
        x = x + (kept * functional.gelu(gate)) @ part["1.4.weight"].T
    return x


@pytest.mark.usefixtures("few_weights")
def test_mulan_hears_as_published(tmp_path: Path) -> None:
    state, audio = write_mulan(tmp_path), noise(large, 2, 1.0)
    assert large.load is not None
    found = large.load(tmp_path).encode(audio)
    muq = TorchEncoder(seeded(0, lambda: Conformer(MUQ))).encode(audio)
    assert list(found) == [*muq, "projected"]
    for name, x in muq.items():
        np.testing.assert_array_equal(found[name], x)
    frames = torch.from_numpy(muq["layer-2"]) @ state["audio.proj.weight"].T
    pooled = (frames + state["audio.proj.bias"]).mean(1)
    expected = unit(pooled @ state["audio_to_latents.weight"].T + state["audio_to_latents.bias"])
    np.testing.assert_allclose(found["projected"][:, 0], expected, atol=1e-5)


@pytest.mark.usefixtures("few_weights")
def test_mulan_reads_as_published(tmp_path: Path) -> None:
    from backbones import _towers

    state = write_mulan(tmp_path)
    words = seeded(1, lambda: transformers.XLMRobertaModel(_towers.XLM_R)).eval()
    assert large.load is not None
    found = large.load(tmp_path).read(TEXTS)
    for row, text in zip(found, TEXTS, strict=True):
        ids = torch.tensor([[0, *(WORDS.get(word, 3) for word in text.split()), 2]])
        with torch.no_grad():
            heard = over_words(state, words(input_ids=ids).last_hidden_state[0]).mean(0)
        expected = unit(heard @ state["text_to_latents.weight"].T + state["text_to_latents.bias"])
        np.testing.assert_allclose(row, expected, atol=1e-5)
    assert not np.allclose(found[0], found[1], atol=1e-2)


@pytest.mark.usefixtures("few_weights")
def test_a_long_text_is_read_as_far_as_its_encoder_can_look(tmp_path: Path) -> None:
    write_mulan(tmp_path)
    assert large.load is not None
    found = large.load(tmp_path).read(["a fiddle " * 40, "a fiddle " * 15])
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mulan": {"sr": 16_000}}, "mulan.sr is 16000; expected mulan.sr 24000, audio_model"),
        ({"text_transformer": {"heads": 4}}, "text_transformer.heads is 4; expected"),
        ({"audio_model": "MERT"}, "has no audio_model; it has mulan, audio_model, text_model"),
    ],
)
@pytest.mark.usefixtures("few_weights")
def test_another_mulan_is_refused(change: dict[str, object], message: str, tmp_path: Path) -> None:
    write_mulan(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**CONFIG, **change}))
    assert large.load is not None
    with pytest.raises(WeightsError, match=message):
        large.load(tmp_path)


@pytest.mark.usefixtures("few_weights")
def test_weights_are_loaded_whole_or_not_at_all(tmp_path: Path) -> None:
    write_mulan(tmp_path)
    file = tmp_path / "pytorch_model.bin"
    assert large.load is not None
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(WeightsError, match=r"tokenizer\.json cannot be read: "):
        large.load(tmp_path)
    held = torch.load(file, weights_only=True)
    del held["mulan.text.transformer.layers.1.1.4.weight"]
    torch.save(held, file)
    with pytest.raises(WeightsError, match=r"text\.layers\.1\.1\.4\.weight is missing"):
        large.load(tmp_path)
