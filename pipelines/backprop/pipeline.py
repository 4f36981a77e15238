"""Our own engine, top to bottom: pixels -> standardized -> net trained by back-propagation -> scores."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.datasets.splits import evenly_spread
from bakeoff.pipelines.backprop.config import BackpropConfig
from bakeoff.pipelines.backprop.differentiate import leaves
from bakeoff.pipelines.backprop.functions import Layers, hidden_units
from bakeoff.pipelines.backprop.model_file import (
    BackpropModel,
    Standardizer,
    fit_standardizer,
    predict_scores,
    store_backprop_model,
)
from bakeoff.pipelines.backprop.training import (
    AdamW,
    Momentum,
    Optimizer,
    cosine_schedule,
    draw_batches,
    initialize_layers,
    mlp_objective,
    training_steps,
)
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.progress import Advance
from bakeoff.pipelines.machine.stopwatch import measure, measure_latency
from bakeoff.pipelines.results.balance import fits_training
from bakeoff.pipelines.results.run import RunResult, Size, Stage

VERSION = 1  # raise it when a change of code changes results
MOST_TEMPLATES = 64  # first-layer weights shown; more would be too small to see
MOST_PICTURES = 1000  # that the statistics need


def run(job: Job[BackpropConfig]) -> RunResult:
    """Train on `dataset.train`, choose the epoch on `dataset.validation`, predict `dataset.test` once.

    The model is kept beside the run's other files. Raises FloatingPointError, naming the step, if the objective is not
    finite.
    """
    dataset, config, environment = job.dataset, job.config, job.workspace.environment
    standardizer = fit_standardizer(dataset.train.images)
    layers, history, cost = train(job, standardizer)
    validation_scores = predict_scores(layers, standardizer, dataset.validation.images)
    train_scores = predict_scores(layers, standardizer, dataset.train.images)
    with measure("predict", "prediction") as clock:
        test_scores = predict_scores(layers, standardizer, dataset.test.images)
    some = evenly_spread(len(dataset.validation), MOST_PICTURES)
    model = BackpropModel(job.experiment, dataset.class_names, dataset.image_shape, standardizer, layers)
    n_bytes = job.keep(store_backprop_model(model), validation_scores)
    return job.answer(
        side="end-to-end",
        settings=json.loads(json.dumps(asdict(config))),
        scores=test_scores,
        validation_scores=validation_scores,
        validation_score=accuracy(validation_scores, dataset.validation),
        train_score=accuracy(train_scores, dataset.train),
        did_not_train=not fits_training(train_scores.argmax(axis=1), dataset.train.labels),
        stages=(cost, clock.stage),
        size=Size(dimensions=len(layers[0][0]), parameters=sum(array.size for array in leaves(layers)), bytes=n_bytes),
        environment=environment,
        history=history,
        pictures={"first_layer_weights": strongest_templates(layers[0][0], dataset.image_shape)},
        diagnostics={
            "layers": layer_statistics(layers, standardizer.apply(dataset.validation.images[some])),
            "flops_per_picture": sum(2 * np.size(weights) for weights, _ in layers),
            **measure_latency(model.predict_scores, dataset.test.images, time.perf_counter),
        },
    )


def train(job: Job[BackpropConfig], standardizer: Standardizer) -> tuple[Layers, tuple[Mapping[str, Any], ...], Stage]:
    """The net of the best epoch on validation, how it got there, at what cost; from the cache if it is there."""
    dataset, config, seed = job.dataset, job.config, job.seed

    def compute() -> dict[str, np.ndarray]:
        with job.workspace.progress(f"train {job.experiment}", n_steps_of(dataset, config)) as advance:
            best, history = run_epochs(dataset, standardizer, config, seed, advance)
        return {"history": np.array(json.dumps(history))} | {f"{i}": array for i, array in enumerate(best)}

    stage = job.workspace.cache.get_or_compute(
        "backprop",
        version=VERSION,
        inputs={"config": config, "data": dataset.fingerprint(), "seed": seed},
        compute=compute,
        kind="training",
    )
    arrays = [np.array(stage.arrays[str(i)]) for i in range(len(stage.arrays) - 1)]
    layers = list(zip(arrays[::2], arrays[1::2], strict=True))
    return layers, tuple(json.loads(stage.arrays["history"].item())), stage.cost


def run_epochs(
    dataset: Dataset, standardizer: Standardizer, config: BackpropConfig, seed: int, advance: Advance
) -> tuple[list[np.ndarray], list[dict[str, Any]]]:
    """The parameters of the best epoch on validation (the first of equals), and one row of history per epoch."""
    rng = np.random.default_rng(seed)
    n_inputs, n_classes = int(np.prod(dataset.image_shape)), len(dataset.class_names)
    layers = initialize_layers((n_inputs, *config.widths, n_classes), rng)
    objective = mlp_objective(config.l2, config.input_gradient_penalty)
    optimizer: Optimizer = Momentum(leaves(layers), momentum=config.momentum)
    if config.optimizer == "adamw":
        optimizer = AdamW(leaves(layers), decay=config.weight_decay)
    learning_rates = cosine_schedule(n_steps_of(dataset, config), config.learning_rate)
    history: list[dict[str, Any]] = []
    best: list[np.ndarray] = []
    for epoch in range(1, config.epochs + 1):
        drawn = draw_batches(len(dataset.train), config.batch_size, rng)
        batches = ((standardizer.apply(dataset.train.images[i]), dataset.train.labels[i]) for i in drawn)
        losses = []
        for loss in training_steps(layers, objective, optimizer, batches, learning_rates):
            losses.append(loss)
            advance()
        score = accuracy(predict_scores(layers, standardizer, dataset.validation.images), dataset.validation)
        if not history or score > max(row["validation_score"] for row in history):
            best = [array.copy() for array in leaves(layers)]
        history.append({"epoch": epoch, "train_loss": float(np.mean(losses)), "validation_score": score})
        advance(0, f"epoch {epoch}/{config.epochs}, validation {score:.1%}")
    return best, history


def n_steps_of(dataset: Dataset, config: BackpropConfig) -> int:
    return config.epochs * -(-len(dataset.train) // config.batch_size)


def accuracy(scores: np.ndarray, split: Split) -> float:
    return float((scores.argmax(axis=1) == split.labels).mean())


def strongest_templates(weights: np.ndarray, image_shape: tuple[int, int, int]) -> np.ndarray:
    """The columns of the first layer as pictures, strongest first: float32 (at most 64, height, width, channels)."""
    strongest = np.argsort(-np.linalg.norm(weights, axis=0), kind="stable")[:MOST_TEMPLATES]
    return np.ascontiguousarray(weights[:, strongest].T).reshape(-1, *image_shape)


def layer_statistics(layers: Layers, inputs: np.ndarray) -> list[dict[str, Any]]:
    """One row for each hidden layer, in order: layer, activation, units, mean and deviation of its outputs, dead_share
    (units that give the same value, to 1e-6, for every picture: they no longer learn) and zero_share (outputs that
    are 0).

    inputs: float32 (n, d), standardized pixels.
    """
    rows = []
    for number in range(1, len(layers)):
        outputs = hidden_units(layers[: number + 1], inputs)
        row = {"layer": f"hidden {number}", "activation": "ReLU", "units": outputs.shape[1]}
        row |= {"mean": float(outputs.mean()), "deviation": float(outputs.std())}
        row["dead_share"] = float((np.ptp(outputs, axis=0) <= 1e-6).mean())
        rows.append(row | {"zero_share": float((outputs == 0).mean())})
    return rows
