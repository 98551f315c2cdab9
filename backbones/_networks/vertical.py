"""Convolutions over a spectrogram that end in one value a frame, the largest over frequency.

They are nearly all of MusiCNN's arithmetic: 2.3 of 2.8 GFLOP per 3 s lie in two kernels almost
as tall as the spectrogram (Pons et al., 2016, "Experimenting with musically motivated
convolutional neural networks").
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


def convolve(x: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
    """Correlate with "same" padding in time and none in frequency.

    The kernel's memory format sets the output's. Channels last is two to three times as fast as
    the default on a CPU, counting the maximum over frequency that follows; `contiguous` would
    leave a kernel of one input channel as it is.

    Args:
        x: (batch, 1, frames, mels).
        kernel: (channels, 1, kernel frames, kernel mels).
        bias: (channels,).

    Returns:
        (batch, channels, frames, mels - kernel mels + 1), channels last in memory.
    """
    frames = kernel.shape[2]
    padded = functional.pad(x, (0, 0, (frames - 1) // 2, frames // 2))
    return functional.conv2d(padded, kernel.to(memory_format=torch.channels_last), bias)


def peaks(x: Tensor, kernel: Tensor, bias: Tensor, slope: Tensor) -> Tensor:
    """Convolve and keep, over frequency, the value for which a later monotone map is largest.

    A normalisation with a positive factor commutes with the maximum; with a negative factor
    the largest output comes from the smallest input. Flipping those channels' kernels turns
    both into one maximum, so that bias, rectifier and normalisation run on one value a frame
    instead of one for every frequency.

    Args:
        x: (batch, 1, frames, mels).
        kernel: (channels, 1, kernel frames, kernel mels).
        bias: (channels,).
        slope: (channels,), the factor of the map that follows.

    Returns:
        (batch, channels, frames): the convolution at its decisive frequency.
    """
    sign = torch.where(slope < 0, -1.0, 1.0)
    top = largest(convolve(x, kernel * sign[:, None, None, None]))
    return top * sign[:, None] + bias[:, None]


def normalised_peaks(x: Tensor, kernel: Tensor, bias: Tensor, norm: nn.BatchNorm2d) -> Tensor:
    """Convolve, normalise over the batch, and keep the largest value over frequency.

    Mean and variance are those of the whole convolution, as in any batch normalisation; but only
    what is kept is normalised, and the gradient of all the rest is written in one pass, for it is
    a straight line of the convolution's output (Ioffe and Szegedy, 2015, section 3).

    Args:
        x: (batch, 1, frames, mels).
        kernel: (channels, 1, kernel frames, kernel mels).
        bias: (channels,).
        norm: in training mode; its running statistics move.

    Returns:
        (batch, channels, frames).
    """
    sign = torch.where(norm.weight < 0, -1.0, 1.0).to(norm.weight.dtype)
    y = convolve(x, kernel * sign[:, None, None, None], bias * sign)
    top: Tensor
    top, mean, variance = _Normalised.apply(y, norm.weight * sign, norm.bias, norm.eps)
    count = y.numel() / len(mean)
    _remember(norm, mean * sign, variance * (count / (count - 1)))
    return top


@torch.no_grad()
def _remember(norm: nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    """Move the running statistics, as the normalisation itself would."""
    batches = norm.get_buffer("num_batches_tracked").add_(1)
    step = 1 / float(batches) if norm.momentum is None else norm.momentum
    for name, found in (("running_mean", mean), ("running_var", variance)):
        running = norm.get_buffer(name)
        running.lerp_(found.to(running.dtype), step)


def _moments(y: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of every channel, (channels,) each.

    Squares are summed by a matrix product, of which the diagonal is kept: on a CPU five times as
    fast as `var_mean` over channels that lie last in memory. Not by autocast's half precision,
    which would add up squares to infinity.
    """
    rows = y.to(torch.promote_types(y.dtype, torch.float32)).permute(0, 2, 3, 1).flatten(1, 2)
    count = rows.shape[0] * rows.shape[1]
    mean = rows.sum(1).sum(0) / count
    with torch.autocast(y.device.type, enabled=False):
        squares = torch.bmm(rows.mT, rows).diagonal(dim1=1, dim2=2).sum(0) / count
    return mean, (squares - mean.square()).clamp(min=0)


class _Normalised(torch.autograd.Function):
    """(y, factors, offsets, epsilon) → maxima over frequency, normalised; mean; variance."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 — torch types no context
        y: Tensor,
        factor: Tensor,
        offset: Tensor,
        epsilon: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        mean, variance = _moments(y)
        top, places = functional.max_pool2d(y, (1, y.shape[3]), return_indices=True)
        scale = (variance + epsilon).rsqrt()
        unit = (top.squeeze(3) - mean[:, None]) * scale[:, None]
        ctx.save_for_backward(y, places, unit, mean, scale, factor)
        ctx.mark_non_differentiable(mean, variance)
        return unit * factor[:, None] + offset[:, None], mean, variance

    @staticmethod
    def backward(
        ctx: Any,  # noqa: ANN401 — torch types no context
        grad: Tensor,
        _mean: Tensor,
        _variance: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, None]:
        y, places, unit, mean, scale, factor = ctx.saved_tensors
        by_factor, by_offset = (grad * unit).sum((0, 2)), grad.sum((0, 2))
        share = scale * factor * (y.shape[1] / y.numel())
        slope = -share * scale * by_factor
        start = -share * by_offset - slope * mean
        dense = torch.addcmul(start[:, None, None], y, slope[:, None, None])
        at_peak = grad * (scale * factor)[:, None]
        column = (places % y.shape[3]).long()
        dense.scatter_add_(3, column, at_peak.unsqueeze(3).to(dense.dtype))
        return dense.to(y.dtype), by_factor, by_offset, None


def largest(x: Tensor) -> Tensor:
    """Maximum over frequency, (batch, channels, frames, mels) → (batch, channels, frames).

    As a pooling, which unlike `amax` is vectorised over the channels, whatever their number.
    """
    return functional.max_pool2d(x, (1, x.shape[3])).squeeze(3)
