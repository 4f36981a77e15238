"""ZCA whitening of patches: decorrelated pixels that still look like the patch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch

from bakeoff.pipelines.classic.matrix.covariance import center_and_multiply, mean_and_covariance


@dataclass(frozen=True)
class ZCA:
    """mean: float32 (d,).   matrix: float32 (d, d), symmetric.   Raises ValueError if the shapes disagree."""

    mean: torch.Tensor
    matrix: torch.Tensor

    def __post_init__(self) -> None:
        if self.matrix.shape != (len(self.mean), len(self.mean)):
            raise ValueError(
                f"mean (d,) and matrix (d, d) disagree: got {tuple(self.mean.shape)} and {tuple(self.matrix.shape)}"
            )


def fit_zca(patches: torch.Tensor | Iterable[torch.Tensor], *, regularizer: float = 0.1) -> ZCA:
    """matrix = V (D + regularizer I)^(-1/2) V^T, with V D V^T the covariance of the patches.

    patches: float32 (n, d), contrast-normalized, or blocks of it that can be read again.
    regularizer: positive; in the patches' squared unit. 0.1 suits patches of unit contrast (Coates, Ng, Lee 2011).
    Raises ValueError if the regularizer is not positive, or a patch is not finite.
    """
    if regularizer <= 0:
        raise ValueError(f"regularizer must be positive, got {regularizer}")
    mean, covariance, _ = mean_and_covariance(patches)
    values, vectors = torch.linalg.eigh(covariance)
    matrix = (vectors * (values.clamp(min=0) + regularizer).rsqrt()) @ vectors.T
    return ZCA(mean.float(), matrix.float())


def whiten(patches: torch.Tensor, zca: ZCA) -> torch.Tensor:
    """(x - mean) matrix: float32 (..., d) -> (..., d).

    Raises ValueError if d differs from the ZCA's, or a patch is not finite.
    """
    return center_and_multiply(patches, zca.mean, zca.matrix, "patches")
