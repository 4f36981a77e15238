"""Texture properties of gray-level co-occurrence matrices (Haralick, Shanmugam, Dinstein, 1973), as scikit-image's."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bakeoff.pipelines.classic.features.grid import check_window_fits
from bakeoff.pipelines.classic.features.planes import in_chunks, luminance, picture_size, to_planes

ANGLES = tuple(math.pi * quarter / 4 for quarter in range(4))  # the matrices are symmetric: the other half is the same
PROPERTIES = ("contrast", "dissimilarity", "homogeneity", "ASM", "correlation", "entropy")
CONSTANT = 1e-15  # a smaller deviation is none: the correlation is 1 then


def extract_co_occurrence(images: Tensor, *, distances: tuple[int, ...] = (1, 2, 4), n_levels: int = 16) -> Tensor:
    """How the gray levels of two pixels go together that lie so far apart, in each of four directions.

    images: uint8 or float32 (n, height, width, channels), 0..255; taken as luminance in n_levels equal steps.
    distances: pixels, along the diagonals as well, where rows and columns are rounded.   n_levels: at most 256.
    Returns float32 (n, 6 * n_distances * 4), each in its own unit: PROPERTIES, of which ASM is the sum of squares and
    the entropy is in nats, each by distance and angle.
    Raises ValueError for pictures no larger than a distance, and for non-finite values.
    """
    check_window_fits(*picture_size(images), max(distances) + 1)
    steps = [(round(math.sin(angle) * far), round(math.cos(angle) * far)) for far in distances for angle in ANGLES]

    def properties(chunk: Tensor) -> Tensor:
        gray = luminance(to_planes(chunk)).mul_(n_levels / 256).clamp_(0, n_levels - 1).long()
        counts = torch.stack([_count_pairs(gray, down, right, n_levels) for down, right in steps], dim=1)
        return _properties(counts.double())

    return in_chunks(properties, images)


def _count_pairs(gray: Tensor, down: int, right: int, n_levels: int) -> Tensor:
    """float32 (n, n_levels, n_levels): how often a pixel of one level has one of the other so far off."""
    n, height, width = gray.shape
    left, others = max(0, -right), max(0, right)
    pictures = torch.arange(n, device=gray.device)[:, None, None] * n_levels
    pairs = (gray[:, : height - down, left : width - others] + pictures) * n_levels
    pairs = (pairs + gray[:, down:, others : width - left]).flatten()
    counts = torch.zeros(n * n_levels**2, device=gray.device)
    return counts.scatter_add_(0, pairs, torch.ones(1, device=gray.device).expand_as(pairs)).view(n, n_levels, -1)


def _properties(counts: Tensor) -> Tensor:
    """float64 (n, n_steps, n_levels, n_levels) -> float32 (n, 6 * n_steps)."""
    matrices = counts + counts.transpose(2, 3)
    matrices = matrices / matrices.sum(dim=(2, 3), keepdim=True)
    levels = torch.arange(counts.shape[2], dtype=counts.dtype, device=counts.device)
    apart = levels[:, None] - levels
    means = (matrices.sum(dim=3) * levels).sum(dim=2, keepdim=True)
    centered = levels - means  # (n, n_steps, n_levels); rows and columns are alike, for the matrices are symmetric
    variances = (matrices.sum(dim=3) * centered.square()).sum(dim=2)
    covariances = (matrices * centered[..., None] * centered[..., None, :]).sum(dim=(2, 3))
    is_constant = variances.sqrt() < CONSTANT
    logarithms = torch.where(matrices > 0, matrices, 1.0).log()
    found = [
        *((matrices * weights).sum(dim=(2, 3)) for weights in (apart.square(), apart.abs(), 1 / (1 + apart.square()))),
        matrices.square().sum(dim=(2, 3)),
        torch.where(is_constant, 1.0, covariances / torch.where(is_constant, 1.0, variances)),
        -(matrices * logarithms).sum(dim=(2, 3)),
    ]
    return torch.cat(found, dim=1).float()
