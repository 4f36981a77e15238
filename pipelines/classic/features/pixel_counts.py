"""What pixels are, counted over a picture or the cells of a coarse grid: colors and grays (Swain, Ballard, IJCV 1991),
local binary patterns (Ojala, Pietikainen, Maenpaa, PAMI 2002), and properties of gray-level co-occurrence matrices
(Haralick, Shanmugam, Dinstein, 1973); the patterns and properties are scikit-image's.
"""

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from bakeoff.pipelines.classic.features.grid import cell_shares
from bakeoff.pipelines.classic.features.planes import in_chunks, luminance, to_color_planes, to_planes
from bakeoff.pipelines.machine.tracing import computed_once

Method = Literal["uniform", "default"]
ANGLES = tuple(math.pi * quarter / 4 for quarter in range(4))  # the matrices are symmetric: the other half is the same
PROPERTIES = ("contrast", "dissimilarity", "homogeneity", "ASM", "correlation", "entropy")
CONSTANT = 1e-15  # a smaller deviation is none: the correlation is 1 then


def extract_color_histogram(images: Tensor, *, n_bins: int, n_cells: int = 1) -> Tensor:
    """Shares of the pixels by color: hue, saturation and value.

    images: uint8 or float32 (n, height, width, 3), 0..255; values outside count in the first or last bin.
    n_bins: per channel, of equal width over 0..1.
    n_cells: cells a side.
    Returns float32 (n, n_cells**2 * n_bins**3), triples of bins by cell, row by row; each cell's part sums to 1.
    Raises ValueError for gray pictures, fewer pixels than cells a side, and non-finite values.
    """

    def histograms(chunk: Tensor) -> Tensor:
        bins = (rgb_to_hsv(to_color_planes(chunk).div_(255)) * n_bins).floor_().clamp_(0, n_bins - 1).long()
        triples = (bins[0] * n_bins + bins[1]) * n_bins + bins[2]
        return cell_shares(triples, n_bins**3, n_cells)

    return in_chunks(histograms, images, n_cells)


def extract_gray_histogram(images: Tensor, *, n_bins: int, n_cells: int = 1) -> Tensor:
    """Shares of the pixels by gray level, in bins of equal width over 0..255.

    images: uint8 or float32 (n, height, width, channels), 0..255; taken as luminance.   n_cells: cells a side.
    Returns float32 (n, n_cells**2 * n_bins), by cell, row by row; each cell's part sums to 1.
    Raises ValueError for fewer pixels than cells a side, and non-finite values.
    """

    def histograms(chunk: Tensor) -> Tensor:
        bins = luminance(to_planes(chunk)).mul_(n_bins / 256).clamp_(0, n_bins - 1).long()
        return cell_shares(bins, n_bins, n_cells)

    return in_chunks(histograms, images, n_cells)


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


def extract_local_binary_patterns(
    images: Tensor, *, n_points: int = 8, radius: float = 1.0, n_cells: int = 4, method: Method = "uniform"
) -> Tensor:
    """Shares of the pixels by pattern: which of the points on a circle around a pixel are at least as bright.

    images: uint8 or float32 (n, height, width, channels), 0..255; taken as luminance rounded to whole gray levels.
    n_points, radius (pixels): of the circle; points between pixels are interpolated, outside the picture it is black.
    method: "uniform" counts the bright points where they form one arc (0..n_points) and puts all other patterns into
    one bin, whatever the rotation; "default" keeps all 2**n_points patterns apart.   n_cells: cells a side.
    Returns float32 (n, n_cells**2 * (n_points + 2 or 2**n_points)), cells row by row; each cell's part sums to 1.
    Raises ValueError for pictures smaller than the circle or than n_cells, and for non-finite values.
    """
    if method not in ("uniform", "default"):
        raise ValueError(f"method must be uniform or default, got {method!r}")

    def histograms(chunk: Tensor) -> Tensor:
        gray = luminance(to_planes(chunk)).round_().double()
        brighter = torch.stack([_circle_point(gray, i, n_points, radius) >= gray for i in range(n_points)])
        if method == "uniform":
            n_changes = (brighter[1:] != brighter[:-1]).sum(0)
            return cell_shares(torch.where(n_changes <= 2, brighter.sum(0), n_points + 1), n_points + 2, n_cells)
        digits = 2 ** torch.arange(n_points, device=gray.device)[:, None, None, None]
        return cell_shares((brighter * digits).sum(0), 2**n_points, n_cells)

    return in_chunks(histograms, images, max(n_cells, 2 * math.ceil(radius) + 1))


def _circle_point(gray: Tensor, i: int, n_points: int, radius: float) -> Tensor:
    """float64 (n, h, w): the value at point i around every pixel, by bilinear interpolation.

    The order of the roundings is scikit-image's (offsets to 5 digits, fractions taken after adding the coordinate): in
    flat areas a last binary digit decides whether a point is "at least as bright".
    """
    _, height, width = gray.shape
    angle = 2 * math.pi * i / n_points
    margin = math.ceil(radius)
    padded = F.pad(gray, (margin,) * 4)
    top, bottom, down = _neighbors(round(-radius * math.sin(angle), 5), height, margin, gray.device)
    left, right, across = _neighbors(round(radius * math.cos(angle), 5), width, margin, gray.device)
    upper = (1 - across) * padded[:, top, left] + across * padded[:, top, right]
    lower = (1 - across) * padded[:, bottom, left] + across * padded[:, bottom, right]
    return (1 - down[:, None]) * upper + down[:, None] * lower


@computed_once
def _neighbors(offset: float, length: int, margin: int, device: torch.device) -> tuple[slice, slice, Tensor]:
    """Pixels before and after coordinate + offset on one side, as slices of the padded picture; their fraction."""
    before, after = math.floor(offset) + margin, math.ceil(offset) + margin
    places = torch.arange(length, dtype=torch.float64, device=device) + offset
    return slice(before, before + length), slice(after, after + length), places - places.floor()


def extract_co_occurrence(images: Tensor, *, distances: tuple[int, ...] = (1, 2, 4), n_levels: int = 16) -> Tensor:
    """How the gray levels of two pixels go together that lie so far apart, in each of four directions.

    images: uint8 or float32 (n, height, width, channels), 0..255; taken as luminance in n_levels equal steps.
    distances: pixels, along the diagonals as well, where rows and columns are rounded.   n_levels: at most 256.
    Returns float32 (n, 6 * n_distances * 4), each in its own unit: PROPERTIES, of which ASM is the sum of squares and
    the entropy is in nats, each by distance and angle.
    Raises ValueError for pictures no larger than a distance, and for non-finite values.
    """
    steps = [(round(math.sin(angle) * far), round(math.cos(angle) * far)) for far in distances for angle in ANGLES]

    def properties(chunk: Tensor) -> Tensor:
        gray = luminance(to_planes(chunk)).mul_(n_levels / 256).clamp_(0, n_levels - 1).long()
        counts = torch.stack([_count_pairs(gray, down, right, n_levels) for down, right in steps], dim=1)
        return _properties(counts.double())

    return in_chunks(properties, images, max(distances) + 1)


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
