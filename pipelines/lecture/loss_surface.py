"""The loss around a trained net, along two random directions of the scale of its own weights.

Source: Li, Xu, Taylor, Studer, Goldstein, "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bakeoff.pipelines.backprop.differentiate import map_tree
from bakeoff.pipelines.backprop.functions import Layers
from bakeoff.pipelines.backprop.training import mlp_objective
from bakeoff.pipelines.lecture.toy import draw_spirals, train_classifier


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
    either.
    """
    random = [rng.standard_normal(weights.shape) for weights, _ in layers]
    scales = [np.linalg.norm(w, axis=0) / np.linalg.norm(r, axis=0) for (w, _), r in zip(layers, random, strict=True)]
    return [(r * scale, np.zeros_like(bias)) for r, scale, (_, bias) in zip(random, scales, layers, strict=True)]


def moved(layers: Layers, first: Layers, a: float, second: Layers, b: float) -> Layers:
    """layers + a first + b second."""
    return map_tree(lambda w, u, v: w + a * u + b * v, layers, first, second)
