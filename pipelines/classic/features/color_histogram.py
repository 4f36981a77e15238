"""Color and gray histograms of the picture or of the cells of a coarse grid (Swain and Ballard, IJCV 1991)."""

from __future__ import annotations

import torch
from torch import Tensor

from bakeoff.pipelines.classic.features.cell_histograms import cell_histograms
from bakeoff.pipelines.classic.features.chunks import in_chunks
from bakeoff.pipelines.classic.features.color_spaces import RANGES, ColorSpace, from_rgb
from bakeoff.pipelines.classic.features.grid import check_window_fits
from bakeoff.pipelines.classic.features.planes import luminance, picture_size, to_color_planes, to_planes


def extract_color_histogram(
    images: Tensor, *, space: ColorSpace, n_bins: int, joint: bool = False, n_cells: int = 1
) -> Tensor:
    """Shares of the pixels by color.

    images: uint8 or float32 (n, height, width, 3), 0..255; values outside count in the first or last bin.
    n_bins: per channel, of equal width over the channel's range in `space`.
    joint: one histogram over triples of bins, instead of three side by side.   n_cells: cells a side.
    Returns float32 (n, n_cells**2 * (n_bins**3 if joint else 3 * n_bins)), by cell, row by row;
    each cell's part sums to 1.
    Raises ValueError for gray pictures, fewer pixels than cells a side, another space, and non-finite values.
    """
    check_window_fits(*picture_size(images), n_cells)
    if space not in RANGES:
        raise ValueError(f"space must be rgb, hsv or lab, got {space!r}")

    def histograms(chunk: Tensor) -> Tensor:
        bins = _bins(from_rgb(to_color_planes(chunk).div_(255), space), space, n_bins)
        if joint:
            triples = (bins[0] * n_bins + bins[1]) * n_bins + bins[2]
            counts = cell_histograms(triples, n_bins**3, n_cells)
        else:
            counts = torch.cat([cell_histograms(channel, n_bins, n_cells) for channel in bins], dim=2)
        return (counts / counts.sum(2, keepdim=True)).flatten(1)

    return in_chunks(histograms, images)


def extract_gray_histogram(images: Tensor, *, n_bins: int, n_cells: int = 1) -> Tensor:
    """Shares of the pixels by gray level, in bins of equal width over 0..255.

    images: uint8 or float32 (n, height, width, channels), 0..255; taken as luminance.   n_cells: cells a side.
    Returns float32 (n, n_cells**2 * n_bins), by cell, row by row; each cell's part sums to 1.
    Raises ValueError for fewer pixels than cells a side, and non-finite values.
    """
    check_window_fits(*picture_size(images), n_cells)

    def histograms(chunk: Tensor) -> Tensor:
        bins = luminance(to_planes(chunk)).mul_(n_bins / 256).clamp_(0, n_bins - 1).long()
        counts = cell_histograms(bins, n_bins, n_cells)
        return (counts / counts.sum(2, keepdim=True)).flatten(1)

    return in_chunks(histograms, images)


def _bins(colors: Tensor, space: ColorSpace, n_bins: int) -> Tensor:
    """int64, as colors (3, n, h, w)."""
    low, high = torch.tensor(RANGES[space], device=colors.device).T.unflatten(1, (3, 1, 1, 1))
    return ((colors - low) * (n_bins / (high - low))).floor_().clamp_(0, n_bins - 1).long()
