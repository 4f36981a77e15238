"""Count whole numbers over the cells of a coarse grid laid on the picture."""

from __future__ import annotations

import torch
from torch import Tensor


def cell_histograms(numbers: Tensor, n_numbers: int, n_cells: int) -> Tensor:
    """How often each number occurs in each of n_cells x n_cells equal parts of the picture.

    numbers: int64 (n, height, width) in 0..n_numbers - 1.   Where a side does not divide, parts differ by one pixel.
    Returns float32 (n, n_cells**2, n_numbers), counts.
    """
    n, height, width = numbers.shape
    rows, columns = (torch.arange(side, device=numbers.device) * n_cells // side for side in (height, width))
    cells = rows[:, None] * n_cells + columns + torch.arange(n, device=numbers.device)[:, None, None] * n_cells**2
    counts = torch.zeros(n * n_cells**2 * n_numbers, device=numbers.device)
    ones = torch.ones(1, device=numbers.device).expand(numbers.numel())
    counts.scatter_add_(0, (cells * n_numbers + numbers).flatten(), ones)
    return counts.view(n, n_cells**2, n_numbers)
