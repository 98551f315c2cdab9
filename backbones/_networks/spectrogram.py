"""Mel spectrograms at the head of a network, in float32 whatever the network computes in."""

import torch
from torch import Tensor, nn
from torchaudio.functional import amplitude_to_DB
from torchaudio.transforms import MelSpectrogram

SAMPLE_RATE = 16_000
FFT = 512
HOP = 256
MELS = 96


class LogMel(nn.Module):
    """The input of musicnn: log10(1 + 10000 · mel power), Slaney's mel scale and norm.

    Equal to librosa's `melspectrogram(sr=16000, n_fft=512, hop_length=256, n_mels=96)`, except
    that N samples give N // 256 frames (187 for 3 s): the original cuts the last one off, which
    lies half outside of the window.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mel = MelSpectrogram(
            SAMPLE_RATE,
            n_fft=FFT,
            hop_length=HOP,
            n_mels=MELS,
            norm="slaney",
            mel_scale="slaney",
            pad_mode="constant",
        )

    def forward(self, audio: Tensor) -> Tensor:
        """(batch, samples) → (batch, frames, mels)."""
        with torch.autocast(audio.device.type, enabled=False):
            mel = self.mel(audio)[..., : audio.shape[-1] // HOP]
            return torch.log10(1 + 10_000 * mel).transpose(-1, -2)


class DecibelMel(nn.Module):
    """The input of MuLaP's trunk: mel power in dB, cut off 80 dB under the window's loudest bin.

    The cut is per window, so that a window's features do not depend on its batch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mel = MelSpectrogram(SAMPLE_RATE, n_fft=FFT, hop_length=HOP, n_mels=MELS)

    def forward(self, audio: Tensor) -> Tensor:
        """(batch, samples) → (batch, frames, mels) [dB]."""
        with torch.autocast(audio.device.type, enabled=False):
            mel = self.mel(audio).unsqueeze(1)  # a channel axis, or top_db spans the batch
            decibel: Tensor = amplitude_to_DB(mel, 10, amin=1e-10, db_multiplier=0, top_db=80)
            return decibel.squeeze(1).transpose(-1, -2)
