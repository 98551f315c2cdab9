"""Encoders of MuQ-MuLan and of Microsoft's CLAP, from the files that their authors publish."""

from collections.abc import Mapping
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import ClapAudioConfig, GPT2Config, GPT2Model, XLMRobertaConfig, XLMRobertaModel
from transformers.models.clap.modeling_clap import ClapAudioModel

from backbones import Encoder, WeightsError, _weights
from backbones._conformers import UNUSED, settings, within
from backbones._networks.conformer import RATE, Conformer, Size
from backbones._networks.msclap import MsClap
from backbones._networks.mulan import Heads, MuLan
from backbones._networks.seeded import seeded
from backbones._reading import Reading, Tokens, by_bytes
from backbones._weights import one_line

MUQ, HEADS = Size(), Heads()
XLM_R = XLMRobertaConfig(
    vocab_size=250_002, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5
)
HTSAT, GPT2, MS_JOINT = ClapAudioConfig(), GPT2Config(), 1024
"""Sizes as published; transformers' own defaults are HTSAT's and GPT-2's."""

_MULAN = {
    "mulan.audio.model.model.": "audio.",
    "mulan.audio.proj.": "audio_proj.",
    "mulan.text.model.": "words.",
    "mulan.text.transformer.": "text.",
    "mulan.": "",
}
_MULAN_UNUSED = (
    *(f"audio.{pattern}" for pattern in UNUSED),
    *("audio.aggregator.*", "contrast.*", "words.pooler.*", "words.embeddings.position_ids"),
)
_ASKED = {
    ("mulan", "sr"): RATE,
    ("audio_model", "use_layer_idx"): -1,
    ("text_model", "name"): "xlm-roberta-base",
    ("text_transformer", "heads"): HEADS.heads,
}
"""What MuQ-MuLan's configuration has to say, where the shapes of weights do not show it."""

_MS = {
    "audio_encoder.base.htsat.bn0.": "htsat.batch_norm.",
    "audio_encoder.base.": "",
    "audio_encoder.projection.": "audio_projection.",
    "caption_encoder.base.": "gpt.",
    "caption_encoder.projection.": "text_projection.",
}
_MS_BLOCK = {
    ".norm1.": ".layernorm_before.",
    ".norm2.": ".layernorm_after.",
    ".attn.proj.": ".attention.output.dense.",
    ".attn.relative_": ".attention.self.relative_",
    ".mlp.fc1.": ".intermediate.dense.",
    ".mlp.fc2.": ".output.dense.",
}
_MS_UNUSED = (
    *("logit_scale", "htsat.spectrogram_extractor.*", "htsat.logmel_extractor.*"),
    *("htsat.tscam_conv.*", "htsat.head.*", "htsat.*.attn_mask"),
    *("gpt.h.*.attn.bias", "gpt.h.*.attn.masked_bias"),
)
"""What training needs, constants of the front end, tags, and masks that are computed here."""
_MS_OWN = ("mel.*", "htsat.*.relative_position_index", "htsat.batch_norm.num_batches_tracked")
"""Among them numbers of places, which the published file holds as fractions."""


def mulan_network() -> MuLan:
    """MuQ-MuLan with random weights, on torch's default device."""
    words = XLMRobertaModel(XLM_R, add_pooling_layer=False)
    return MuLan(Conformer(MUQ), MUQ.dim, words, HEADS)


def msclap_network() -> MsClap:
    """Microsoft's CLAP with random weights, on torch's default device."""
    htsat = ClapAudioModel(HTSAT).audio_encoder
    return MsClap(htsat, GPT2Model(GPT2), HTSAT.hidden_size, GPT2.n_embd, MS_JOINT)


def random_mulan() -> Encoder:
    """With random weights, the same each time; its texts are read byte by byte."""
    return Reading(seeded(0, mulan_network), by_bytes)


def random_msclap() -> Encoder:
    """With random weights, the same each time; its texts are read byte by byte."""
    return Reading(seeded(0, msclap_network), by_bytes)


def mulan(folder: Path) -> Encoder:
    """MuQ-MuLan, from its weights and configuration and XLM-R's tokenizer.

    Raises:
        WeightsError: one of them is damaged, or of another network.
    """
    file = folder / "config.json"
    said = settings(file)
    found = {(part, key): within(said, part, file).get(key) for part, key in _ASKED}
    wrong = [f"{part}.{key} is {x!r}" for (part, key), x in found.items() if _ASKED[part, key] != x]
    if wrong:
        expected = ", ".join(f"{part}.{key} {x!r}" for (part, key), x in _ASKED.items())
        message = f"{file} is of another network: {', '.join(wrong)}; expected {expected}"
        raise WeightsError(message)
    weights = folder / "pytorch_model.bin"
    network = seeded(0, mulan_network)
    tensors = _weights.renamed(_weights.read(weights), _MULAN)
    _weights.fill(network, tensors, weights, ignore=_MULAN_UNUSED, own=("audio.mel.*",))
    return Reading(network, _tokens(folder, XLM_R.max_position_embeddings - 2, XLM_R.vocab_size))


def msclap(folder: Path) -> Encoder:
    """Microsoft's CLAP, from its weights and GPT-2's tokenizer.

    Raises:
        WeightsError: one of them is damaged, or of another network.
    """
    weights = folder / "CLAP_weights_2023.pth"
    network = seeded(0, msclap_network)
    tensors = _as_in_transformers(_weights.renamed(_weights.read(weights, "model"), _MS))
    _weights.fill(network, tensors, weights, ignore=_MS_UNUSED, own=_MS_OWN)
    return Reading(
        network, _tokens(folder, GPT2.n_positions, GPT2.vocab_size, end=" <|endoftext|>")
    )


def _as_in_transformers(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """HTSAT's blocks by the names of transformers, which keeps queries, keys and values apart."""
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        before, joined, after = name.partition(".attn.qkv.")
        if joined and tensor.ndim and len(tensor) % 3 == 0:
            parts = zip(("query", "key", "value"), tensor.chunk(3), strict=True)
            found |= {f"{before}.attention.self.{part}.{after}": x for part, x in parts}
            continue
        old = next((part for part in _MS_BLOCK if name.startswith("htsat.") and part in name), "")
        found[name.replace(old, _MS_BLOCK[old]) if old else name] = tensor
    return found


def _tokens(folder: Path, longest: int, known: int, end: str = "") -> Tokens:
    """What a tokenizer makes of a text with something behind it, as far as its encoder can look."""
    file = folder / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises nothing narrower
        message = f"{file} cannot be read: {one_line(error)}"
        raise WeightsError(message) from error
    highest = max(tokenizer.get_vocab().values(), default=0)
    if highest >= known:
        message = f"{file} is of another network: it has tokens up to {highest:,}, the encoder "
        message += f"knows {known:,}"
        raise WeightsError(message)
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    return lambda text: torch.tensor([tokenizer.encode(text + end).ids])
