"""Microsoft's CLAP of 2023 (Elizalde et al.): HTSAT beside GPT-2, each with a projection."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.transforms import MelSpectrogram

from backbones._reading import Towers

RATE, SECONDS, FFT, HOP, MELS = 44_100, 7, 1024, 320, 64
MEL_RATE, LOW, HIGH = 32_000, 50, 14_000
"""What its bands are laid out for [Hz]; audio at 44.1 kHz is heard through them all the same."""
_LEAST = 1e-10


class Projection(nn.Module):
    """A linear map, and a small network beside it."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(inputs, outputs, bias=False)
        self.linear2 = nn.Linear(outputs, outputs, bias=False)
        self.layer_norm = nn.LayerNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs) → (batch, outputs)."""
        mapped = self.linear1(x)
        found: Tensor = self.layer_norm(mapped + self.linear2(functional.gelu(mapped)))
        return found


class MsClap(Towers):
    """Both towers.

    Args:
        htsat: CLAP's audio encoder of transformers; takes (batch, 1, frames, mels).
        gpt: GPT-2; called with `input_ids`, it has `last_hidden_state`.
        heard: numbers that `htsat` pools to.
        words: numbers a token of `gpt`.
        joint: numbers in the space of audio and texts.
    """

    def __init__(
        self, htsat: nn.Module, gpt: nn.Module, heard: int, words: int, joint: int
    ) -> None:
        super().__init__()
        with torch.device("cpu"):  # torchaudio looks at its bands, which a meta tensor has not
            self.mel = MelSpectrogram(
                MEL_RATE,
                n_fft=FFT,
                hop_length=HOP,
                f_min=LOW,
                f_max=HIGH,
                n_mels=MELS,
                norm="slaney",
                mel_scale="slaney",
            )
        self.htsat = htsat
        self.audio_projection = Projection(heard, joint)
        self.gpt = gpt
        self.text_projection = Projection(words, joint)

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """(batch, samples) at 44.1 kHz → layer → (batch, 1, dim).

        A window shorter than 7 s is repeated, as its authors do. Positions are averaged.
        """
        out = self.htsat(self._spectrogram(audio)[:, None], output_hidden_states=True)
        states = {f"layer-{n}": x.flatten(2).mean(2) for n, x in enumerate(out.hidden_states)}
        pooled = out.pooler_output
        found = {**states, "pooled": pooled, "projected": self.audio_projection(pooled)}
        return {name: x[:, None] for name, x in found.items()}

    def read(self, tokens: Tensor) -> Tensor:
        """See `Towers`.

        The state that counts is that of the token whose number is how many are not id 0, which its
        authors pad with; id 0 is also the exclamation mark.
        """
        states: Tensor = self.gpt(input_ids=tokens).last_hidden_state
        last = (tokens != 0).sum(1) - 1
        rows = torch.arange(len(tokens), device=tokens.device)
        found: Tensor = self.text_projection(states[rows, last])
        return found

    def _spectrogram(self, audio: Tensor) -> Tensor:
        """Log-mel of 7 s in dB: (batch, frames, mels)."""
        whole = RATE * SECONDS
        heard = audio.repeat(1, -(-whole // audio.shape[1]))[:, :whole]
        with torch.autocast(audio.device.type, enabled=False):
            decibel: Tensor = 10 * self.mel(heard.float()).clamp(min=_LEAST).log10()
        return decibel.mT
