"""Square windows on a regular grid: where they start, where their centers lie."""

from __future__ import annotations

import torch
from torch import Tensor


def window_starts(length: int, *, window_size: int, stride: int) -> range:
    """First pixels of the windows along one side: 0, stride, 2 * stride ... while the window fits."""
    return range(0, length - window_size + 1, stride)


def window_centers(height: int, width: int, *, window_size: int, stride: int) -> Tensor:
    """float32 (n_windows, 2): x and y of each center in pixels (0 is the center of the first pixel), row by row.

    Raises ValueError if no window fits.
    """
    check_window_fits(height, width, window_size)
    x, y = (
        torch.tensor(window_starts(length, window_size=window_size, stride=stride)) + (window_size - 1) / 2
        for length in (width, height)
    )
    return torch.cartesian_prod(y, x).flip(1)


def check_window_fits(height: int, width: int, window_size: int) -> None:
    """Raises ValueError if a picture is smaller than one window."""
    if min(height, width) < window_size:
        raise ValueError(
            f"pictures must be at least {window_size} x {window_size} pixels for one descriptor, "
            f"got {height} x {width}: choose smaller bins, cells or patches, or larger pictures"
        )
