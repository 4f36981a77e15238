"""The loss around a trained net, along two random directions of the scale of its own weights.

Source: Li, Xu, Taylor, Studer, Goldstein, "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bakeoff.pipelines.backprop.functions import Layers
from bakeoff.pipelines.backprop.training import initialize_layers
from bakeoff.pipelines.lecture.toy import classification_objective, draw_spirals, fit

NETS: dict[str, tuple[int, ...]] = {
    "2 layers, 64 units": (2, 64, 2),
    "7 layers of 8 units": (2, 8, 8, 8, 8, 8, 8, 2),
}


@dataclass(frozen=True)
class LossSurfaces:
    """names (k,).   steps (m,): along either direction, in units of the weights' own length.
    losses (k, m, m): second direction by first.   at_minimum (k,): the loss of the trained nets."""

    names: np.ndarray
    steps: np.ndarray
    losses: np.ndarray
    at_minimum: np.ndarray


def scan_loss_surfaces(n_points: int = 200, n_training: int = 1200, n_scan: int = 41) -> LossSurfaces:
    """Train a wide shallow and a narrow deep ReLU net on two spirals, and scan a square around each."""
    x, labels = draw_spirals(n_points, np.random.default_rng(0), turns=1.0)
    objective = classification_objective()
    steps = np.linspace(-1, 1, n_scan)
    surfaces, minima = [], []
    for widths in NETS.values():
        rng = np.random.default_rng(1)
        layers = initialize_layers(widths, rng, np.float64)
        fit(layers, objective, x, labels, n_steps=n_training, learning_rate=0.01)
        first, second = filter_normalized_direction(layers, rng), filter_normalized_direction(layers, rng)
        values = [[objective(moved(layers, first, a, second, b), x, labels) for a in steps] for b in steps]
        surfaces.append(values)
        minima.append(objective(layers, x, labels))
    return LossSurfaces(np.array(list(NETS)), steps, np.array(surfaces), np.array(minima))


def filter_normalized_direction(layers: Layers, rng: np.random.Generator) -> Layers:
    """Random, but the weights that enter each unit are as long as the net's own; biases stay where they are.

    Scaling a ReLU unit up and the next layer down leaves the net as it is; so normalized, the picture does not change
    either.
    """
    direction = []
    for weights, bias in layers:
        random = rng.standard_normal(weights.shape)
        scale = np.linalg.norm(weights, axis=0) / np.linalg.norm(random, axis=0)
        direction.append((random * scale, np.zeros_like(bias)))
    return direction


def moved(layers: Layers, first: Layers, a: float, second: Layers, b: float) -> Layers:
    """layers + a first + b second."""
    return [
        (weights + a * u + b * v, bias) for (weights, bias), (u, _), (v, _) in zip(layers, first, second, strict=True)
    ]
