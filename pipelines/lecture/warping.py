"""Learned representations of two spirals: how the layers bend the plane until a line separates them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from skimage.measure import find_contours

from bakeoff.pipelines.backprop.functions import Layers
from bakeoff.pipelines.backprop.operations import linear, tanh
from bakeoff.pipelines.backprop.training import initialize_layers
from bakeoff.pipelines.lecture.toy import classification_objective, draw_spirals, fit, margins, mesh

WIDTHS = (2, 2, 2, 2, 2)  # two units a layer, so that every layer is a plane that can be drawn
N_SEEDS = 8  # so narrow a net gets stuck from many starts: the best of these is kept
HALF_SIDE = 1.15


@dataclass(frozen=True)
class Warping:
    """Seen after 0, 1, 2 ... hidden layers, the first axis of each array but labels:

    points (n_views, n, 2), labels (n,).   lines (n_views, n_lines, n_steps, 2): a square grid of the input.
    separator (n_views, n_boundary, 2): where both classes score alike; NaN between its pieces.   loss: at the end.
    """

    points: np.ndarray
    labels: np.ndarray
    lines: np.ndarray
    separator: np.ndarray
    loss: float


def warp_spirals(n_points: int = 300, n_steps: int = 1500, n_seeds: int = N_SEEDS) -> Warping:
    """Train from n_seeds starts, keep the lowest loss, and follow points, grid and separator through the layers.

    The separator is found in the input plane, as the zero contour of the margin, and pushed forward from there: it is
    the last layer's straight line, pulled back through the layers.
    """
    x, labels = draw_spirals(n_points, np.random.default_rng(0))
    trained = [_train(x, labels, seed, n_steps) for seed in range(n_seeds)]
    loss, layers = min(trained, key=lambda result: result[0])
    separator = zero_contour(layers)
    lines = square_grid()
    views = [hidden_views(layers, array.reshape(-1, 2)) for array in (x, lines, separator)]
    return Warping(views[0], labels, views[1].reshape(-1, *lines.shape), views[2], loss)


def _train(x: np.ndarray, labels: np.ndarray, seed: int, n_steps: int) -> tuple[float, Layers]:
    layers = initialize_layers(WIDTHS, np.random.default_rng(seed), np.float64)
    objective = classification_objective(tanh)
    return fit(layers, objective, x, labels, n_steps=n_steps, learning_rate=0.03), layers


def hidden_views(layers: Layers, points: np.ndarray) -> np.ndarray:
    """The points as each hidden layer sees them, the input first: (n_hidden + 1, n, 2)."""
    views = [points]
    for weights, bias in layers[:-1]:
        views.append(tanh(linear(views[-1], weights, bias)))
    return np.stack(views)


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
