"""Encoders of MusicFM and MuQ, from the files that their authors publish."""

import json
from collections.abc import Mapping
from pathlib import Path

from backbones import Encoder, WeightsError, _weights
from backbones._networks.conformer import ROTARY_BASE, Conformer, Size
from backbones._networks.seeded import seeded
from backbones._torch import TorchEncoder
from backbones._weights import one_line

UNUSED = (
    *("linear.*", "cls_token", "quantizer_*", "rvq.*", "preprocessor_*"),
    *("conformer.pos_conv_embed.*", "conformer.embed_positions.*"),
)
"""What training needs, constants of the front end, and positions that are computed here."""

_BLOCKS = {
    "hidden_act": "swish",
    "num_attention_heads": Size().heads,
    "position_embeddings_type": "rotary",
    "rotary_embedding_base": ROTARY_BASE,
}
"""What a configuration has to say, where the shapes of weights do not show it."""


def random() -> Encoder:
    """With random weights, the same each time."""
    return TorchEncoder(seeded(0, Conformer))


def musicfm(folder: Path, stats: str, weights: str) -> Encoder:
    """MusicFM, from a checkpoint and the statistics beside it.

    Raises:
        WeightsError: one of them is damaged, or of another network.
    """
    return _loaded(folder / weights, "state_dict", settings(folder / stats), folder / stats)


def muq(folder: Path) -> Encoder:
    """MuQ, from its weights and its configuration.

    Raises:
        WeightsError: one of them is damaged, or of another network.
    """
    file = folder / "config.json"
    config = settings(file)
    asked = within(config, "w2v2_config", file)
    wrong = [f"{key} is {asked.get(key)!r}" for key, x in _BLOCKS.items() if asked.get(key) != x]
    if wrong:
        message = f"{file} is of another network: {', '.join(wrong)}; expected {_BLOCKS}"
        raise WeightsError(message)
    return _loaded(folder / "model.safetensors", "", within(config, "stat", file), file)


def _loaded(weights: Path, inside: str, stats: Mapping[str, object], source: Path) -> Encoder:
    mean, deviation = (stats.get(f"melspec_2048_{name}") for name in ("mean", "std"))
    if not isinstance(mean, float) or not isinstance(deviation, float):
        message = f"{source} has no numbers named melspec_2048_mean and melspec_2048_std"
        raise WeightsError(message)
    network = seeded(0, lambda: Conformer(mean=mean, deviation=deviation))
    found = _weights.renamed(_weights.read(weights, inside), {"model.": ""})
    _weights.fill(network, found, weights, ignore=UNUSED, own=("mel.*",))
    return TorchEncoder(network)


def within(config: Mapping[str, object], key: str, source: Path) -> Mapping[str, object]:
    """A part of a configuration that has names itself.

    Raises:
        WeightsError: there is none.
    """
    found = config.get(key)
    if not isinstance(found, dict):
        message = f"{source} has no {key}; it has {', '.join(config)}"
        raise WeightsError(message)
    return found


def settings(file: Path) -> Mapping[str, object]:
    """What a JSON file of names and numbers says.

    Raises:
        WeightsError: it is damaged, or holds something else.
    """
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        message = f"{file} cannot be read: {one_line(error)}"
        raise WeightsError(message) from error
    if not isinstance(found, dict):
        message = f"{file} holds {type(found).__name__}, expected names and numbers"
        raise WeightsError(message)
    return found
