"""Mean and covariance of any number of descriptors in one pass, and what is made of them: centered, then turned."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import torch

from bakeoff.pipelines.machine.chunks import check_finite, iterate_blocks, spans_of
from bakeoff.pipelines.machine.cores import map_on_cores
from bakeoff.pipelines.machine.tracing import is_exporting


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


def center_and_multiply(vectors: torch.Tensor, mean: torch.Tensor, matrix: torch.Tensor, name: str) -> torch.Tensor:
    """(x - mean) matrix, on every core: float32 (..., d) -> (..., k).

    Raises ValueError, which says `name`, if d differs from the mean's, or a vector is not finite.
    """
    if vectors.shape[-1] != len(mean):
        raise ValueError(f"{name} must have shape (..., {len(mean)}), got {tuple(vectors.shape)}")
    if is_exporting():
        return (vectors - mean) @ matrix
    rows = vectors.reshape(-1, len(mean))
    products = rows.new_empty(len(rows), matrix.shape[1])

    def multiply_span(span: tuple[torch.Tensor, torch.Tensor]) -> None:
        check_finite(span[0], name)
        torch.mm(span[0] - mean, matrix, out=span[1])

    map_on_cores(multiply_span, zip(spans_of(rows), spans_of(products), strict=True))
    return products.unflatten(0, vectors.shape[:-1])
