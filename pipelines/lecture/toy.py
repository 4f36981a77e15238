"""Toy problems in the plane, and small nets trained on them with our own engine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student
from skimage.measure import find_contours

from bakeoff.pipelines.backprop.arrays import Value
from bakeoff.pipelines.backprop.nets import Layers, fit, hidden_units, initialize_layers, mlp_objective, mlp_scores
from bakeoff.pipelines.backprop.operations import relu

HALF_SIDE = 1.15  # of the square that holds the spirals


def draw_spirals(
    n: int, rng: np.random.Generator, turns: float = 0.75, *, noise: float = 0.03, wrong: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Two arms around the origin: points float64 (n, 2) within about the unit circle, labels int64 (n,) of 0 and 1.

    noise: deviation of the points.   wrong: share of the labels that are flipped.
    """
    labels = np.arange(n) % 2
    radius = np.sqrt(rng.uniform(0.02, 1, n))
    angle = 2 * np.pi * turns * radius + np.pi * labels
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return points + rng.normal(0, noise, (n, 2)), np.where(rng.random(n) < wrong, 1 - labels, labels)


def draw_rings(n: int, rng: np.random.Generator, noise: float = 0.12) -> tuple[np.ndarray, np.ndarray]:
    """A disc (label 0) inside a ring (label 1), as blurred as `noise` says: points (n, 2), labels int64 (n,)."""
    labels = np.arange(n) % 2
    radius = np.where(labels == 1, 0.85, 0.3 * np.sqrt(rng.uniform(0, 1, n))) + rng.normal(0, noise, n)
    angle = rng.uniform(0, 2 * np.pi, n)
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), labels


@dataclass(frozen=True)
class Classifier:
    """A net with two scores. loss: the objective at its last training step."""

    layers: Layers
    activation: Callable[[Value], Value]
    loss: float

    def margins(self, points: np.ndarray) -> np.ndarray:
        """Score of class 1 minus score of class 0 at each point: the decision boundary is where it is zero."""
        return np.diff(mlp_scores(self.layers, points, self.activation))[:, 0]

    def accuracy(self, points: np.ndarray, labels: np.ndarray) -> float:
        """Share of the points on their class's side of the boundary."""
        return float(np.mean((self.margins(points) > 0) == labels))

    def field(self, half_side: float = 1.3, n: int = 90) -> np.ndarray:
        """Margins on a square around the origin, row by row from below: (n, n)."""
        line = np.linspace(-half_side, half_side, n)
        return self.margins(np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)).reshape(n, n)

    def hidden_views(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 2) as each hidden layer of two units sees them, the input first: (n_hidden + 1, ..., 2)."""
        flat = points.reshape(-1, 2)
        views = [hidden_units(self.layers[: i + 1], flat, self.activation) for i in range(len(self.layers))]
        return np.stack(views).reshape(-1, *points.shape)

    def zero_contour(self, n: int = 201) -> np.ndarray:
        """Points of the input plane where the margin is zero: (n_boundary, 2), a row of NaN after each piece."""
        pieces = [piece[:, ::-1] for piece in find_contours(self.field(HALF_SIDE, n), 0.0)]
        places = [part / (n - 1) * 2 * HALF_SIDE - HALF_SIDE for part in pieces]
        return np.concatenate([np.append(part, [[np.nan] * 2], axis=0) for part in places] or [np.full((1, 2), np.nan)])


def train_classifier(
    widths: Sequence[int],
    points: np.ndarray,
    labels: np.ndarray,
    *,
    activation: Callable[[Value], Value] = relu,
    l2: float = 0.0,
    seed: int | np.random.Generator = 0,
    n_steps: int = 400,
    learning_rate: float = 0.05,
) -> Classifier:
    """Train a net of these widths, input and scores included, on all points at once."""
    layers = initialize_layers(widths, np.random.default_rng(seed), np.float64)
    batches = [(points, labels)] * n_steps
    return Classifier(layers, activation, fit(layers, mlp_objective(l2, activation=activation), batches, learning_rate))


def square_grid(n_lines: int = 15, n_steps: int = 60) -> np.ndarray:
    """Upright and level lines over the input plane: (2 * n_lines, n_steps, 2)."""
    across, along = np.linspace(-HALF_SIDE, HALF_SIDE, n_lines), np.linspace(-HALF_SIDE, HALF_SIDE, n_steps)
    upright = np.stack(np.broadcast_arrays(across[:, None], along), axis=-1)
    return np.concatenate([upright, upright[..., ::-1]])


def mean_and_interval(values: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the first axis, the seeds, and half the width of its 95 % interval, by Student's t."""
    values = np.asarray(values, float)
    n = len(values)
    return values.mean(axis=0), student.ppf(0.975, n - 1) * values.std(axis=0, ddof=1) / n**0.5
