"""Standardization of features: mean 0 and deviation 1 by the training rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from bakeoff.pipelines.classic.matrix.feature_store import Features, device_of, read_rows, row_chunks
from bakeoff.pipelines.machine.progress import Advance

# A deviation below this share of the mean is what rounding leaves of a constant: float32 steps are 100 times as large.
CONSTANT = 1e-9


@dataclass(frozen=True)
class Standardizer:
    """mean, scale: float64 (d,), on the CPU; scale is the deviation (divisor n), or 1 for a constant feature."""

    mean: torch.Tensor
    scale: torch.Tensor


def fit_standardizer(features: Features, advance: Advance = lambda n: None) -> Standardizer:
    """Mean and deviation of every column, in one pass over chunks of rows.

    features: (n, d).   advance: told of the rows of every chunk.
    A constant feature gets scale 1, so that it becomes 0 and not NaN.
    Chunks are merged by the formula of Chan, Golub and LeVeque (1979), in float64: it does not cancel where the mean
    is large against the deviation.
    Raises ValueError if there are no rows, or a value is NaN or infinite.
    """
    if len(features.shape) != 2 or 0 in features.shape:
        raise ValueError(f"features must have shape (n, d) with n and d at least 1, got {tuple(features.shape)}")
    n_seen = 0
    mean = squares = torch.zeros(features.shape[1], dtype=torch.float64, device=device_of(features))
    for rows in row_chunks(features):
        chunk = torch.as_tensor(
            np.array(features[rows]) if isinstance(features, np.ndarray) else features[rows]
        ).double()
        n_new = len(chunk)
        advance(n_new)
        chunk_mean = chunk.mean(dim=0)
        gap = chunk_mean - mean
        share = n_new / (n_seen + n_new)
        squares = squares + (chunk - chunk_mean).square().sum(dim=0) + gap.square() * n_seen * share
        mean, n_seen = mean + gap * share, n_seen + n_new
    if not torch.isfinite(squares).all():
        raise ValueError("features must be finite, got NaN or infinity")
    deviation = (squares / n_seen).sqrt()
    scale = torch.where(deviation > CONSTANT * mean.abs(), deviation, 1.0)
    return Standardizer(mean.cpu(), scale.cpu())


def standardize(
    rows: np.ndarray | torch.Tensor, standardizer: Standardizer, columns: slice = slice(None)
) -> torch.Tensor:
    """(rows - mean) / scale: float32 (n, d), on the device of the rows; computed in float64 if that is what they are.

    columns: of all features, those that the rows have.
    Raises ValueError if the number of features differs from the standardizer's.
    """
    mean, scale = standardizer.mean[columns], standardizer.scale[columns]
    if len(rows.shape) != 2 or rows.shape[1] != len(mean):
        raise ValueError(f"rows must have shape (n, {len(mean)}) to match the standardizer, got {tuple(rows.shape)}")
    values = torch.as_tensor(rows) if "float64" in str(rows.dtype) else read_rows(rows, slice(None))
    return ((values - mean.to(values)) / scale.to(values)).float()
