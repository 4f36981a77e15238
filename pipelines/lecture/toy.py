"""Toy problems: points in the plane, and small nets fitted to them with our own engine."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from bakeoff.pipelines.backprop.arrays import Value
from bakeoff.pipelines.backprop.differentiate import leaves
from bakeoff.pipelines.backprop.functions import Layers, mlp_scores, weight_penalty
from bakeoff.pipelines.backprop.operations import relu, softmax_cross_entropy
from bakeoff.pipelines.backprop.training import AdamW, Objective, cosine_schedule, training_steps


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


def classification_objective(activation: Callable[[Value], Value] = relu, l2: float = 0.0) -> Objective:
    """Mean cross-entropy of the softmax + l2 / 2 sum |W|^2."""

    def objective(layers: Layers, x: np.ndarray, labels: np.ndarray) -> Value:
        loss = softmax_cross_entropy(mlp_scores(layers, x, activation), labels=labels)
        return loss + l2 * weight_penalty(layers)

    return objective


def fit(
    layers: Layers, objective: Objective, x: np.ndarray, targets: np.ndarray, *, n_steps: int, learning_rate: float
) -> float:
    """Change the layers in place by n_steps of AdamW on all points at once; returns the objective before the last."""
    optimizer = AdamW(leaves(layers), decay=0.0)
    batches = itertools.repeat((x, targets), n_steps)
    values = list(training_steps(layers, objective, optimizer, batches, cosine_schedule(n_steps, learning_rate)))
    return values[-1]


def mesh(half_side: float, n: int) -> np.ndarray:
    """n x n points of the square around the origin, row by row from below: float64 (n * n, 2)."""
    line = np.linspace(-half_side, half_side, n)
    return np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)


def margins(layers: Layers, points: np.ndarray, activation: Callable[[Value], Value] = relu) -> np.ndarray:
    """Score of class 1 minus score of class 0 at each point: the decision boundary is where it is zero."""
    scores = mlp_scores(layers, points, activation)
    return scores[:, 1] - scores[:, 0]


def accuracy(layers: Layers, points: np.ndarray, labels: np.ndarray) -> float:
    """Share of the points on their class's side of the boundary."""
    return float(np.mean((margins(layers, points) > 0) == labels))


def mean_and_interval(values: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the first axis, the seeds, and half the width of its 95 % interval, by Student's t."""
    values = np.asarray(values, float)
    n = len(values)
    return values.mean(axis=0), student.ppf(0.975, n - 1) * values.std(axis=0, ddof=1) / n**0.5
