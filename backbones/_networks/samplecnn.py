"""SampleCNN (Lee et al., 2018) on 59,049 samples, as CLMR trains it."""

from torch import Tensor, nn

WIDTHS = (128, 128, 128, 256, 256, 256, 256, 256, 256, 512, 512)
"""Channels after each convolution: one that strides, nine that pool, one that does neither."""


def _convolution(inputs: int, outputs: int, *, stride: int = 1, pool: int = 1) -> nn.Sequential:
    convolution = nn.Conv1d(inputs, outputs, 3, stride, padding=0 if stride > 1 else 1)
    pooling = (nn.MaxPool1d(pool),) if pool > 1 else ()
    return nn.Sequential(convolution, nn.BatchNorm1d(outputs), nn.ReLU(), *pooling)


class SampleCnn(nn.Module):
    """Convolutions of 3 samples, each followed by a third of the frames.

    Names are those of the published weights.

    Args:
        widths: as `WIDTHS`.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        first, *pooled, last = widths
        inputs = (first, *pooled)
        self.sequential = nn.Sequential(
            _convolution(1, first, stride=3),
            *(_convolution(*sizes, pool=3) for sizes in zip(inputs, pooled, strict=False)),
            _convolution(inputs[-1], last),
        )

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """(batch, samples), a multiple of 3 ** 10, → layer → (batch, frames, dim)."""
        x = audio.unsqueeze(1)
        found = {}
        for number, layer in enumerate(self.sequential, 1):
            x = layer(x)
            found[f"conv{number}"] = x.mT
        last = found.popitem()[1]
        return {**found, "embedding": last}
