"""One change at a time, by more and more: translation, rotation, scale and brightness, borders mirrored.

Which way a picture is moved or turned is drawn from its number in the data set, and is the same at all amounts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bakeoff.datasets.corruptions.draws import draw, generators_for
from bakeoff.datasets.corruptions.sampling import sample


@dataclass(frozen=True)
class Sweep:
    """amounts: in `unit`, in the order of the axis.   neutral: the amount that changes nothing.

    apply: (images float32 (n, h, w, c) in 0..1, amount, chance float32 (n,) in 0..1) -> the same, changed.
    """

    name: str
    unit: str
    amounts: tuple[float, ...]
    neutral: float
    apply: Callable[[np.ndarray, float, np.ndarray], np.ndarray]


def translate(images: np.ndarray, distance: float, chance: np.ndarray) -> np.ndarray:
    """Moved by `distance` pixels in the direction `chance` of a full turn."""
    turn = 2 * np.pi * chance
    return _warp(images, np.ones_like(chance), np.zeros_like(chance), distance * np.sin(turn), distance * np.cos(turn))


def rotate(images: np.ndarray, degrees: float, chance: np.ndarray) -> np.ndarray:
    """Turned about the center, clockwise where chance is under a half, else counter-clockwise."""
    turn = np.deg2rad(degrees) * np.where(chance < 0.5, 1, -1)
    return _warp(images, np.ones_like(chance), turn, np.zeros_like(chance), np.zeros_like(chance))


def rescale(images: np.ndarray, factor: float, chance: np.ndarray) -> np.ndarray:
    """Enlarged about the center by `factor`; below 1 made smaller."""
    nothing = np.zeros_like(chance)
    return _warp(images, np.full_like(chance, factor), nothing, nothing, nothing)


def rebrighten(images: np.ndarray, factor: float, chance: np.ndarray) -> np.ndarray:
    """Every value times `factor`."""
    return images * np.float32(factor)


def _warp(images: np.ndarray, scale: np.ndarray, turn: np.ndarray, down: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Scaled and turned about the center, then moved; all parameters (n,)."""
    _, height, width, _ = images.shape
    center_row, center_column = (height - 1) / 2, (width - 1) / 2
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    scale, turn, down, right = (value.astype(np.float64)[:, None, None] for value in (scale, turn, down, right))
    away_down, away_right = rows - center_row - down, columns - center_column - right
    # From a pixel of the result back to where it comes from: the inverse rotation and scale.
    source_rows = (np.cos(turn) * away_down - np.sin(turn) * away_right) / scale + center_row
    source_columns = (np.sin(turn) * away_down + np.cos(turn) * away_right) / scale + center_column
    return sample(images, source_rows, source_columns, "mirror")


SWEEPS: tuple[Sweep, ...] = (
    Sweep("translation", "pixels", (0, 1, 2, 3, 4, 6, 8), 0, translate),
    Sweep("rotation", "degrees", (0, 5, 10, 15, 20, 30, 45, 90), 0, rotate),
    Sweep("scale", "times", (0.5, 0.67, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2), 1, rescale),
    Sweep("brightness", "times", (0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.6, 2.0), 1, rebrighten),
)
BY_NAME = {sweep.name: sweep for sweep in SWEEPS}


def apply_sweep(
    images: np.ndarray, name: str, amount: float, *, seed: int = 0, indices: np.ndarray | None = None
) -> np.ndarray:
    """Every picture, changed by `amount`: uint8 (n, h, w, c), as `images`; indices as for `corrupt`.

    Raises ValueError for an unknown name.
    """
    if name not in BY_NAME:
        raise ValueError(f"unknown sweep {name!r}: choose one of {', '.join(BY_NAME)}")
    numbers = np.arange(len(images)) if indices is None else indices
    chance = draw(generators_for(name, numbers, seed), lambda generator: generator.random())
    changed = BY_NAME[name].apply(images.astype(np.float32) / 255, amount, chance)
    return np.rint(changed.clip(0, 1) * 255).astype(np.uint8)
