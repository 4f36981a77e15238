"""Small nets on the scanned digits: of random connectivity, and with a penalty on the gradient of their input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bakeoff.datasets.dataset import Split
from bakeoff.datasets.sets.digits import load_digits
from bakeoff.pipelines.backprop.arrays import Value
from bakeoff.pipelines.backprop.differentiate import leaves
from bakeoff.pipelines.backprop.functions import Layers, mlp_scores
from bakeoff.pipelines.backprop.training import (
    AdamW,
    Objective,
    cosine_schedule,
    draw_batches,
    initialize_layers,
    mlp_objective,
    training_steps,
)

BATCH_SIZE = 64
LEARNING_RATE = 5e-3


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
    objective = masked(mlp_objective(input_gradient_penalty=gradient_penalty), masks)
    batches = [(x[i], train.labels[i]) for _ in range(n_epochs) for i in draw_batches(len(x), BATCH_SIZE, rng)]
    schedule = cosine_schedule(len(batches), LEARNING_RATE)
    for _ in training_steps(layers, objective, AdamW(leaves(layers), decay=0.0), batches, schedule):
        pass
    return keep(layers, masks)


def keep(layers: Layers, masks: Sequence[np.ndarray]) -> Layers:
    """The layers with the weights of missing connections at 0."""
    return [(weights * mask, bias) for (weights, bias), mask in zip(layers, masks, strict=True)]


def masked(objective: Objective, masks: Sequence[np.ndarray]) -> Objective:
    def of_kept(layers: Layers, x: np.ndarray, labels: np.ndarray) -> Value:
        return objective(keep(layers, masks), x, labels)

    return of_kept


def digit_accuracy(layers: Layers, *, noise: float = 0.0) -> float:
    """Share of the 452 test digits that are right, with normal noise of this deviation (of 2 from black to white)."""
    test = load_digits().test
    x = digit_rows(test)
    x = x + noise * np.random.default_rng(0).standard_normal(x.shape, np.float32)
    return float(np.mean(mlp_scores(layers, x).argmax(axis=1) == test.labels))


def n_weights(layers: Layers) -> int:
    """Connections that exist: weights that are not 0."""
    return sum(int(np.count_nonzero(weights)) for weights, _ in layers)
