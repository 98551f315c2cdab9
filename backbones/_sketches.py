"""Encoders of published models: with random weights from a configuration in code, or trained."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, cast

import torch
from torch import Tensor
from transformers import (
    ASTFeatureExtractor,
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    ClapFeatureExtractor,
    ClapModel,
    DacFeatureExtractor,
    EncodecFeatureExtractor,
    Wav2Vec2FeatureExtractor,
    WhisperFeatureExtractor,
)

from backbones import Encoder, Texts, _folders
from backbones._networks.seeded import seeded
from backbones._published import Setting
from backbones._torch import TorchEncoder
from backbones._transformers import KINDS, Network

FRONTS = {
    **dict.fromkeys(("wav2vec2", "hubert", "wavlm", "data2vec-audio"), Wav2Vec2FeatureExtractor),
    "audio-spectrogram-transformer": ASTFeatureExtractor,
    "clap": ClapFeatureExtractor,
    "whisper": WhisperFeatureExtractor,
    "encodec": EncodecFeatureExtractor,
    "dac": DacFeatureExtractor,
}

Tokens: TypeAlias = Callable[[str], Tensor]
"""A text → (1, tokens)."""


class Reading(TorchEncoder):
    """CLAP with its text side: what it hears and what it reads are in one space.

    Args:
        network: CLAP, both towers.
        tokens: of a text.
    """

    def __init__(self, network: Network, tokens: Tokens) -> None:
        super().__init__(network)
        self._model = cast("ClapModel", network.model)
        self._tokens = tokens

    @torch.inference_mode()
    def read(self, texts: Sequence[str]) -> Texts:
        """See `Encoder.read`. One by one, so that no text is padded."""
        found: Texts = torch.cat([self._read(text) for text in texts]).float().cpu().numpy()
        return found

    def _read(self, text: str) -> Tensor:
        tokens = self._tokens(text).to(self._device)
        found: Tensor = self._model.get_text_features(input_ids=tokens).pooler_output
        return found


def network(kind: str, settings: Mapping[str, Setting], front: Mapping[str, Setting]) -> Network:
    """A network with weights as transformers begins them, on torch's default device.

    Args:
        kind: as transformers names the type of model.
        settings: of the configuration, where they are not its defaults.
        front: of the feature extractor, likewise.
    """
    model = AutoModel.from_config(AutoConfig.for_model(kind, **settings))
    return KINDS[kind](model, FRONTS[kind](**front))


def sketch(kind: str, settings: Mapping[str, Setting], front: Mapping[str, Setting]) -> Encoder:
    """An encoder with random weights, the same each time; its texts are read byte by byte."""
    made = seeded(0, lambda: network(kind, settings, front))
    return Reading(made, _bytes) if kind == "clap" else TorchEncoder(made)


def trained(folder: Path, *, text: bool) -> Encoder:
    """An encoder with the weights of a folder, every one of them.

    Raises:
        WeightsError: some are missing, misshapen or unexpected, or cannot be read safely.
    """
    made = _folders.trained(folder, trusted=False)
    if not text:
        return TorchEncoder(made)
    tokenizer = AutoTokenizer.from_pretrained(folder)

    def tokens(said: str) -> Tensor:
        ids: Tensor = tokenizer(said, return_tensors="pt", truncation=True)["input_ids"]
        return ids

    return Reading(made, tokens)


def _bytes(text: str) -> Tensor:
    """Begin, a token a byte, end, by the ids that RoBERTa has for begin and end."""
    return torch.tensor([[0, *(3 + byte for byte in text.encode()), 2]])
