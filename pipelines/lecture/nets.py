"""Nets on pictures: their templates, random connectivity, a penalty on the input gradient, and the first weights."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.datasets.sets.digits import load_digits
from bakeoff.pipelines.backprop.arrays import Value
from bakeoff.pipelines.backprop.differentiate import grad
from bakeoff.pipelines.backprop.nets import (
    Layers,
    Objective,
    draw_batches,
    fit,
    hidden_units,
    initialize_layers,
    mlp_objective,
    mlp_scores,
)
from bakeoff.pipelines.backprop.operations import softmax_cross_entropy
from bakeoff.pipelines.lecture.toy import mean_and_interval

N_HIDDEN, WIDTH, N_CLASSES = 12, 128, 10  # of the deep net before any training


def digit_rows(split: Split) -> np.ndarray:
    """The digits at their own 8 x 8 pixels: float32 (n, 64) in -1..1."""
    return (split.images[:, 2::4, 2::4, 0].reshape(len(split), -1) / 128 - 1).astype(np.float32)


def train_on_digits(
    widths: Sequence[int], seed: int, *, density: float = 1.0, gradient_penalty: float = 0.0, n_epochs: int = 20
) -> Layers:
    """A ReLU net with these hidden widths, of whose connections a random share `density` exists (others stay 0).

    gradient_penalty: weight of the mean squared gradient of the loss with respect to the pixels.
    """
    train = load_digits().train
    x, rng = digit_rows(train), np.random.default_rng(seed)
    layers = initialize_layers((x.shape[1], *widths, 10), rng)
    masks = [(rng.random(weights.shape) < density).astype(np.float32) for weights, _ in layers]
    for weights, _ in layers:
        weights /= np.float32(density**0.5)  # as many inputs fewer, as much larger: sums keep their size
    objective = mlp_objective(input_gradient_penalty=gradient_penalty)
    objective = masked(objective, masks) if density < 1 else objective
    batches = [(x[i], train.labels[i]) for _ in range(n_epochs) for i in draw_batches(len(x), 64, rng)]
    fit(layers, objective, batches, 5e-3)
    return _keep(layers, masks)


def masked(objective: Objective, masks: Sequence[np.ndarray]) -> Objective:
    """The objective of the layers with the weights of missing connections at 0."""
    return lambda layers, x, labels: objective(_keep(layers, masks), x, labels)


def _keep(layers: Layers, masks: Sequence[np.ndarray]) -> Layers:
    return [(weights * mask, bias) for (weights, bias), mask in zip(layers, masks, strict=True)]


def digit_accuracy(layers: Layers, *, noise: float = 0.0) -> float:
    """Share of the 452 test digits that are right, with normal noise of this deviation (of 2 from black to white)."""
    test = load_digits().test
    x = digit_rows(test)
    x = x + noise * np.random.default_rng(0).standard_normal(x.shape, np.float32)
    return float(np.mean(mlp_scores(layers, x).argmax(axis=1) == test.labels))


def several_nets(widths: Sequence[int], density: float = 1.0, n_seeds: int = 5) -> tuple[float, float, float]:
    """Mean accuracy on test digits, half its 95 % interval, and connections of nets that differ in their seed."""
    nets = [train_on_digits(widths, seed, density=density) for seed in range(n_seeds)]
    mean, half = mean_and_interval([digit_accuracy(net) for net in nets])
    return float(mean), float(half), float(np.mean([sum(np.count_nonzero(w) for w, _ in net) for net in nets]))


def learn_templates(dataset: Dataset, n_epochs: int = 25, n_shown: int = 20) -> tuple[list[np.ndarray], list[float]]:
    """Train a linear, a two-layer and a three-layer net from one seed.

    Returns first-layer weights of each, float32 (units, height, width, c) - one for each class in the linear one, else
    the n_shown strongest -, and the accuracies on the validation split.
    """
    mean = dataset.train.images.astype(np.float32).mean(axis=0)

    def rows(split: Split) -> np.ndarray:  # around 0, in units of 64 gray levels: about a standard deviation
        return ((split.images - mean) / 64).reshape(len(split), -1)

    x, labels = rows(dataset.train), dataset.train.labels
    pictures, accuracies = [], []
    for widths in ((), (64,), (64, 32)):
        rng = np.random.default_rng(0)
        layers = initialize_layers((x.shape[1], *widths, len(dataset.class_names)), rng)
        layers[0][0][:] *= 0.1  # noise left over from the start would hide what was learned
        batches = [(x[i], labels[i]) for _ in range(n_epochs) for i in draw_batches(len(x), 128, rng)]
        fit(layers, mlp_objective(l2=0.02), batches, 2e-3)  # so strong that what is not needed goes, and all is smooth
        right = mlp_scores(layers, rows(dataset.validation)).argmax(axis=1) == dataset.validation.labels
        accuracies.append(float(np.mean(right)))
        weights = layers[0][0].T.reshape(-1, *dataset.image_shape)
        strongest = np.argsort(-np.square(weights).sum(axis=(1, 2, 3)), kind="stable")[:n_shown]
        pictures.append(weights[strongest] if widths else weights)
    return pictures, accuracies


def measure_flow(x: np.ndarray, labels: np.ndarray, gain: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each of 12 hidden ReLU layers of 128 units: root mean square of its output, length of its weights' gradient.

    gain: deviation of a first weight, as a multiple of 1 / sqrt(n_in).
    """
    rng = np.random.default_rng(seed)
    shapes = pairwise((x.shape[1], *[WIDTH] * N_HIDDEN, N_CLASSES))
    layers = [(rng.standard_normal(shape) * gain / shape[0] ** 0.5, np.zeros(shape[1])) for shape in shapes]

    def loss(layers: Layers) -> Value:
        return softmax_cross_entropy(mlp_scores(layers, x), labels=labels)

    sizes = [np.sqrt(np.mean(hidden_units(layers[: i + 1], x) ** 2)) for i in range(1, N_HIDDEN + 1)]
    return np.array(sizes), np.array([np.linalg.norm(weights) for weights, _ in grad(loss)(layers)[:-1]])
