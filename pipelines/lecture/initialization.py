"""What the first weights do to activations and gradients of a deep net, layer by layer, before any training."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from bakeoff.datasets.dataset import Split
from bakeoff.pipelines.backprop.differentiate import value_and_grad
from bakeoff.pipelines.backprop.functions import Layers, hidden_units, mlp_scores
from bakeoff.pipelines.backprop.operations import softmax_cross_entropy

N_HIDDEN, WIDTH, N_CLASSES = 12, 128, 18


def standardized_batch(split: Split, n: int) -> tuple[np.ndarray, np.ndarray]:
    """float64 (n, pixels) of n pictures, each pixel with mean 0 and deviation 1, and their labels."""
    chosen = split.take(np.random.default_rng(0).permutation(len(split))[:n])
    x = chosen.images[:, ::2, ::2].reshape(n, -1).astype(np.float64)  # every second pixel is enough here
    return (x - x.mean(axis=0)) / x.std(axis=0), chosen.labels


def measure_flow(x: np.ndarray, labels: np.ndarray, gain: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each of 12 hidden ReLU layers of 128 units: root mean square of its output, length of its weights' gradient.

    gain: deviation of a first weight, as a multiple of 1 / sqrt(n_in).
    """
    rng = np.random.default_rng(seed)
    shapes = pairwise((x.shape[1], *[WIDTH] * N_HIDDEN, N_CLASSES))
    layers = [(rng.standard_normal(shape) * gain / shape[0] ** 0.5, np.zeros(shape[1])) for shape in shapes]

    def loss(layers: Layers) -> object:
        return softmax_cross_entropy(mlp_scores(layers, x), labels=labels)

    _, gradients = value_and_grad(loss)(layers)
    sizes = [np.sqrt(np.mean(hidden_units(layers[: i + 1], x) ** 2)) for i in range(1, N_HIDDEN + 1)]
    return np.array(sizes), np.array([np.linalg.norm(weights) for weights, _ in gradients[:-1]])
