"""Ready sweeps over small perceptrons: what L2, width, depth, the activation and the first weights do to a net.

Each sweep is a frozen table of cells; each cell is trained for a fixed number of epochs and its last weights are kept,
for stopping at the best epoch would hide the overfitting that these sweeps are about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from bakeoff.pipelines.neural.config import (
    Activation,
    Augmentation,
    Initialization,
    NeuralConfig,
    Optimizer,
    Perceptron,
)
from bakeoff.pipelines.neural.inspection import layer_statistics
from bakeoff.pipelines.neural.networks.build import build_network, count_parameters, fit_to_pixels
from bakeoff.pipelines.neural.training.examples import Examples
from bakeoff.pipelines.neural.training.loop import Trainer
from bakeoff.pipelines.neural.training.prediction import accuracy, predict_scores

Value = str | int | float | bool | None

# Plain SGD, whose weight decay is the gradient of (l2 / 2) |w|^2; nothing else that regularizes.
PLAIN = NeuralConfig(
    architecture=Perceptron((128,), normalization="none"),
    optimizers=(Optimizer("sgd", learning_rate=0.02, weight_decay=0.0),),
    schedule="cosine",
    augmentation=Augmentation(flip="none", crop=0),
    epochs=20,
    batch_size=128,
    label_smoothing=0.0,
    gradient_clip=None,
    average_decay=None,
    flip_averaging=False,
)
ACTIVATIONS: tuple[Activation, ...] = ("relu", "leaky-relu", "elu", "maxout", "tanh", "sigmoid")
FIRST_WEIGHTS: tuple[Initialization, ...] = ("matched", "too-small", "too-large")


@dataclass(frozen=True)
class Cell:
    """One net of a sweep. facts: what tells it from the others, as columns of the study's table."""

    facts: Mapping[str, Value]
    config: NeuralConfig


@dataclass(frozen=True)
class Sweep:
    name: str
    title: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class TrainedCell:
    """scores: float32 (n_test, n_classes); None if the loss was no longer finite, and then the accuracies are too.

    before, after: one row for each hidden layer (`inspection.layer_statistics`), with the first and the last weights.
    """

    scores: np.ndarray | None
    validation_score: float | None
    train_score: float | None
    n_parameters: int
    before: list[dict[str, Value]]
    after: list[dict[str, Value]]


def train_cell(
    config: NeuralConfig,
    image_shape: tuple[int, int, int],
    train: Examples,
    validation: Examples,
    test_images: torch.Tensor,
    seed: int,
    on_step: Callable[[], None] = lambda: None,
) -> TrainedCell:
    """Train for all epochs; scores come from the last weights. test_images: uint8 (n, channels, height, width)."""
    network = build_network(config, image_shape, train.n_classes, seed).to(train.images.device)
    fit_to_pixels(network, train.images)
    before, n_parameters = layer_statistics(network, validation.images), count_parameters(network)
    trainer = Trainer(network, train, validation, config, config.optimizers[0], seed=seed)
    try:
        while not trainer.finished:
            trainer.run_epoch(on_step)
    except FloatingPointError:
        return TrainedCell(None, None, None, n_parameters, before, [])
    scores = predict_scores(network, test_images)
    if not torch.isfinite(scores).all():
        return TrainedCell(None, None, None, n_parameters, before, [])
    return TrainedCell(
        scores.cpu().numpy(),
        accuracy(predict_scores(network, validation.images), validation.labels),
        accuracy(predict_scores(network, train.images), train.labels),
        n_parameters,
        before,
        layer_statistics(network, validation.images),
    )


def _regularization() -> Sweep:
    """L2 against width: is a smaller net the way to regularize?"""
    cells = [
        Cell({"width": width, "l2": l2}, _with(PLAIN, widths=(width,), l2=l2))
        for width in (8, 32, 128, 512)
        for l2 in (0.0, 0.01, 0.03, 0.1)
    ]
    return Sweep("regularization", "Stronger L2 or a smaller net", tuple(cells))


def _activation() -> Sweep:
    """Four hidden layers without normalization, so that the first weights matter."""
    cells = [
        Cell(
            {"activation": activation, "initialization": initialization},
            _with(PLAIN, widths=(96,) * 4, activation=activation, initialization=initialization),
        )
        for activation in ACTIVATIONS
        for initialization in FIRST_WEIGHTS
    ]
    return Sweep("activation", "Activations, each with the right and with wrong first weights", tuple(cells))


def _depth() -> Sweep:
    cells = [
        Cell(
            {"layers": layers, "normalization": normalization},
            _with(PLAIN, widths=(128,) * layers, normalization=normalization),
        )
        for normalization in ("none", "batch")
        for layers in (0, 1, 2, 4, 8)
        if layers or normalization == "none"  # a linear classifier has nothing to normalize
    ]
    return Sweep("depth", "Depth, with and without batch normalization", tuple(cells))


def _width() -> Sweep:
    changed = Augmentation(flip="random", crop=2)
    cells = [
        Cell(
            {"width": width, "augmentation": name},
            replace(_with(PLAIN, widths=(width,)), augmentation=augmentation),
        )
        for name, augmentation in (("none", PLAIN.augmentation), ("crops and flips", changed))
        for width in (8, 32, 128, 512)
    ]
    return Sweep("width", "Width, with and without augmentation", tuple(cells))


def _with(config: NeuralConfig, *, l2: float = 0.0, **architecture: object) -> NeuralConfig:
    perceptron = replace(PLAIN.architecture, **architecture)  # type: ignore[arg-type]
    return replace(config, architecture=perceptron, optimizers=(replace(config.optimizers[0], weight_decay=l2),))


SWEEPS: Mapping[str, Sweep] = {sweep.name: sweep for sweep in (_regularization(), _activation(), _depth(), _width())}
