"""Learned representations of two spirals: how the layers bend the plane until a line separates them."""

from __future__ import annotations

import numpy as np
from skimage.measure import find_contours

from bakeoff.pipelines.backprop.functions import Layers, hidden_units
from bakeoff.pipelines.backprop.operations import tanh
from bakeoff.pipelines.lecture.toy import margins, mesh

HALF_SIDE = 1.15


def hidden_views(layers: Layers, points: np.ndarray) -> np.ndarray:
    """Points (..., 2) as each hidden layer of two tanh units sees them, the input first: (n_hidden + 1, ..., 2)."""
    views = [hidden_units(layers[: i + 1], points.reshape(-1, 2), tanh) for i in range(len(layers))]
    return np.stack(views).reshape(-1, *points.shape)


def zero_contour(layers: Layers, n: int = 201) -> np.ndarray:
    """Points of the input plane where the margin is zero: (n_boundary, 2), a row of NaN after each piece."""
    field = margins(layers, mesh(HALF_SIDE, n), tanh).reshape(n, n)
    pieces = [piece[:, ::-1] / (n - 1) * 2 * HALF_SIDE - HALF_SIDE for piece in find_contours(field, 0.0)]
    gap = np.full((1, 2), np.nan)
    return np.concatenate([part for piece in pieces for part in (piece, gap)] or [gap])


def square_grid(n_lines: int = 15, n_steps: int = 60) -> np.ndarray:
    """Upright and level lines over the input plane: (2 * n_lines, n_steps, 2)."""
    across, along = np.linspace(-HALF_SIDE, HALF_SIDE, n_lines), np.linspace(-HALF_SIDE, HALF_SIDE, n_steps)
    upright = np.stack(np.broadcast_arrays(across[:, None], along), axis=-1)
    return np.concatenate([upright, upright[..., ::-1]])
