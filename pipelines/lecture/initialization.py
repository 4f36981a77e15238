"""What the first weights do to activations and gradients of a deep net, layer by layer, before any training."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bakeoff.datasets.dataset import Split
from bakeoff.datasets.sets.photos import load_photos
from bakeoff.pipelines.backprop.differentiate import value_and_grad
from bakeoff.pipelines.backprop.functions import Layers
from bakeoff.pipelines.backprop.operations import linear, relu, softmax_cross_entropy

N_HIDDEN, WIDTH, N_CLASSES = 12, 128, 18
DEVIATIONS = {  # of a weight, as a multiple of 1 / sqrt(n_in)
    "too small": 0.5,
    "1 / sqrt(n), Xavier": 1.0,
    "sqrt(2 / n), He": 2**0.5,
    "too large": 2.5,
}


@dataclass(frozen=True)
class GradientFlow:
    """names (k,).   activations (k, n_hidden): root mean square of each hidden layer's output.
    gradients (k, n_hidden): length of the loss's gradient for each hidden layer's weights. Both are geometric means
    over the seeds."""

    names: np.ndarray
    activations: np.ndarray
    gradients: np.ndarray


def measure_gradient_flow(n_pictures: int = 256, n_seeds: int = 3) -> GradientFlow:
    """A ReLU net of 12 hidden layers of 128 units on a batch of photographs, with four kinds of first weights."""
    x, labels = _standardized_batch(load_photos().train, n_pictures)
    logs = np.log([[_flow(x, labels, gain, seed) for seed in range(n_seeds)] for gain in DEVIATIONS.values()])
    activations, gradients = np.exp(logs.mean(axis=1)).transpose(1, 0, 2)  # from (k, 2, n_hidden)
    return GradientFlow(np.array(list(DEVIATIONS)), activations, gradients)


def _standardized_batch(split: Split, n: int) -> tuple[np.ndarray, np.ndarray]:
    chosen = split.take(np.random.default_rng(0).permutation(len(split))[:n])
    x = chosen.images[:, ::2, ::2].reshape(n, -1).astype(np.float64)  # every second pixel is enough here
    return (x - x.mean(axis=0)) / x.std(axis=0), chosen.labels


def _flow(x: np.ndarray, labels: np.ndarray, gain: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Root mean square of the activations, and gradient norm of the weights, of every hidden layer."""
    rng = np.random.default_rng(seed)
    widths = (x.shape[1], *[WIDTH] * N_HIDDEN, N_CLASSES)
    shapes = pairwise(widths)
    layers = [(rng.standard_normal(shape) * gain / shape[0] ** 0.5, np.zeros(shape[1])) for shape in shapes]

    def loss(layers: Layers) -> object:
        hidden = x
        for weights, bias in layers[:-1]:
            hidden = relu(linear(hidden, weights, bias))
        return softmax_cross_entropy(linear(hidden, *layers[-1]), labels=labels)

    _, gradients = value_and_grad(loss)(layers)
    sizes, hidden = [], x
    for weights, bias in layers[:-1]:
        hidden = relu(linear(hidden, weights, bias))
        sizes.append(np.sqrt(np.mean(hidden**2)))
    return np.array(sizes), np.array([np.linalg.norm(weights) for weights, _ in gradients[:-1]])
