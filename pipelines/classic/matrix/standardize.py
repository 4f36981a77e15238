"""Standardization of features: mean 0 and deviation 1 by the training rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch

from bakeoff.pipelines.machine.progress import Advance

# A deviation below this share of the mean is what rounding leaves of a constant: float32 steps are 100 times as large.
CONSTANT = 1e-9


@dataclass(frozen=True)
class Standardizer:
    """mean, scale: float64 (d,), on the CPU; scale is the deviation (divisor n), or 1 for a constant feature."""

    mean: torch.Tensor
    scale: torch.Tensor


def fit_standardizer(chunks: Iterable[torch.Tensor], advance: Advance = lambda n: None) -> Standardizer:
    """Mean and deviation of every column, in one pass over chunks of rows.

    chunks: (n_i, d) each, float32 or float64.   advance: told of the rows of every chunk.
    A constant feature gets scale 1, so that it becomes 0 and not NaN.
    Chunks are merged by the formula of Chan, Golub and LeVeque (1979), in float64: it does not cancel where the mean
    is large against the deviation.
    Raises ValueError if there are no rows, or a value is NaN or infinite.
    """
    n_seen, mean = 0, torch.zeros((), dtype=torch.float64)
    squares = mean
    for chunk in (rows.double() for rows in chunks):
        n_new = len(chunk)
        advance(n_new)
        chunk_mean = chunk.mean(dim=0)
        gap = chunk_mean - mean
        share = n_new / (n_seen + n_new)
        squares = squares + (chunk - chunk_mean).square().sum(dim=0) + gap.square() * n_seen * share
        mean, n_seen = mean + gap * share, n_seen + n_new
    if n_seen == 0:
        raise ValueError("features must hold at least one row, got none")
    if not torch.isfinite(squares).all():
        raise ValueError("features must be finite, got NaN or infinity")
    deviation = (squares / n_seen).sqrt()
    scale = torch.where(deviation > CONSTANT * mean.abs(), deviation, 1.0)
    return Standardizer(mean.cpu(), scale.cpu())


def standardize(rows: torch.Tensor, standardizer: Standardizer, columns: slice = slice(None)) -> torch.Tensor:
    """(rows - mean) / scale: float32 (n, d), on the device of the rows; computed in float64 if that is what they are.

    columns: of all features, those that the rows have.
    Raises ValueError if the number of features differs from the standardizer's.
    """
    mean, scale = standardizer.mean[columns], standardizer.scale[columns]
    if rows.ndim != 2 or rows.shape[1] != len(mean):
        raise ValueError(f"rows must have shape (n, {len(mean)}) to match the standardizer, got {tuple(rows.shape)}")
    return ((rows - mean.to(rows)) / scale.to(rows)).float()
