"""Our own engine, top to bottom: pixels -> standardized -> net trained by back-propagation -> scores."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.datasets.store import blocks_of
from bakeoff.pipelines.backprop.differentiate import leaves
from bakeoff.pipelines.backprop.nets import (
    Layers,
    Momentum,
    cosine_schedule,
    draw_batches,
    initialize_layers,
    mlp_objective,
    mlp_scores,
    training_steps,
)
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.progress import Advance
from bakeoff.pipelines.machine.stopwatch import measure, measure_latency
from bakeoff.pipelines.results.model import StoredModel
from bakeoff.pipelines.results.run import RunResult, Size, Stage

VERSION = 2  # raise it when a change of code changes results
SCORED_AT_ONCE = 2048  # pictures


@dataclass(frozen=True)
class BackpropConfig:
    """W3 max(0, W2 max(0, W1 x + b1) + b2) + b3 on standardized pixels, for two widths."""

    widths: tuple[int, ...] = (512, 256)  # units of each hidden layer; () is a linear classifier
    epochs: int = 20  # of the plain net; more only fits the training pictures closer
    batch_size: int = 128
    learning_rate: float = 0.02  # at the start; falls to 0 along half a cosine
    momentum: float = 0.9
    l2: float = 1e-3  # weight of half the sum of squared weights in the objective
    input_gradient_penalty: float = 0.0  # weight of the mean squared gradient with respect to the pixels


# mlp-numpy, CIFAR-10 (45,000 training pictures), seed 0: 55.4 % of the test pictures, in 111 processor seconds.
EXPERIMENTS: dict[str, tuple[str, BackpropConfig]] = {
    "mlp-numpy": ("Multi-layer perceptron, our own back-propagation in numpy", BackpropConfig()),
}


@dataclass(frozen=True)
class Standardizer:
    """Mean and standard deviation of each color channel, over all pixels of the training pictures."""

    mean: np.ndarray
    deviation: np.ndarray

    def apply(self, images: np.ndarray) -> np.ndarray:
        """uint8 (n, height, width, channels) -> float32 (n, height * width * channels), zero mean, unit deviation."""
        pixels = images.astype(np.float32)
        pixels -= self.mean
        pixels /= self.deviation
        return pixels.reshape(len(images), -1)


def fit_standardizer(images: np.ndarray) -> Standardizer:
    """From counts of whole numbers, a block of pictures at a time. Constant channels keep their scale."""
    counts = np.zeros((images.shape[3], 256), dtype=np.int64)
    for _, block in blocks_of(images):
        counts += [np.bincount(block[..., channel].ravel(), minlength=256) for channel in range(len(counts))]
    levels, shares = np.arange(256), counts / counts[0].sum()  # (channels, 256)
    mean = shares @ levels
    deviation = np.sqrt(shares @ levels**2 - mean**2)
    return Standardizer(mean.astype(np.float32), np.where(deviation > 0, deviation, 1).astype(np.float32))


def predict_scores(layers: Layers, standardizer: Standardizer, images: np.ndarray) -> np.ndarray:
    """float32 (n, n_classes): the net's outputs before the softmax."""
    parts = (images[i : i + SCORED_AT_ONCE] for i in range(0, len(images), SCORED_AT_ONCE))
    return np.concatenate([mlp_scores(layers, standardizer.apply(part)) for part in parts])


def run(job: Job[BackpropConfig]) -> RunResult:
    """Train on `dataset.train`, choose the epoch on `dataset.validation`, predict `dataset.test` once.

    The model is kept beside the run's other files. Raises FloatingPointError, naming the step, if the objective is not
    finite.
    """
    dataset, config = job.dataset, job.config
    standardizer = fit_standardizer(dataset.train.images)
    layers, history, cost = train(job, standardizer)
    predict = partial(predict_scores, layers, standardizer)
    scores = {name: predict(dataset.splits[name].images) for name in ("train", "validation")}
    with measure("predict", "prediction") as clock:
        scores["test"] = predict(dataset.test.images)
    return job.answer_of_net(
        perceptron_file(job, standardizer, layers),
        scores,
        dataset.train.labels,
        Size(len(layers[0][0]), parameters=sum(array.size for array in leaves(layers)), bytes=0),
        side="end-to-end",
        settings=json.loads(json.dumps(asdict(config))),
        stages=(cost, clock.stage),
        environment=job.workspace.environment,
        history=history,
        diagnostics={
            "flops_per_picture": sum(2 * np.size(weights) for weights, _ in layers),
            **measure_latency(predict, dataset.test.images, time.perf_counter),
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
    optimizer = Momentum(leaves(layers), momentum=config.momentum)
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
        scores = predict_scores(layers, standardizer, dataset.validation.images)
        score = float((scores.argmax(axis=1) == dataset.validation.labels).mean())
        if not history or score > max(row["validation_score"] for row in history):
            best = [array.copy() for array in leaves(layers)]
        history.append({"epoch": epoch, "train_loss": float(np.mean(losses)), "validation_score": score})
        advance(0, f"epoch {epoch}/{config.epochs}, validation {score:.1%}")
    return best, history


def n_steps_of(dataset: Dataset, config: BackpropConfig) -> int:
    return config.epochs * -(-len(dataset.train) // config.batch_size)


def perceptron_file(job: Job[BackpropConfig], standardizer: Standardizer, layers: Layers) -> StoredModel:
    """The net as one of the end-to-end side, whose perceptrons read their pixels color by color."""
    arrays = {f"pixels.{name}": value.reshape(-1, 1, 1) for name, value in vars(standardizer).items()}
    for i, (weights, bias) in enumerate(layers):
        if i == 0:
            by_color = weights.reshape(*job.dataset.image_shape, -1).transpose(2, 0, 1, 3)
            weights = by_color.reshape(weights.shape)
        arrays |= {f"body.{2 * i + 1}.weight": weights.T, f"body.{2 * i + 1}.bias": np.asarray(bias)}
    net = {"kind": "Perceptron", "widths": list(job.config.widths), "normalization": "none"}
    settings = {"kind": "NetDescription", "architecture": net, "flip_averaging": False}
    dataset = job.dataset
    return StoredModel("neural", job.experiment, dataset.class_names, dataset.image_shape, settings, arrays)
