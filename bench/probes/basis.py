"""Features in the eigenbasis of their covariance."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor


def scaling(x: Tensor, *, standardise: bool) -> tuple[Tensor, Tensor]:
    """Mean and scale of training features x: (clips, dim); both (dim,), double.

    The scale is 0 for a feature that is constant in training but for rounding to single precision,
    so that it is left out.
    """
    wide = x.double()
    mean = wide.mean(0)
    deviation = (wide - mean).square().mean(0).sqrt()
    unit = deviation if standardise else torch.ones_like(deviation)
    varies = deviation > torch.finfo(torch.float32).eps * mean.abs()
    return mean, torch.where(varies, 1 / unit, 0.0)


def eigh(symmetric: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors, as `torch.linalg.eigh`.

    MKL's routine, which torch calls on a CPU, now and then does not converge, as was seen where
    most rows are 0; NumPy brings another LAPACK.
    """
    try:
        spectrum, vectors = torch.linalg.eigh(symmetric)
    except torch.linalg.LinAlgError:  # type: ignore[attr-defined]
        found = np.linalg.eigh(symmetric.numpy(force=True))
        spectrum, vectors = (torch.from_numpy(each).to(symmetric) for each in found)
    return spectrum, vectors


@dataclass(frozen=True, slots=True)
class Basis:
    """An affine map of features: centre, scale if asked, rotate.

    Attributes:
        mean: (dim,) of the training features.
        rotation: (dim, rank), the scaling included.
        spectrum: (rank,) variances along the new axes, all > 0.
    """

    mean: Tensor
    rotation: Tensor
    spectrum: Tensor

    @classmethod
    def of(cls, x: Tensor, *, standardise: bool) -> Self:
        """The basis of training features x: (clips, dim); constant ones have no part in it."""
        mean, scale = scaling(x, standardise=standardise)
        varies = scale > 0
        if not varies.any():
            varies[0] = True  # one axis is left, on which every clip is at 0
        centred = ((x.double() - mean) * scale)[:, varies]
        clips, dim = centred.shape
        if dim <= clips:
            spectrum, rotation = eigh(centred.T @ centred / clips)
        else:
            spectrum, left = eigh(centred @ centred.T / clips)
            rotation = centred.T @ left / (clips * spectrum.clamp_min(1e-300)).sqrt()
        keep = spectrum > 1e-10 * spectrum.max()
        keep[-1] = True
        whole = torch.zeros(len(scale), int(keep.sum()), dtype=scale.dtype, device=scale.device)
        whole[varies] = scale[varies, None] * rotation[:, keep]
        return cls(mean, whole, spectrum[keep].to(x))

    def __call__(self, x: Tensor) -> Tensor:
        """(clips, dim) → (clips, rank); in double, for small axes are differences of large ones."""
        return ((x.double() - self.mean) @ self.rotation).to(x)
