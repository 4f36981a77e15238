"""Regularization of small nets: few units, or small weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bakeoff.pipelines.backprop.training import initialize_layers
from bakeoff.pipelines.lecture.toy import classification_objective, draw_rings, fit, margins, mesh

HALF_SIDE = 1.3


@dataclass(frozen=True)
class Boundaries:
    """points (n, 2), labels (n,).   half_side: of the square that the fields cover.   widths (a,), penalties (b,).

    fields (a, b, m, m): margin of class 1 on a square mesh.   train_accuracies, test_accuracies (a, b).
    """

    points: np.ndarray
    labels: np.ndarray
    half_side: float
    widths: np.ndarray
    penalties: np.ndarray
    fields: np.ndarray
    train_accuracies: np.ndarray
    test_accuracies: np.ndarray


def compare_width_and_l2(
    widths: tuple[int, ...] = (2, 5, 40),
    penalties: tuple[float, ...] = (0.0, 0.003, 0.03),
    n_steps: int = 1500,
    n_mesh: int = 90,
) -> Boundaries:
    """Fit a two-layer ReLU net to 120 noisy points for every pair, and test it on 4,000 new points."""
    rng = np.random.default_rng(3)
    (x, labels), (new_x, new_labels) = draw_rings(120, rng, noise=0.22), draw_rings(4000, rng, noise=0.22)
    table = mesh(HALF_SIDE, n_mesh)
    fields = np.empty((len(widths), len(penalties), n_mesh, n_mesh))
    train, test = np.empty(fields.shape[:2]), np.empty(fields.shape[:2])
    for row, width in enumerate(widths):
        for column, l2 in enumerate(penalties):
            layers = initialize_layers((2, width, 2), np.random.default_rng(0), np.float64)
            fit(layers, classification_objective(l2=l2), x, labels, n_steps=n_steps, learning_rate=0.03)
            fields[row, column] = margins(layers, table).reshape(n_mesh, n_mesh)
            train[row, column] = np.mean((margins(layers, x) > 0) == labels)
            test[row, column] = np.mean((margins(layers, new_x) > 0) == new_labels)
    return Boundaries(x, labels, HALF_SIDE, np.array(widths), np.array(penalties), fields, train, test)
