"""One change at a time, by more and more: translation, rotation, scale and brightness, borders mirrored.

Which way a picture is moved or turned is drawn once, and is the same at all amounts. `images`: float32 (n, h, w, c).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from bakeoff.datasets.corruptions.sampling import draw, sample


def translate(images: np.ndarray, distance: float, generators: Sequence[Generator]) -> np.ndarray:
    """Moved by `distance` pixels in a direction of its own."""
    turn = 2 * np.pi * draw(generators, Generator.random)
    return _warp(images, down=distance * np.sin(turn), right=distance * np.cos(turn))


def rotate(images: np.ndarray, degrees: float, generators: Sequence[Generator]) -> np.ndarray:
    """Turned about the center, one half of the pictures clockwise, the other counter-clockwise."""
    return _warp(images, turn=np.deg2rad(degrees) * np.where(draw(generators, Generator.random) < 0.5, 1, -1))


def rescale(images: np.ndarray, factor: float, generators: Sequence[Generator]) -> np.ndarray:
    """Enlarged about the center by `factor`; below 1 made smaller."""
    return _warp(images, scale=np.full(len(images), factor, np.float32))


def rebrighten(images: np.ndarray, factor: float, generators: Sequence[Generator]) -> np.ndarray:
    """Every value times `factor`."""
    return images * np.float32(factor)


def _warp(images: np.ndarray, **by: np.ndarray) -> np.ndarray:
    """Scaled and turned about the center, then moved.   by: scale, turn, down, right, (n,) each."""
    n, height, width, _ = images.shape
    nothing = {"scale": np.ones(n), "turn": np.zeros(n), "down": np.zeros(n), "right": np.zeros(n)}
    scale, turn, down, right = (value.astype(np.float64)[:, None, None] for value in (nothing | by).values())
    center_row, center_column = (height - 1) / 2, (width - 1) / 2
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    away_down, away_right = rows - center_row - down, columns - center_column - right
    # From a pixel of the result back to where it comes from: the inverse rotation and scale.
    source_rows = (np.cos(turn) * away_down - np.sin(turn) * away_right) / scale + center_row
    source_columns = (np.sin(turn) * away_down + np.cos(turn) * away_right) / scale + center_column
    return sample(images, source_rows, source_columns, "mirror")
