"""Histograms of local binary patterns (Ojala, Pietikainen, Maenpaa, PAMI 2002), equal to scikit-image's patterns."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from bakeoff.pipelines.classic.features.grid import cell_shares, check_window_fits
from bakeoff.pipelines.classic.features.planes import in_chunks, luminance, picture_size, to_planes
from bakeoff.pipelines.machine.tracing import computed_once

Method = Literal["uniform", "default"]


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
    check_window_fits(*picture_size(images), max(n_cells, 2 * math.ceil(radius) + 1))
    if method not in ("uniform", "default"):
        raise ValueError(f"method must be uniform or default, got {method!r}")

    def histograms(chunk: Tensor) -> Tensor:
        gray = luminance(to_planes(chunk)).round_().double()
        brighter = torch.stack([_circle_point(gray, i, n_points, radius) >= gray for i in range(n_points)])
        if method == "uniform":
            return cell_shares(_uniform_codes(brighter), n_points + 2, n_cells)
        digits = 2 ** torch.arange(n_points, device=gray.device)[:, None, None, None]
        return cell_shares((brighter * digits).sum(0), 2**n_points, n_cells)

    return in_chunks(histograms, images)


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


def _uniform_codes(brighter: Tensor) -> Tensor:
    n_points = len(brighter)
    n_changes = (brighter[1:] != brighter[:-1]).sum(0)
    return torch.where(n_changes <= 2, brighter.sum(0), n_points + 1)
