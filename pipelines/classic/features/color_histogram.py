"""Color and gray histograms of the picture or of the cells of a coarse grid (Swain and Ballard, IJCV 1991)."""

from __future__ import annotations

import torch
from torch import Tensor

from bakeoff.pipelines.classic.features.grid import cell_shares, check_window_fits
from bakeoff.pipelines.classic.features.planes import in_chunks, luminance, picture_size, to_color_planes, to_planes


def extract_color_histogram(images: Tensor, *, n_bins: int, n_cells: int = 1) -> Tensor:
    """Shares of the pixels by color: hue, saturation and value.

    images: uint8 or float32 (n, height, width, 3), 0..255; values outside count in the first or last bin.
    n_bins: per channel, of equal width over 0..1.
    n_cells: cells a side.
    Returns float32 (n, n_cells**2 * n_bins**3), triples of bins by cell, row by row; each cell's part sums to 1.
    Raises ValueError for gray pictures, fewer pixels than cells a side, and non-finite values.
    """
    check_window_fits(*picture_size(images), n_cells)

    def histograms(chunk: Tensor) -> Tensor:
        bins = (rgb_to_hsv(to_color_planes(chunk).div_(255)) * n_bins).floor_().clamp_(0, n_bins - 1).long()
        triples = (bins[0] * n_bins + bins[1]) * n_bins + bins[2]
        return cell_shares(triples, n_bins**3, n_cells)

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
        return cell_shares(bins, n_bins, n_cells)

    return in_chunks(histograms, images)


def rgb_to_hsv(rgb: Tensor) -> Tensor:
    """float32 (3, ...) in 0..1 -> hue, saturation, value in 0..1; hue 0 for grays, saturation 0 for black.

    Equal to scikit-image's conversion.
    """
    red, green, blue = rgb
    value = rgb.amax(0)
    spread = value - rgb.amin(0)
    safe = torch.where(spread > 0, spread, 1)
    sixths = torch.where(value == red, (green - blue) / safe, 0)
    sixths = torch.where(value == green, 2 + (blue - red) / safe, sixths)
    sixths = torch.where(value == blue, 4 + (red - green) / safe, sixths)  # of two largest the later counts, as there
    hue = torch.where(spread > 0, (sixths / 6).remainder(1), 0)
    return torch.stack([hue, spread / torch.where(value > 0, value, 1), value])
