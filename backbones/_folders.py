"""Models of transformers, from folders: what their cards say, and the networks."""

import json
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    CONFIG_MAPPING,
    AutoConfig,
    AutoFeatureExtractor,
    AutoModel,
    HubertConfig,
)
from transformers.configuration_utils import PreTrainedConfig
from transformers.feature_extraction_sequence_utils import SequenceFeatureExtractor
from transformers.modeling_utils import PreTrainedModel
from transformers.utils import logging

from backbones import DoorError, Family, Layer, WeightsError, _weights
from backbones._networks.seeded import seeded
from backbones._transformers import KINDS, Network, Waveform
from backbones._weights import INDEX, SHARD, one_line

MERT = "mert_model"
"""The type of model that MERT calls itself; its code is not part of transformers."""

_PROBE = 1.0  # seconds that are run through a network to see what it gives


@dataclass(frozen=True, slots=True)
class Facts:
    """What a card says of a model.

    Attributes:
        kind: the model's type.
        family: how models of the type are trained.
        sample_rate: [Hz].
        window: [s].
        layers: all hidden states.
        default: the last one that the model itself would hand on.
        parameters: weights in the network.
    """

    kind: str
    family: Family
    sample_rate: int
    window: float
    layers: tuple[Layer, ...]
    default: str
    parameters: int


def describe(folder: Path, window: float, *, trusted: bool) -> Facts:
    """What the configuration of a model says; no weights are made.

    Raises:
        DoorError: it is of a kind that is not known, or is not whole.
    """
    config = _config(folder, trusted=trusted)
    kind = KINDS.get(config.model_type, Waveform)
    with torch.device(kind.described_on):
        network = _made(config, folder, trusted=trusted)
    with _told(f"{folder / 'config.json'} makes no network that runs"), torch.no_grad():
        seconds = min(window, network.longest)
        samples = round(min(seconds, _PROBE) * network.sample_rate)
        heard = network.eval()(torch.zeros(1, samples, device=kind.described_on))
        rate = network.frame_rate
    if not heard:
        message = f"{folder / 'config.json'} makes a network without hidden layers"
        raise DoorError(message)
    layers = tuple(
        Layer(name, x.shape[-1], None if name in {"pooled", "projected"} else rate)
        for name, x in heard.items()
    )
    return Facts(
        kind=network.model.config.model_type,
        family=network.family,
        sample_rate=network.sample_rate,
        window=seconds,
        layers=layers,
        default=layers[-1].name,
        parameters=sum(x.numel() for x in network.parameters()),
    )


def random(folder: Path, *, trusted: bool) -> Network:
    """The network of a configuration with random weights, the same each time."""
    config = _config(folder, trusted=trusted)
    return seeded(0, lambda: _made(config, folder, trusted=trusted))


def trained(folder: Path, *, trusted: bool) -> Network:
    """The network with the weights of a folder, every one of them.

    Heads that the encoder does not have may be left over.

    Raises:
        WeightsError: weights are missing, of another shape, or would run code when read; or the
            settings beside them are damaged.
    """
    try:
        return _loaded(folder, trusted=trusted)
    except DoorError as error:
        raise WeightsError(str(error)) from error


def _loaded(folder: Path, *, trusted: bool) -> Network:
    config = _config(folder, trusted=trusted)
    _check_shards(folder)
    try:
        with _quietly():
            model, told = AutoModel.from_pretrained(
                folder,
                config=config,
                local_files_only=True,
                trust_remote_code=trusted,
                output_loading_info=True,
            )
    except pickle.UnpicklingError as error:
        raise _weights.refusal(folder, error) from error
    except Exception as error:  # the library raises nothing narrower
        message = f"{_held(folder)} cannot be loaded: {_why(error)}; fetch it again"
        raise WeightsError(message) from error
    tops = {name for name, _ in model.named_children()}
    left = [name for name in told["unexpected_keys"] if name.partition(".")[0] in tops]
    wrong = [*told["missing_keys"], *told["mismatched_keys"], *left]
    if wrong:
        message = f"{folder} does not fit its config.json: missing, misshapen or unexpected are "
        message += ", ".join(str(name) for name in wrong[:8])
        raise WeightsError(message)
    return _network(model, folder, trusted=trusted)


def _check_shards(folder: Path) -> None:
    """Refuse shards that are not among the files by which the door knows the weights.

    Raises:
        WeightsError: the index names one, or cannot be read.
    """
    index = folder / INDEX
    if (folder / "model.safetensors").is_file() or not index.is_file():
        return
    try:
        named = {str(name) for name in json.loads(index.read_bytes())["weight_map"].values()}
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        message = f"{index} is no index of weights: {one_line(error)[:300]}; fetch it again"
        raise WeightsError(message) from error
    if others := sorted(name for name in named if not SHARD.fullmatch(name)):
        message = f"{index} names {others[0]!r}, expected model-<n>-of-<n>.safetensors beside it"
        raise WeightsError(message)


