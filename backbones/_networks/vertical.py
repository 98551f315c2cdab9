"""Convolutions over a spectrogram that end in one value a frame, the largest over frequency.

They are nearly all of MusiCNN's arithmetic: 2.3 of 2.8 GFLOP per 3 s lie in two kernels almost
as tall as the spectrogram (Pons et al., 2016, "Experimenting with musically motivated
convolutional neural networks").
"""

import torch
from torch import Tensor
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


def largest(x: Tensor) -> Tensor:
    """Maximum over frequency, (batch, channels, frames, mels) → (batch, channels, frames).

    As a pooling, which unlike `amax` is vectorised over the channels, whatever their number.
    """
    return functional.max_pool2d(x, (1, x.shape[3])).squeeze(3)
