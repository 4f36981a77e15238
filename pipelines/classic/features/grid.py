"""Square windows on a regular grid: where they lie, how those of 4 x 4 bins share their bins; cells of a picture."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from bakeoff.pipelines.machine.tracing import computed_once, is_exporting

N_BINS = 4  # along each side of a window, in SIFT and in the color statistics


class Bins(NamedTuple):
    """The bins of all windows along one side of a picture; bin b of window k is place k * window_step + b * bin_step.

    places: for each, the pixel where that bin starts (or is centered).
    """

    places: Sequence[int]
    n_windows: int
    window_step: int
    bin_step: int


def shared_bins(length: int, *, window_size: int, bin_size: int, stride: int) -> Bins:
    """Bins on one lattice, as fine as the common divisor of stride and bin size: neighboring windows share them."""
    starts = window_starts(length, window_size=window_size, stride=stride)
    spacing = math.gcd(stride, bin_size)
    last = starts[-1] + (N_BINS - 1) * bin_size
    return Bins(range(0, last + 1, spacing), len(starts), stride // spacing, bin_size // spacing)


def own_bins(length: int, *, window_size: int, bin_size: int, stride: int) -> Bins:
    """Four places for every window: for bins that depend on where in its window they lie."""
    starts = window_starts(length, window_size=window_size, stride=stride)
    places = [start + i * bin_size for start in starts for i in range(N_BINS)]
    return Bins(places, len(starts), N_BINS, 1)


def bins_by_window(values: Tensor, dim: int, bins: Bins) -> Tensor:
    """View dimension `dim` (places) of values as two, (windows, 4). Windows overlap in memory: nothing is copied."""
    if is_exporting():  # no graph knows such views
        starts = torch.arange(bins.n_windows)[:, None] * bins.window_step
        places = (starts + torch.arange(N_BINS) * bins.bin_step).flatten()
        return values.index_select(dim, places).unflatten(dim, (bins.n_windows, N_BINS))
    shape, strides = values.shape, values.stride()
    return values.as_strided(
        (*shape[:dim], bins.n_windows, N_BINS, *shape[dim + 1 :]),
        (*strides[:dim], strides[dim] * bins.window_step, strides[dim] * bins.bin_step, *strides[dim + 1 :]),
    )


def window_starts(length: int, *, window_size: int, stride: int) -> range:
    """First pixels of the windows along one side: 0, stride, 2 * stride ... while the window fits."""
    return range(0, length - window_size + 1, stride)


@computed_once
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


def fault_of_size(height: int, width: int, window_size: int) -> str:
    """Why no window fits into such a picture; "" if one does."""
    if min(height, width) >= window_size:
        return ""
    return (
        f"pictures must be at least {window_size} x {window_size} pixels for one descriptor, "
        f"got {height} x {width}: choose smaller bins, cells or patches, or larger pictures"
    )


def check_window_fits(height: int, width: int, window_size: int) -> None:
    """Raises ValueError if a picture is smaller than one window."""
    if fault := fault_of_size(height, width, window_size):
        raise ValueError(fault)


def cell_shares(numbers: Tensor, n_numbers: int, n_cells: int) -> Tensor:
    """The shares of all numbers among the pixels of each of n_cells x n_cells equal parts of the picture.

    numbers: int64 (n, height, width) in 0..n_numbers - 1.   Where a side does not divide, parts differ by one pixel.
    Returns float32 (n, n_cells**2 * n_numbers), by cell, row by row; each cell's part sums to 1.
    """
    n, height, width = numbers.shape
    rows, columns = (torch.arange(side, device=numbers.device) * n_cells // side for side in (height, width))
    cells = rows[:, None] * n_cells + columns + torch.arange(n, device=numbers.device)[:, None, None] * n_cells**2
    counts = torch.zeros(n * n_cells**2 * n_numbers, device=numbers.device)
    ones = torch.ones(1, device=numbers.device).expand(numbers.numel())
    counts.scatter_add_(0, (cells * n_numbers + numbers).flatten(), ones)
    counts = counts.view(n, n_cells**2, n_numbers)
    return (counts / counts.sum(2, keepdim=True)).flatten(1)
