"""Blur corruptions, five kinds. `images`: float32 (n, h, w, c) in 0..1."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from scipy.ndimage import gaussian_filter

from bakeoff.datasets.corruptions.sampling import blur_along, correlate, draw, enlarge_center, gather


def gaussian_blur(images: np.ndarray, sigma: float, generators: Sequence[Generator] = ()) -> np.ndarray:
    """sigma in pixels; borders repeat."""
    return gaussian_filter(images, (0, sigma, sigma, 0), mode="nearest", truncate=4)


def defocus_blur(
    images: np.ndarray, radius_and_softness: tuple[float, float], generators: Sequence[Generator] = ()
) -> np.ndarray:
    """Mean over a disc of this radius in pixels, whose rim is softened by a 3 x 3 Gaussian of this sigma."""
    return correlate(images, defocus_kernel(*radius_and_softness))


def defocus_kernel(radius: float, softness: float) -> np.ndarray:
    """float64 (k, k) with sum 1, k odd and just large enough."""
    reach = int(radius) + 1
    offset = np.arange(-reach, reach + 1)
    disc = (offset**2 + offset[:, None] ** 2 <= radius**2).astype(np.float64)
    soft = np.exp(-np.array([1, 0, 1]) / (2 * softness**2))
    soft /= soft.sum()
    along_rows = np.apply_along_axis(np.convolve, 0, disc / disc.sum(), soft, "same")
    return np.apply_along_axis(np.convolve, 1, along_rows, soft, "same")


def glass_blur(images: np.ndarray, sigma_and_times: tuple[float, int], generators: Sequence[Generator]) -> np.ndarray:
    """Pixels take the value of a random neighbor, up to one above and one to the left, between two Gaussian blurs.

    The published loop means to swap two pixels, but its two sides are views of one array, so that the second one
    keeps its value. Going from the bottom right, each pixel then copies one that was not yet touched: one gather.
    The two top rows and left columns are left alone, as published.
    """
    sigma, times = sigma_and_times
    _, height, width, _ = images.shape
    rows, columns = np.arange(height)[:, None], np.arange(width)
    moves = (rows >= 2) & (columns >= 2)
    images = np.floor(gaussian_blur(images, sigma) * 255) / np.float32(255)
    shifts = draw(generators, lambda generator: generator.integers(-1, 1, (times, 2, height, width))).astype(np.int64)
    for turn in range(times):
        down, right = (shifts[:, turn] * moves).swapaxes(0, 1)
        images = gather(images, rows + down, columns + right, "edge")
    return gaussian_blur(images, sigma)


def motion_blur(images: np.ndarray, radius_and_sigma: tuple[int, float], generators: Sequence[Generator]) -> np.ndarray:
    """The camera moves, within 45 degrees of the horizontal."""
    radius, sigma = radius_and_sigma
    angles = draw(generators, lambda generator: generator.uniform(-45, 45))
    return blur_along(images, angles, radius=radius, sigma=sigma)


def zoom_blur(images: np.ndarray, largest: float, generators: Sequence[Generator] = ()) -> np.ndarray:
    """The mean of the picture and of its middle at every enlargement from 1 to below `largest`, 0.01 apart."""
    factors = np.arange(1, largest, 0.01)  # rounding makes some of these one longer than they look, as published
    return (images + enlarge_center(images, *factors)) / np.float32(len(factors) + 1)
