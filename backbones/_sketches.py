"""Encoders of published models: with random weights from a configuration in code, or trained."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor
from transformers import (
    ASTFeatureExtractor,
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    ClapFeatureExtractor,
    DacFeatureExtractor,
    EncodecFeatureExtractor,
    Wav2Vec2FeatureExtractor,
    WhisperFeatureExtractor,
)

from backbones import Encoder, _folders
from backbones._networks.seeded import seeded
from backbones._published import Setting
from backbones._reading import Reading, Towers, by_bytes
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


def network(kind: str, settings: Mapping[str, Setting], front: Mapping[str, Setting]) -> Network:
    """A network with weights as transformers begins them, on torch's default device.

    Args:
        kind: as transformers names the type of model.
        settings: of the configuration, where they are not its defaults.
        front: of the feature extractor, likewise.
    """
    model = AutoModel.from_config(AutoConfig.for_model(kind, **settings), trust_remote_code=False)
    return KINDS[kind](model, FRONTS[kind](**front))


def sketch(kind: str, settings: Mapping[str, Setting], front: Mapping[str, Setting]) -> Encoder:
    """An encoder with random weights, the same each time; its texts are read byte by byte."""
    made = seeded(0, lambda: network(kind, settings, front))
    return Reading(made, by_bytes) if isinstance(made, Towers) else TorchEncoder(made)


def trained(folder: Path, *, text: bool) -> Encoder:
    """An encoder with the weights of a folder, every one of them.

    Raises:
        WeightsError: some are missing, misshapen or unexpected, or cannot be read safely.
    """
    made = _folders.trained(folder, trusted=False)
    if not (text and isinstance(made, Towers)):
        return TorchEncoder(made)
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)

    def tokens(said: str) -> Tensor:
        ids: Tensor = tokenizer(said, return_tensors="pt", truncation=True)["input_ids"]
        return ids

    return Reading(made, tokens)
