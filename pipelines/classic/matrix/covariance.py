"""Mean and covariance of any number of descriptors in one pass."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import torch

from bakeoff.pipelines.machine.chunks import iterate_blocks, map_on_cores, spans_of


def mean_and_covariance(
    descriptors: torch.Tensor | Iterable[torch.Tensor],
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Mean (d,) and covariance (d, d; divisor n - 1) in float64, and the number of rows n, in one pass.

    Products are taken about the first block's mean, so that a large common offset does not cost precision.
    """
    origin, first, second, n_rows = torch.empty(0), torch.empty(0), torch.empty(0), 0
    for block in iterate_blocks(descriptors):
        if n_rows == 0:
            origin = block.mean(dim=0)
            first = torch.zeros_like(origin, dtype=torch.float64)
            second = first.new_zeros(len(origin), len(origin))
        for span_first, span_second in map_on_cores(partial(_moments_about, origin), spans_of(block)):
            first += span_first
            second += span_second
        n_rows += len(block)
    if n_rows == 0:
        raise ValueError("descriptors must hold at least one row, got none")
    first = first / n_rows
    covariance = (second - n_rows * torch.outer(first, first)) / max(1, n_rows - 1)
    return origin + first, covariance, n_rows


def _moments_about(origin: torch.Tensor, span: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    centered = span - origin
    return centered.sum(dim=0), centered.T @ centered