def _held(folder: Path) -> Path:
    """The file of weights of a folder, or the folder where there is none."""
    known = ("model.safetensors", INDEX, "pytorch_model.bin")
    return next((folder / name for name in known if (folder / name).is_file()), folder)


def _config(folder: Path, *, trusted: bool) -> PreTrainedConfig:
    settings = _settings(folder)
    if settings.get("model_type") == MERT and not trusted:
        return _of_mert(folder, settings)
    with _told(f"{folder} holds no model that transformers knows"):
        if _has_odd_vocabulary(settings):
            rest = {name: x for name, x in settings.items() if name != "vocab_size"}
            return CONFIG_MAPPING[settings["model_type"]].from_dict(rest)
        config: PreTrainedConfig = AutoConfig.from_pretrained(folder, trust_remote_code=trusted)
    if config.model_type not in KINDS and not trusted:
        known = ", ".join(sorted(KINDS))
        message = f"is a {config.model_type} model; the door reads {known}"
        raise DoorError(message)
    return config


def _settings(folder: Path) -> dict[str, Any]:
    """What config.json says.

    Raises:
        DoorError: there is none, or a damaged one.
    """
    file = folder / "config.json"
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        message = f"{file} cannot be read: {one_line(error)[:300]}"
        raise DoorError(message) from error
    if not isinstance(found, dict) or not isinstance(found.get("model_type", ""), str):
        message = f"{file} is not the configuration of a model, with its `model_type` as text"
        raise DoorError(message)
    return found


def _has_odd_vocabulary(settings: dict[str, Any]) -> bool:
    """Whether an encoder of waveforms, which has no words, tells how many by something else.

    music2vec's authors left the path of a dictionary there.
    """
    waveform = KINDS.get(settings.get("model_type", "")) is Waveform
    return waveform and not isinstance(settings.get("vocab_size", 0), int)


def _of_mert(folder: Path, settings: dict[str, Any]) -> HubertConfig:
    """MERT is HuBERT for music, unless it was trained with parts that HuBERT does not have.

    `attention_relax` is none of them: only blocks with `deepnorm` read it, and what it takes from
    all scores of a frame cancels in their softmax.

    Raises:
        DoorError: it was.
    """
    others = [name for name in ("feature_extractor_cqt", "deepnorm") if settings.get(name)]
    if others:
        message = f"{folder} is a MERT with {', '.join(others)}, which HuBERT has not: it takes "
        message += "trust-remote-code=1 and a commit"
        raise DoorError(message)
    known = HubertConfig().to_dict().keys() - {
        "model_type",
        "architectures",
        "transformers_version",
    }
    with _told(f"{folder / 'config.json'} is of no MERT"):
        return HubertConfig(**{name: settings[name] for name in known & settings.keys()})


def _made(config: PreTrainedConfig, folder: Path, *, trusted: bool) -> Network:
    with _told(f"{folder / 'config.json'} makes no model"):
        model = AutoModel.from_config(config, trust_remote_code=trusted)
    return _network(model, folder, trusted=trusted)


def _network(model: PreTrainedModel, folder: Path, *, trusted: bool) -> Network:
    kind = KINDS.get(model.config.model_type, Waveform)
    return kind(model, _front(folder, trusted=trusted))


def _front(folder: Path, *, trusted: bool) -> SequenceFeatureExtractor:
    """What makes a network's inputs; without being told, transformers would ask whom to trust.

    Raises:
        DoorError: its settings are damaged, or it takes code of the folder that is not trusted.
    """
    with _told(f"{folder} holds no feature extractor that transformers can make"):
        front: SequenceFeatureExtractor = AutoFeatureExtractor.from_pretrained(
            folder, local_files_only=True, trust_remote_code=trusted
        )
    rate = getattr(front, "sampling_rate", None)
    if not isinstance(rate, int | float) or rate < 1:
        message = f"{folder / 'preprocessor_config.json'}: sampling_rate is {rate!r}, expected Hz"
        raise DoorError(message)
    return front


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Raise as a door's one line whatever a damaged folder makes transformers raise."""
    try:
        yield
    except Exception as error:  # the library raises nothing narrower
        message = f"{what}: {_why(error)}"
        raise DoorError(message) from error


def _why(error: Exception) -> str:
    """What transformers says, in one line, with the remedy that the door has."""
    if "trust_remote_code" in str(error):
        return "it takes code of its own, which is run with trust-remote-code=1 alone"
    return f"{type(error).__name__}: {one_line(error)[:300]}".removesuffix(": ")


@contextmanager
def _quietly() -> Iterator[None]:
    """Without bars and reports: what is missing is an error of ours."""
    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
