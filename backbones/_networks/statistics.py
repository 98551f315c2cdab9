"""Handcrafted features of a whole clip: statistics over time of classic representations."""

import torch
from nnAudio.features import CQT1992v2
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.functional import amplitude_to_DB, compute_deltas, create_dct
from torchaudio.transforms import MelSpectrogram

SAMPLE_RATE = 24_000
HOP = 512
MELS = 128
MFCCS = 20
OCTAVES = 7
C1 = 32.703  # [Hz]


def moments(x: Tensor) -> Tensor:
    """Mean and standard deviation over the last axis, (batch, n, frames) → (batch, 2n)."""
    return torch.cat([x.mean(dim=-1), x.std(dim=-1, correction=0)], dim=-1)


def log_power(power: Tensor) -> Tensor:
    """log10 of power, cut off 80 dB under the loudest value of each item, never of the batch."""
    top = power.unsqueeze(1)  # a channel axis, or top_db spans the batch
    log: Tensor = amplitude_to_DB(top, 1, amin=1e-10, db_multiplier=0, top_db=8)
    return log.squeeze(1)


class MelStatistics(nn.Module):
    """Moments of a log-mel spectrogram, of its cepstrum, and of the deltas of both."""

    def __init__(self) -> None:
        super().__init__()
        self.mel = MelSpectrogram(
            SAMPLE_RATE,
            n_fft=2048,
            hop_length=HOP,
            n_mels=MELS,
            norm="slaney",
            mel_scale="slaney",
            pad_mode="constant",
        )
        self.register_buffer("dct", create_dct(MFCCS, MELS, norm="ortho"))

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """(batch, samples) at 24 kHz → layer → (batch, 1, dim)."""
        mel = log_power(self.mel(audio))
        cepstrum = (mel.transpose(1, 2) @ self.get_buffer("dct")).transpose(1, 2)
        of_mel, of_cepstrum = (_with_deltas(x).unsqueeze(1) for x in (mel, cepstrum))
        both = torch.cat([of_mel, of_cepstrum], dim=-1)
        return {"mel": of_mel, "mfcc": of_cepstrum, "both": both}


class ChromaStatistics(nn.Module):
    """Moments of a log constant-Q transform, and of the chroma folded from it.

    Neither depends on the clip's level: the logarithm is of the ratio to the clip's largest bin,
    and a chroma frame is divided by its Euclidean norm.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cqt = CQT1992v2(
            SAMPLE_RATE,
            2 * HOP,
            fmin=C1,
            n_bins=12 * OCTAVES,
            pad_mode="constant",
            verbose=False,
        )

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """(batch, samples) at 24 kHz → layer → (batch, 1, dim)."""
        magnitude = self.cqt(audio)
        peak = magnitude.amax(dim=(1, 2), keepdim=True).clamp(min=1e-7)
        relative = magnitude / peak
        folded = relative.unflatten(1, (OCTAVES, 12)).sum(dim=1)
        chroma = functional.normalize(folded, dim=1, eps=1e-3)
        layers = {"chroma": moments(chroma), "cqt": moments(log_power(relative.square()))}
        return {name: x.unsqueeze(1) for name, x in layers.items()}


def _with_deltas(x: Tensor) -> Tensor:
    return torch.cat([moments(x), moments(compute_deltas(x))], dim=-1)
