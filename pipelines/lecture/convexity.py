"""Convexity, checked by its definition on random lines through the space of weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bakeoff.datasets.sets.digits import load_digits
from bakeoff.pipelines.backprop.differentiate import map_tree
from bakeoff.pipelines.backprop.functions import Layers, hinge, mlp_scores, weight_penalty
from bakeoff.pipelines.backprop.operations import softmax_cross_entropy
from bakeoff.pipelines.backprop.training import initialize_layers
from bakeoff.pipelines.lecture.toy import classification_objective, fit

L2 = 1e-3
TOLERANCE = 1e-9  # rounding errors of a float64 sum, as a share of the loss
LINEAR, NET = (64, 10), (64, 16, 10)
Loss = Callable[[Layers], float]
Line = tuple[Layers, Layers]  # its two ends


@dataclass(frozen=True)
class ConvexityCheck:
    """names (k,).   t (n_steps,): place on a line, 0..1.   losses (k, n_lines, n_steps): as a share of the line's
    highest.   excesses (k, n_lines, n_steps): how far the loss rises above a chord, see `chord_excess`.
    violations (k,): share of the lines with an excess beyond rounding; convex means 0."""

    names: np.ndarray
    t: np.ndarray
    losses: np.ndarray
    excesses: np.ndarray
    violations: np.ndarray


def check_convexity(n_nets: int = 20, n_steps: int = 21, n_pictures: int = 200) -> ConvexityCheck:
    """Linear SVM, softmax classifier and a ReLU net with 16 hidden units on pictures of digits, on lines between
    random weights; and the net on lines between trained weights. Lines join each pair of n_nets points."""
    train = load_digits().train
    x = train.images[:n_pictures, 2::4, 2::4, 0].reshape(n_pictures, -1) / 128 - 1.0  # (n, 64)
    labels = train.labels[:n_pictures]

    def svm(layers: Layers) -> float:
        return hinge(mlp_scores(layers, x), labels) + L2 * weight_penalty(layers)

    def softmax(layers: Layers) -> float:
        return softmax_cross_entropy(mlp_scores(layers, x), labels=labels) + L2 * weight_penalty(layers)

    linear, nets = random_points(LINEAR, n_nets), random_points(NET, n_nets)
    trained = random_points(NET, n_nets)
    for layers in trained:
        fit(layers, classification_objective(l2=L2), x, labels, n_steps=60, learning_rate=0.02)
    t = np.linspace(0, 1, n_steps)
    cases: dict[str, tuple[Loss, list[Layers]]] = {
        "linear SVM": (svm, linear),
        "softmax": (softmax, linear),
        "ReLU net": (softmax, nets),
        "ReLU net, trained ends": (softmax, trained),
    }
    losses = np.array([[along(loss, line, t) for line in combinations(points, 2)] for loss, points in cases.values()])
    losses /= losses.max(axis=2, keepdims=True)
    excesses = chord_excess(losses, t)
    violations = (excesses > TOLERANCE).any(axis=2).mean(axis=1)
    return ConvexityCheck(np.array(list(cases)), t, losses, excesses, violations)


def random_points(widths: tuple[int, ...], n: int) -> list[Layers]:
    """Weights as before training; the same for every call."""
    return [initialize_layers(widths, np.random.default_rng(seed), np.float64) for seed in range(n)]


def along(loss: Loss, line: Line, t: np.ndarray) -> np.ndarray:
    """The loss at (1 - t) u + t v: (len(t),)."""
    return np.array([loss(map_tree(lambda u, v, s=s: (1 - s) * u + s * v, *line)) for s in t])


def chord_excess(values: np.ndarray, t: np.ndarray) -> np.ndarray:
    """How far each value lies above the highest of the chords that span it: max over i < j < k of

        f(t_j) - ((t_k - t_j) f(t_i) + (t_j - t_i) f(t_k)) / (t_k - t_i),   or 0 if that is negative.

    values (..., n): f at t (n,).   A convex function has an excess of 0 everywhere: this is the definition.
    """
    excess = np.zeros_like(values)
    for i, k in combinations(range(len(t)), 2):
        inside = slice(i + 1, k)
        share = (t[inside] - t[i]) / (t[k] - t[i])
        chord = (1 - share) * values[..., i, None] + share * values[..., k, None]
        excess[..., inside] = np.maximum(excess[..., inside], values[..., inside] - chord)
    return excess
