"""Random numbers for each picture, and resampling: shift, filter, zoom, warp. All for float32 (n, h, w, c) at once."""

import zlib
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.random import Generator, default_rng

Border = Literal["edge", "mirror", "reflect"]
"""Beyond the border: the last pixel again; mirrored about its center, dcb|abcd|cba, or about its edge, cba|abcd|dcb."""


def generators_for(name: str, indices: Sequence[int] | np.ndarray, seed: int) -> list[Generator]:
    """One for each picture, from what is done to it, its number in the data set and the seed."""
    kind = zlib.crc32(name.encode())
    return [default_rng([seed, kind, int(index)]) for index in indices]


def draw(generators: Sequence[Generator], one: Callable[[Generator], np.ndarray | float]) -> np.ndarray:
    """`one` drawn from each generator, stacked: float32 (n, ...)."""
    return np.stack([np.asarray(one(generator), dtype=np.float32) for generator in generators])


def inside(positions: np.ndarray, length: int, border: Border) -> np.ndarray:
    """Whole positions folded into 0..length - 1 as the border asks, int64 of the same shape."""
    if border == "edge":
        return positions.clip(0, length - 1)
    period = max(2 * length - 2, 1) if border == "mirror" else 2 * length
    folded = positions % period
    return np.where(folded < length, folded, (period if border == "mirror" else period - 1) - folded)


def gather(images: np.ndarray, rows: np.ndarray, columns: np.ndarray, border: Border) -> np.ndarray:
    """The pixels at whole (row, column) positions, which have shape (n or 1, h, w): (n, h, w, c)."""
    _, height, width, _ = images.shape
    picture = np.arange(len(images))[:, None, None]
    return images[picture, inside(rows, height, border), inside(columns, width, border)]


def sample(images: np.ndarray, rows: np.ndarray, columns: np.ndarray, border: Border) -> np.ndarray:
    """Bilinear interpolation at real (row, column) positions, float (n, h, w): float32 (n, h, w, c)."""
    top, left = np.floor(rows).astype(np.int64), np.floor(columns).astype(np.int64)
    down, right = (rows - top).astype(np.float32)[..., None], (columns - left).astype(np.float32)[..., None]
    above = gather(images, top, left, border) * (1 - right) + gather(images, top, left + 1, border) * right
    below = gather(images, top + 1, left, border) * (1 - right) + gather(images, top + 1, left + 1, border) * right
    return above * (1 - down) + below * down


def correlate(images: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Weighted mean over a (k, k) neighborhood, k odd, borders mirrored: float32 (n, h, w, c)."""
    _, height, width, _ = images.shape
    reach = len(kernel) // 2
    padded = np.pad(images, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="reflect")
    total = np.zeros_like(images)
    for (row, column), weight in np.ndenumerate(kernel):
        if weight:
            total += np.float32(weight) * padded[:, row : row + height, column : column + width]
    return total


def enlarge_center(images: np.ndarray, *factors: float) -> np.ndarray:
    """The middle of each picture, enlarged by a factor >= 1 to the size of the whole, summed over the factors.

    Returns float32 (n, h, w, c).
    """
    _, height, width, _ = images.shape
    planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    total = np.zeros_like(planes)
    for factor in factors:
        total += enlargement(height, factor) @ planes @ enlargement(width, factor).T
    return total.transpose(0, 2, 3, 1)


def enlargement(length: int, factor: float) -> np.ndarray:
    """The linear map of `enlarge_center` along one axis, float32 (length, length).

    ceil(length / factor) pixels from the middle are interpolated to round(that * factor) positions whose first and
    last are theirs, and the middle `length` of these are kept: what scipy.ndimage.zoom of order 1 does to a crop.
    """
    n_crop = int(np.ceil(length / factor))
    n_zoomed = round(n_crop * factor)
    first = (length - n_crop) // 2
    kept = (n_zoomed - length) // 2 + np.arange(length)
    position = kept * ((n_crop - 1) / max(n_zoomed - 1, 1))
    below = np.minimum(np.floor(position).astype(np.int64), max(n_crop - 2, 0))
    share = position - below
    matrix = np.zeros((length, length), dtype=np.float32)
    at = np.arange(length)
    matrix[at, first + below] += 1 - share
    matrix[at, first + np.minimum(below + 1, n_crop - 1)] += share
    return matrix


def blur_along(images: np.ndarray, angles: np.ndarray, *, radius: int, sigma: float) -> np.ndarray:
    """One-sided motion blur: pixels up to 2 * radius away in direction `angles` (degrees, (n,)) are mixed in.

    Weight of the pixel i steps away: exp(-i^2 / (2 sigma^2)); steps are rounded to pixels, borders repeat.
    Source: the algorithm of ImageMagick's MotionBlurImage.
    """
    _, height, width, _ = images.shape
    steps = np.arange(2 * radius + 1)
    weights = np.exp(-(steps**2) / (2 * sigma**2))
    weights = (weights / weights.sum()).astype(np.float32)
    turned = np.deg2rad(angles)[:, None, None]
    rows, columns = np.arange(height)[:, None], np.arange(width)
    total = np.zeros_like(images)
    for step, weight in zip(steps, weights, strict=True):
        down = np.ceil(step * np.sin(turned) - 0.5).astype(np.int64)
        right = np.ceil(step * np.cos(turned) - 0.5).astype(np.int64)
        total += weight * gather(images, rows + down, columns + right, "edge")
    return total
