"""Published models of transformers with a few thousand weights: cards, networks and folders."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from backbones import Backbone, Layer
from backbones._published import Published, Setting, states

if TYPE_CHECKING:
    from transformers.modeling_utils import PreTrainedModel

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


def written(
    folder: Path, card: Backbone, settings: Mapping[str, object] = MappingProxyType({})
) -> "PreTrainedModel":
    """A small model of the card in a folder, whose config.json says something else."""
    from backbones._sketches import FRONTS, network

    model = model_of(miniature(card))
    made: PreTrainedModel = network(model.kind, model.settings, model.front).model.eval()
    made.save_pretrained(folder)
    FRONTS[model.kind](**model.front).save_pretrained(folder)
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **settings}))
    return made
