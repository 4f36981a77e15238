"""The loss around a trained net, along two random directions of the scale of its own weights.

Source: Li, Xu, Taylor, Studer, Goldstein, "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018.
"""

from __future__ import annotations

import numpy as np

from bakeoff.pipelines.backprop.functions import Layers
from bakeoff.pipelines.backprop.training import Objective, initialize_layers
from bakeoff.pipelines.lecture.toy import draw_spirals, fit


def scan_loss(
    widths: tuple[int, ...], objective: Objective, steps: np.ndarray, *, seed: int, n_training: int = 1000
) -> tuple[float, np.ndarray]:
    """Train a ReLU net on two spirals; its loss, and the losses (m, m) of a square around it, at these steps."""
    x, labels = draw_spirals(200, np.random.default_rng(0), turns=1.0)
    rng = np.random.default_rng(seed)
    layers = initialize_layers(widths, rng, np.float64)
    fit(layers, objective, x, labels, n_steps=n_training, learning_rate=0.01)
    first, second = filter_normalized_direction(layers, rng), filter_normalized_direction(layers, rng)
    values = [[objective(moved(layers, first, a, second, b), x, labels) for a in steps] for b in steps]
    return float(objective(layers, x, labels)), np.array(values)


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
