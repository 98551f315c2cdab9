"""Audio encoders of transformers as networks from waveforms to layers."""

import json
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoFeatureExtractor, AutoModel, HubertConfig
from transformers.configuration_utils import PreTrainedConfig
from transformers.feature_extraction_sequence_utils import SequenceFeatureExtractor
from transformers.modeling_utils import PreTrainedModel
from transformers.utils import logging

from backbones import DoorError, Family, Layer, WeightsError

_WAVEFORM = (
    *("wav2vec2", "hubert", "wavlm", "data2vec-audio", "sew", "sew-d", "unispeech"),
    *("unispeech-sat", "wav2vec2-conformer"),
)

MERT = "mert_model"
"""The type of model that MERT calls itself; its code is not part of transformers."""

_PROBE = 1.0  # seconds that are run through a network to see what it gives


class Network(nn.Module):
    """A model and its front end: (batch, samples) → layer → (batch, frames, dim).

    Args:
        model: of transformers.
        front: its feature extractor.
    """

    family = Family.AUDIO_SSL
    described_on = "meta"

    def __init__(self, model: PreTrainedModel, front: SequenceFeatureExtractor) -> None:
        super().__init__()
        self.model: Any = model
        self.front: Any = front

    @property
    def sample_rate(self) -> int:
        """What the front end expects [Hz]."""
        return int(self.front.sampling_rate)

    @property
    def longest(self) -> float:
        """What the front end takes at most [s]."""
        return float("inf")

    @property
    @abstractmethod
    def frame_rate(self) -> float | None:
        """Of the hidden states [Hz]; None where they have no time axis."""

    @abstractmethod
    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """(batch, samples) → layer → (batch, frames, dim)."""

    def extracted(self, audio: Tensor, name: str) -> Tensor:
        """What the front end makes of the rows, on their device."""
        if audio.is_meta:
            audio = torch.zeros(audio.shape)
        rows = list(audio.float().cpu().numpy())
        made: Tensor = self.front(rows, sampling_rate=self.sample_rate, return_tensors="pt")[name]
        return made.to(next(self.model.parameters()).device)


class Waveform(Network):
    """wav2vec 2.0 and its kin; normalised a window where its front end says so."""

    @property
    def frame_rate(self) -> float:
        """See `Network`."""
        return self.sample_rate / float(self.model.config.inputs_to_logits_ratio)

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """See `Network`."""
        if self.front.do_normalize:
            mean, power = audio.mean(-1, keepdim=True), audio.var(-1, correction=0, keepdim=True)
            audio = (audio - mean) / (power + 1e-7).sqrt()
        return _states(self.model(audio, output_hidden_states=True).hidden_states)


class Codec(Network):
    """EnCodec and DAC: what their encoder gives, before it is quantised."""

    described_on = "cpu"  # EnCodec reads its padding from a tensor

    @property
    def frame_rate(self) -> float:
        """See `Network`."""
        return self.sample_rate / float(self.model.config.hop_length)

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """See `Network`."""
        config = self.model.config
        if getattr(config, "normalize", False):
            audio = audio / (audio.square().mean(-1, keepdim=True).sqrt() + 1e-8)
        heard = audio[:, None].expand(-1, getattr(config, "audio_channels", 1), -1)
        return {"latent": self.model.encoder(heard).mT}


