"""Cards of published models: sizes in full, behaviour in small, numbers as transformers' own."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from backbones import Backbone, Layer, WeightsError
from backbones._published import Published, Setting, states
from bench import assets
from bench.registry import PluginError, Registry
from bench.testing import BACKBONE_CHECKS, Check, noise

if TYPE_CHECKING:
    from transformers.modeling_utils import PreTrainedModel

transformers = pytest.importorskip("transformers", reason="the extra `hf` is not installed")

TINY: dict[str, dict[str, Setting]] = {
    "waves": {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "conv_dim": [8] * 7,
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 2,
    },
    "audio-spectrogram-transformer": {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    },
    "clap": {
        "projection_dim": 12,
        "audio_config": {
            "patch_embeds_hidden_size": 8,
            "depths": [1, 1, 1, 1],
            "num_attention_heads": [1, 1, 2, 2],
            "hidden_size": 64,
            "projection_dim": 12,
        },
        "text_config": {
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 16,
            "vocab_size": 300,
            "projection_dim": 12,
        },
    },
    "whisper": {
        "d_model": 16,
        "encoder_layers": 2,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 16,
        "decoder_ffn_dim": 16,
    },
    "encodec": {"num_filters": 4, "hidden_size": 12, "codebook_dim": 12, "num_lstm_layers": 1},
    "dac": {"encoder_hidden_size": 2, "decoder_hidden_size": 16, "n_codebooks": 2},
}
STAGES = tuple(Layer(f"layer-{n}", 8 * times) for n, times in enumerate((1, 2, 4, 8, 8)))
LAYERS: dict[str, tuple[Layer, ...]] = {
    "waves": states(2, 16, 50.0),
    "mert": states(2, 16, 75.0),
    "audio-spectrogram-transformer": (*states(2, 16, 10.0), Layer("pooled", 16)),
    "clap": (*STAGES, Layer("pooled", 64), Layer("projected", 12)),
    "whisper": states(2, 16, 50.0),
    "encodec": (Layer("latent", 12, 75.0),),
    "dac": (Layer("latent", 32, 44_100 / 512),),
}
NAMES = (
    *("hubert-base", "mert-v1-95m", "wav2vec2-base", "wavlm-base", "data2vec-base-asr"),
    *("ast-audioset", "clap-htsat-unfused", "whisper-tiny", "encodec-24khz", "dac-44khz"),
)


def model_of(card: Backbone) -> Published:
    """What the card's `build` belongs to."""
    found = getattr(card.build, "__self__", None)
    assert isinstance(found, Published)
    return found


def kind_of(model: Published) -> str:
    return model.kind if model.kind in TINY else "waves"


def miniature(card: Backbone) -> Backbone:
    """The same code with a few thousand weights."""
    model = model_of(card)
    kind = kind_of(model)
    kept = {name: x for name, x in model.settings.items() if name not in TINY[kind]}
    small = replace(model, settings={**kept, **TINY[kind]})
    layers = LAYERS["mert" if card.name.startswith("mert") else kind]
    default = next(layer.name for layer in layers if layer.name in {card.default, layers[-1].name})
    return replace(card, layers=layers, default=default, build=small.build)


def published(cards: Registry) -> list[Backbone]:
    """Those that transformers has the code of."""
    builds = ((e.card, getattr(e.card.build, "__self__", None)) for e in cards.backbones)
    return [card for card, model in builds if isinstance(model, Published)]


def test_sizes_are_those_of_the_network(cards: Registry) -> None:
    from backbones._sketches import network

    found = published(cards)
    assert len(found) >= 22
    for card in found:
        model = model_of(card)
        with torch.device("meta"):
            made = network(model.kind, model.settings, model.front)
        assert sum(x.numel() for x in made.parameters()) == card.parameters, card.name
        config: Any = made.model.config
        dim = config.projection_dim if model.kind == "clap" else config.hidden_size
        assert card.layers[-1].dim == dim, card.name
        if model.kind not in {"clap", "encodec", "dac"}:
            whisper = model.kind == "whisper"
            blocks = config.encoder_layers if whisper else config.num_hidden_layers
            numbered = [layer for layer in card.layers if layer.name.startswith("layer")]
            assert len(numbered) == blocks + 1
        assert made.sample_rate == card.sample_rate, card.name


def test_pins_name_a_commit_and_a_licence(cards: Registry) -> None:
    for card in published(cards):
        assert card.weights is not None
        parsed = assets.parse(card.weights)
        assert parsed.version in card.weights
        assert "config.json" in parsed.files
        assert card.trained_on
        assert card.weights_licence


