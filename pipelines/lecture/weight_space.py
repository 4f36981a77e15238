"""Losses along lines and planes through the space of weights: convexity by its definition, the loss around a net."""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from bakeoff.pipelines.backprop.arrays import Value
from bakeoff.pipelines.backprop.differentiate import Tree, map_tree
from bakeoff.pipelines.backprop.nets import Layers, mlp_objective
from bakeoff.pipelines.lecture.toy import draw_spirals, train_classifier

TOLERANCE = 1e-9  # rounding errors of a float64 sum, as a share of the largest value
T = np.linspace(0, 1, 21)  # places on a line


def walk_lines(
    function: Callable[[Any], Value], draw: Callable[[], Tree], n_lines: int = 200
) -> tuple[np.ndarray, np.ndarray, int]:
    """Follow a function of a tree of weights, each output on its own, along lines between two drawn points.

    Returns, of the worst output, the values and how far they rise above a chord, both (n_lines, 21) as shares of the
    largest value; and the number of lines on which they do. A convex function has none.
    """
    worst = [_worst_output(function, draw(), draw()) for _ in range(n_lines)]
    values, excesses = (np.stack(arrays) for arrays in zip(*worst, strict=True))
    return values, excesses, int((excesses > TOLERANCE).any(axis=1).sum())


def _worst_output(function: Callable[[Any], Value], start: Tree, end: Tree) -> tuple[np.ndarray, np.ndarray]:
    points = (map_tree(lambda u, v, t=t: (1 - t) * u + t * v, start, end) for t in T)
    values = np.stack([np.ravel(function(point)) for point in points], axis=1)  # (outputs, 21)
    excesses = chord_excess(values, T)
    row = excesses.max(axis=1).argmax()
    scale = np.abs(values).max()
    return values[row] / scale, excesses[row] / scale


def chord_excess(values: np.ndarray, t: np.ndarray) -> np.ndarray:
    """How far each value lies above the lowest of the chords that span it: max over i < j < k of

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


def scan_loss(widths: Sequence[int], steps: np.ndarray, *, seed: int, n_training: int = 1000) -> np.ndarray:
    """Train a ReLU net on two spirals; the losses (m, m) on a square around it, at these steps (0 is the net)."""
    x, labels = draw_spirals(200, np.random.default_rng(0), turns=1.0)
    rng = np.random.default_rng(seed)
    net = train_classifier(widths, x, labels, seed=rng, n_steps=n_training, learning_rate=0.01).layers
    first, second = filter_normalized_direction(net, rng), filter_normalized_direction(net, rng)
    loss = mlp_objective()
    return np.array([[loss(moved(net, first, a, second, b), x, labels) for a in steps] for b in steps])


def filter_normalized_direction(layers: Layers, rng: np.random.Generator) -> Layers:
    """Random, but the weights that enter each unit are as long as the net's own; biases stay where they are.

    Scaling a ReLU unit up and the next layer down leaves the net as it is; so normalized, the picture does not change
    either. Source: Li, Xu, Taylor, Studer, Goldstein, "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018.
    """
    random = [rng.standard_normal(weights.shape) for weights, _ in layers]
    scales = [np.linalg.norm(w, axis=0) / np.linalg.norm(r, axis=0) for (w, _), r in zip(layers, random, strict=True)]
    return [(r * scale, np.zeros_like(bias)) for r, scale, (_, bias) in zip(random, scales, layers, strict=True)]


def moved(layers: Layers, first: Layers, a: float, second: Layers, b: float) -> Layers:
    """layers + a first + b second."""
    return map_tree(lambda w, u, v: w + a * u + b * v, layers, first, second)
