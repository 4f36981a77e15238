"""First-layer weights of a linear, a two-layer and a three-layer net, as pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.backprop.differentiate import leaves
from bakeoff.pipelines.backprop.functions import Layers, mlp_scores
from bakeoff.pipelines.backprop.training import (
    AdamW,
    cosine_schedule,
    draw_batches,
    initialize_layers,
    mlp_objective,
    training_steps,
)

HIDDEN_WIDTHS: tuple[tuple[int, ...], ...] = ((), (64,), (64, 32))
N_EPOCHS = 25
BATCH_SIZE = 128
LEARNING_RATE = 2e-3
L2 = 0.02  # strong: what a template does not need it drops, and the pictures become smooth


def learn_templates(
    dataset: Dataset, n_epochs: int = N_EPOCHS, n_shown: int = 20
) -> tuple[list[np.ndarray], list[float]]:
    """Train a linear, a two-layer and a three-layer net from one seed.

    Returns first-layer weights of each, float32 (units, height, width, c) - one for each class in the linear one, else
    the n_shown strongest -, and the accuracies on the validation split.
    """
    mean = dataset.train.images.astype(np.float32).mean(axis=0)
    pictures, accuracies = [], []
    for widths in HIDDEN_WIDTHS:
        layers = _train(dataset, mean, widths, n_epochs)
        predictions = mlp_scores(layers, _rows(dataset.validation, mean)).argmax(axis=1)
        accuracies.append(float(np.mean(predictions == dataset.validation.labels)))
        weights = layers[0][0].T.reshape(-1, *dataset.image_shape)
        pictures.append(_strongest(weights, n_shown) if widths else weights)
    return pictures, accuracies


def _train(dataset: Dataset, mean: np.ndarray, widths: Sequence[int], n_epochs: int) -> Layers:
    rng = np.random.default_rng(0)
    x, labels = _rows(dataset.train, mean), dataset.train.labels
    layers = initialize_layers((x.shape[1], *widths, len(dataset.class_names)), rng)
    layers[0][0][:] *= 0.1  # noise left over from the start would hide what was learned
    batches = [(x[i], labels[i]) for _ in range(n_epochs) for i in draw_batches(len(x), BATCH_SIZE, rng)]
    schedule = cosine_schedule(len(batches), LEARNING_RATE)
    for _ in training_steps(layers, mlp_objective(L2), AdamW(leaves(layers), decay=0.0), batches, schedule):
        pass
    return layers


def _rows(split: Split, mean: np.ndarray) -> np.ndarray:
    """float32 (n, pixels), around 0, in units of 64 gray levels: about a standard deviation."""
    return ((split.images - mean) / 64).reshape(len(split), -1)


def _strongest(weights: np.ndarray, n: int) -> np.ndarray:
    """The n units of the largest weights, in order."""
    return weights[np.argsort(-np.square(weights).sum(axis=(1, 2, 3)), kind="stable")[:n]]
