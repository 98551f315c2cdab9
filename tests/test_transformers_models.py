"""Cards of published models: sizes in full, behaviour in small, numbers as transformers' own."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from backbones import Backbone
from backbones._published import Published
from bench import assets
from bench.registry import Registry
from bench.testing import BACKBONE_CHECKS, Check, noise
from tests.miniatures import kind_of, miniature, model_of

transformers = pytest.importorskip("transformers", reason="the extra `hf` is not installed")

NAMES = (
    *("hubert-base", "mert-v1-95m", "mert-v1-330m", "wav2vec2-base", "wavlm-base"),
    *("data2vec-base-asr", "music2vec-v1"),
    *("ast-audioset", "clap-htsat-unfused", "whisper-tiny", "encodec-24khz", "dac-44khz"),
)


def published(cards: Registry) -> list[Backbone]:
    """Those that transformers has the code of."""
    builds = ((e.card, getattr(e.card.build, "__self__", None)) for e in cards.backbones)
    return [card for card, model in builds if isinstance(model, Published)]


def test_sizes_are_those_of_the_network(cards: Registry) -> None:
    from backbones._sketches import network

    found = published(cards)
    assert len(found) >= 24
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