class Whisper(Network):
    """The encoder of Whisper; frames behind the end of the window are left out."""

    family = Family.SUPERVISED

    @property
    def longest(self) -> float:
        """See `Network`."""
        return float(self.front.chunk_length)

    @property
    def frame_rate(self) -> float:
        """See `Network`; its second convolution has a stride of 2."""
        return float(self.sample_rate / self.front.hop_length / 2)

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """See `Network`."""
        heard = self.extracted(audio, "input_features")
        states = self.model.get_encoder()(heard, output_hidden_states=True).hidden_states
        heard_frames = -(-audio.shape[-1] // (2 * self.front.hop_length))
        return _states([x[:, :heard_frames] for x in states])


class Spectrogram(Network):
    """AST: patches averaged over frequency, those of padding left out; `pooled` is its own."""

    family = Family.SUPERVISED

    @property
    def longest(self) -> float:
        """See `Network`; its frames are 10 ms apart."""
        return float(self.front.max_length / 100)

    @property
    def frame_rate(self) -> float:
        """See `Network`."""
        return 100 / float(self.model.config.time_stride)

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """See `Network`."""
        config, seconds = self.model.config, audio.shape[-1] / self.sample_rate
        out = self.model(self.extracted(audio, "input_values"), output_hidden_states=True)
        high = (config.num_mel_bins - config.patch_size) // config.frequency_stride + 1
        heard = max(1, round(100 * seconds - config.patch_size) // config.time_stride + 1)
        patches = [x[:, 2:].unflatten(1, (high, -1)).mean(1)[:, :heard] for x in out.hidden_states]
        return _states(patches) | {"pooled": out.pooler_output[:, None]}


class Clap(Network):
    """The audio tower of CLAP: positions averaged, the pooled state, and its projection."""

    family = Family.CROSS_MODAL

    @property
    def longest(self) -> float:
        """See `Network`."""
        return float(self.front.nb_max_samples / self.sample_rate)

    @property
    def frame_rate(self) -> None:
        """See `Network`."""
        return

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """See `Network`."""
        heard = self.extracted(audio, "input_features")
        longer = torch.zeros((len(heard), 1), dtype=torch.bool, device=heard.device)
        out = self.model.audio_model(heard, is_longer=longer, output_hidden_states=True)
        states = [x.flatten(2).mean(2)[:, None] for x in out.hidden_states]
        pooled = out.pooler_output
        projected = self.model.audio_projection(pooled)
        return _states(states) | {"pooled": pooled[:, None], "projected": projected[:, None]}


KINDS: dict[str, type[Network]] = {
    **dict.fromkeys(_WAVEFORM, Waveform),
    **dict.fromkeys(("encodec", "dac"), Codec),
    "whisper": Whisper,
    "audio-spectrogram-transformer": Spectrogram,
    "clap": Clap,
}


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
    seconds = min(window, network.longest)
    with torch.no_grad():
        samples = round(min(seconds, _PROBE) * network.sample_rate)
        heard = network.eval()(torch.zeros(1, samples, device=kind.described_on))
    rate = network.frame_rate
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
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return _made(_config(folder, trusted=trusted), folder, trusted=trusted)


def trained(folder: Path, *, trusted: bool) -> Network:
    """The network with the weights of a folder, every one of them.

    Heads that the encoder does not have may be left over.

    Raises:
        WeightsError: weights are missing, of another shape, or would run code when read.
    """
    try:
        with _quietly():
            model, told = AutoModel.from_pretrained(
                folder,
                config=_config(folder, trusted=trusted),
                local_files_only=True,
                trust_remote_code=trusted,
                output_loading_info=True,
            )
    except (OSError, ValueError, RuntimeError) as error:
        message = f"{folder} cannot be loaded: {_one_line(error)}"
        raise WeightsError(message) from error
    tops = {name for name, _ in model.named_children()}
    left = [name for name in told["unexpected_keys"] if name.partition(".")[0] in tops]
    wrong = [*told["missing_keys"], *told["mismatched_keys"], *left]
    if wrong:
        message = f"{folder} does not fit its config.json: missing, misshapen or unexpected are "
        message += ", ".join(str(name) for name in wrong[:8])
        raise WeightsError(message)
    return _network(model, folder)


def _config(folder: Path, *, trusted: bool) -> PreTrainedConfig:
    settings = _settings(folder)
    if settings.get("model_type") == MERT and not trusted:
        return _of_mert(folder, settings)
    try:
        config: PreTrainedConfig = AutoConfig.from_pretrained(folder, trust_remote_code=trusted)
    except (OSError, KeyError, ValueError) as error:
        message = f"{folder} holds no model that transformers knows: {_one_line(error)}"
        raise DoorError(message) from error
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
    except (OSError, ValueError) as error:
        message = f"{file} cannot be read: {_one_line(error)}"
        raise DoorError(message) from error
    return found if isinstance(found, dict) else {}


def _of_mert(folder: Path, settings: dict[str, Any]) -> HubertConfig:
    """MERT is HuBERT for music, unless it was trained with parts that HuBERT does not have.

    Raises:
        DoorError: it was.
    """
    relaxed = settings.get("attention_relax", -1)
    others = [name for name in ("feature_extractor_cqt", "deepnorm") if settings.get(name)]
    others += ["attention_relax"] if isinstance(relaxed, int | float) and relaxed > 0 else []
    if others:
        message = f"{folder} is a MERT with {', '.join(others)}, which HuBERT has not: it takes "
        message += "trust-remote-code=1 and a commit"
        raise DoorError(message)
    known = HubertConfig().to_dict().keys() - {
        "model_type",
        "architectures",
        "transformers_version",
    }
    return HubertConfig(**{name: settings[name] for name in known & settings.keys()})


def _made(config: PreTrainedConfig, folder: Path, *, trusted: bool) -> Network:
    try:
        return _network(AutoModel.from_config(config, trust_remote_code=trusted), folder)
    except (OSError, KeyError, ValueError) as error:
        message = f"{folder} holds no whole model: {_one_line(error)}"
        raise DoorError(message) from error


def _network(model: PreTrainedModel, folder: Path) -> Network:
    kind = KINDS.get(model.config.model_type, Waveform)
    return kind(model, AutoFeatureExtractor.from_pretrained(folder))


def _states(states: list[Tensor] | tuple[Tensor, ...]) -> dict[str, Tensor]:
    return {f"layer-{number}": x for number, x in enumerate(states)}


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


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