@pytest.mark.parametrize("check", BACKBONE_CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("name", NAMES)
def test_a_small_one_keeps_the_contract(name: str, check: Check[Backbone], cards: Registry) -> None:
    check.run(miniature(cards.backbones[name].card))


Reference = Callable[[Any, Any, int], list[torch.Tensor]]
"""(model, what its front end made of the audio, samples) → what it gives."""

REFERENCES: Mapping[str, Reference] = {
    "waves": lambda model, x, _: list(
        model(x["input_values"], output_hidden_states=True).hidden_states
    ),
    "audio-spectrogram-transformer": lambda model, x, _: [model(**x).pooler_output[:, None]],
    "clap": lambda model, x, _: [model.get_audio_features(**x).pooler_output[:, None]],
    "whisper": lambda model, x, samples: [
        state[:, : samples // 320]
        for state in model.encoder(x["input_features"], output_hidden_states=True).hidden_states
    ],
    "encodec": lambda model, x, _: [model.encoder(x["input_values"]).mT],
    "dac": lambda model, x, samples: [model.encoder(x["input_values"][..., :samples]).mT],
}


@pytest.mark.parametrize("name", NAMES)
def test_it_gives_what_transformers_gives(name: str, cards: Registry, tmp_path: Path) -> None:
    """Saved, loaded by transformers' own classes, and asked as their documentation asks."""
    from backbones._sketches import FRONTS, network, trained

    card = miniature(cards.backbones[name].card)
    model = model_of(card)
    torch.manual_seed(1)
    made = network(model.kind, model.settings, model.front)
    made.model.save_pretrained(tmp_path)
    FRONTS[model.kind](**model.front).save_pretrained(tmp_path)
    audio = noise(card, 1, 2.0)
    ours = trained(tmp_path, text=False).encode(audio)
    own = transformers.AutoModel.from_pretrained(tmp_path).eval()
    front = transformers.AutoFeatureExtractor.from_pretrained(tmp_path)
    inputs = front([audio[0]], sampling_rate=card.sample_rate, return_tensors="pt")
    with torch.inference_mode():
        expected = REFERENCES[kind_of(model)](own, inputs, audio.shape[1])
    got = list(ours.values())[-len(expected) :]
    for x, y in zip(got, expected, strict=True):
        found = x / np.linalg.norm(x) if model.kind == "clap" else x
        np.testing.assert_allclose(found, y.numpy(), atol=2e-5, rtol=1e-4)


def test_clap_reads_texts_as_transformers_does(cards: Registry, tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    from backbones._sketches import FRONTS, network

    card = miniature(cards.backbones["clap-htsat-unfused"].card)
    model = model_of(card)
    words = ["<s>", "<pad>", "</s>", "<unk>", *"abcdefghijklmnopqrstuvwxyz", "<mask>"]
    plain = Tokenizer(models.BPE({word: n for n, word in enumerate(words)}, []))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    plain.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    made = network(model.kind, model.settings, model.front).model
    made.save_pretrained(tmp_path)
    FRONTS[model.kind](**model.front).save_pretrained(tmp_path)
    plain.save(str(tmp_path / "tokenizer.json"))
    texts = ["slow piano", "a fast fiddle tune"]
    assert card.load is not None
    found = card.load(tmp_path).read(texts)
    ids = transformers.AutoTokenizer.from_pretrained(tmp_path)(
        texts, padding=True, return_tensors="pt"
    )
    own = transformers.ClapModel.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        expected = own.get_text_features(**ids).pooler_output.numpy()
    np.testing.assert_allclose(found, expected, atol=2e-6)
    assert found.shape == (2, 12)
    assert not np.allclose(found[0], found[1])


def write_mert(folder: Path, cards: Registry, **settings: object) -> "PreTrainedModel":
    """HuBERT with the config.json of a MERT, whose code is elsewhere."""
    from backbones._sketches import FRONTS, network

    model = model_of(miniature(cards.backbones["mert-v1-95m"].card))
    made: PreTrainedModel = network(model.kind, model.settings, model.front).model.eval()
    made.save_pretrained(folder)
    FRONTS[model.kind](**model.front).save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    mert = {"model_type": "mert_model", "auto_map": {"AutoConfig": "configuration_MERT.MERTConfig"}}
    plain = {"feature_extractor_cqt": False, "deepnorm": False, "attention_relax": -1.0}
    (folder / "config.json").write_text(json.dumps({**config, **mert, **plain, **settings}))
    return made


def test_mert_is_read_without_its_code(cards: Registry, tmp_path: Path) -> None:
    made = write_mert(tmp_path, cards)
    card = cards.backbones["mert-v1-95m"].card
    audio = noise(card, 1, 1.0)
    front = transformers.AutoFeatureExtractor.from_pretrained(tmp_path)
    inputs = front([audio[0]], sampling_rate=24_000, return_tensors="pt")
    with torch.inference_mode():
        expected = made(inputs["input_values"], output_hidden_states=True).hidden_states
    assert card.load is not None
    found = card.load(tmp_path).encode(audio)
    for x, y in zip(found.values(), expected, strict=True):
        np.testing.assert_allclose(x, y.numpy(), atol=2e-5)


def test_a_mert_with_parts_of_its_own_is_refused(cards: Registry, tmp_path: Path) -> None:
    write_mert(tmp_path, cards, deepnorm=True, attention_relax=32.0)
    with pytest.raises(PluginError, match="a MERT with deepnorm, attention_relax, which HuBERT"):
        cards.backbones.matching([f"hf:{tmp_path}"])


class Harmful:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.path,)


def test_a_weight_that_is_missing_is_no_random_weight(cards: Registry, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    from backbones._sketches import FRONTS, network

    card = miniature(cards.backbones["hubert-base"].card)
    model = model_of(card)
    network(model.kind, model.settings, model.front).model.save_pretrained(tmp_path)
    FRONTS[model.kind](**model.front).save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors"
    tensors = load_file(file)
    name = next(name for name in tensors if "attention" in name)
    save_file({key: x for key, x in tensors.items() if key != name}, file, {"format": "pt"})
    assert card.load is not None
    with pytest.raises(WeightsError, match=f"missing.*{name}"):
        card.load(tmp_path)


def test_a_pickle_that_would_run_code_is_refused(cards: Registry, tmp_path: Path) -> None:
    from backbones._sketches import FRONTS, network

    card = miniature(cards.backbones["hubert-base"].card)
    model = model_of(card)
    network(model.kind, model.settings, model.front).model.config.save_pretrained(tmp_path)
    FRONTS[model.kind](**model.front).save_pretrained(tmp_path)
    torch.save({"weight": Harmful(tmp_path / "ran")}, tmp_path / "pytorch_model.bin")
    assert card.load is not None
    with pytest.raises(WeightsError, match=r"is refused, for reading it could run code \(it names"):
        card.load(tmp_path)
    assert not (tmp_path / "ran").exists()
