"""Audio encoders of transformers as networks from waveforms to layers."""

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn
from transformers.feature_extraction_sequence_utils import SequenceFeatureExtractor
from transformers.modeling_utils import PreTrainedModel

from backbones import Family
from backbones._reading import Towers

_WAVEFORM = (
    *("wav2vec2", "hubert", "wavlm", "data2vec-audio", "sew", "sew-d", "unispeech"),
    *("unispeech-sat", "wav2vec2-conformer"),
)


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


class Clap(Network, Towers):
    """CLAP; of its audio tower positions averaged, the pooled state, and its projection."""

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

    def read(self, tokens: Tensor) -> Tensor:
        """See `Towers`."""
        found: Tensor = self.model.get_text_features(input_ids=tokens).pooler_output
        return found


KINDS: dict[str, type[Network]] = {
    **dict.fromkeys(_WAVEFORM, Waveform),
    **dict.fromkeys(("encodec", "dac"), Codec),
    "whisper": Whisper,
    "audio-spectrogram-transformer": Spectrogram,
    "clap": Clap,
}


def _states(states: list[Tensor] | tuple[Tensor, ...]) -> dict[str, Tensor]:
    return {f"layer-{number}": x for number, x in enumerate(states)}
