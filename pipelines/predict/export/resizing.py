"""Pictures of any size in their frame, at the size of a model, in operations that a graph knows.

To the bit what `bakeoff.datasets.folder.squares` gives: torch's bilinear resize of bytes with antialiasing, whose
weights are whole numbers and which rounds to bytes after the columns and again after the rows. In float64, where all
these sums are exact.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bakeoff.datasets.folder.squares import MIDDLE, WHOLE

MOST_BITS = 22  # of a weight behind the point
LARGEST_WEIGHT = 2**15  # int16


def to_square(images: Tensor, side: int, frame: str = MIDDLE) -> Tensor:
    """uint8 (n, height, width, channels) -> uint8 (n, side, side, channels)."""
    height, width, n_channels = images.shape[1:]
    if frame == WHOLE:
        across, down = resize_weights(width, side), resize_weights(height, side)
    else:
        length = torch.sym_min(height, width)
        rows, columns = (torch.arange(length) + (whole - length) // 2 for whole in (height, width))
        images = images.index_select(1, rows).index_select(2, columns)
        across = down = resize_weights(length, side)
    (weights, unit), (weights_down, unit_down) = across, down
    wide = _to_bytes(images.double().transpose(2, 3) @ weights.T, unit)  # (n, height, channels, side)
    resized = _to_bytes(weights_down @ wide.flatten(2), unit_down)  # (n, side, channels * side)
    return resized.unflatten(2, (n_channels, side)).transpose(2, 3).to(torch.uint8)


def resize_weights(length: int, side: int) -> tuple[Tensor, Tensor]:
    """float64 (side, length), whole numbers: what each pixel counts in each new one; and what those of one sum to.

    Triangles as wide as two new pixels, or two old ones where pictures grow, as many bits as int16 holds.
    """
    scale = torch.full((), length, dtype=torch.float64) / side
    centers = (torch.arange(side, dtype=torch.float64)[:, None] + 0.5) * scale
    pixels = torch.arange(length, dtype=torch.float64) + 0.5
    weights = (1 - ((pixels - centers) / scale.clamp(min=1)).abs()).clamp(min=0)
    weights = weights / weights.sum(dim=1, keepdim=True)
    units = 2.0 ** torch.arange(1, MOST_BITS + 1, dtype=torch.float64)
    fits = (weights.max() * units + 0.5).floor() < LARGEST_WEIGHT
    unit = torch.where(fits, units, 1.0).max()
    return (weights * unit + 0.5).floor(), unit


def _to_bytes(sums: Tensor, unit: Tensor) -> Tensor:
    """Whole numbers 0..255, still float64: sums over the unit, halves rounded up."""
    return (sums / unit + 0.5).floor().clamp(0, 255)
