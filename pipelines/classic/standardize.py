"""Every dimension of a feature vector brought to mean 0 and deviation 1 over the training pictures."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from pipelines.classic.feature_store import Features, read_rows, row_chunks


@dataclass(frozen=True)
class Standardizer:
    """mean, scale: float32 (d,). scale is the deviation, or 1 where a dimension never changes (it becomes 0).

    Raises ValueError if the shapes differ.
    """

    mean: torch.Tensor
    scale: torch.Tensor

    def __post_init__(self) -> None:
        if self.mean.ndim != 1 or self.mean.shape != self.scale.shape:
            raise ValueError(
                f"mean and scale must both have shape (d,), got {tuple(self.mean.shape)} and {tuple(self.scale.shape)}"
            )


def fit_standardizer(features: Features) -> Standardizer:
    """Mean and deviation (divisor n) of every column of (n, d), in one pass, summed in float64.

    Sums are of differences from the first row, so that a large common offset costs no precision.
    """
    n, d = features.shape
    origin = read_rows(features, slice(0, 1))[0]
    total, squares = torch.zeros(d, dtype=torch.float64), torch.zeros(d, dtype=torch.float64)
    for rows in row_chunks(features):
        differences = read_rows(features, rows) - origin
        total += differences.sum(dim=0, dtype=torch.float64)
        squares += differences.square().sum(dim=0, dtype=torch.float64)
    offset = total / n
    deviation = (squares / n - offset.square()).clamp(min=0).sqrt()
    constant = deviation <= 1e-6 * offset.abs().clamp(min=1e-30)
    return Standardizer((origin + offset).float(), torch.where(constant, 1.0, deviation).float())


def standardize(features: torch.Tensor, standardizer: Standardizer) -> torch.Tensor:
    """(x - mean) / scale, in place: float32 (n, d) -> the same tensor."""
    return features.sub_(standardizer.mean).div_(standardizer.scale)
