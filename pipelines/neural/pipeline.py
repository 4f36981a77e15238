"""The end-to-end approach, top to bottom: pixels -> net -> training, chosen on validation -> scores."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bakeoff.pipelines.machine.cache import hash_inputs
from bakeoff.pipelines.machine.device import make_repeatable
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.stopwatch import measure, measure_latency
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.neural.config import NeuralConfig, Optimizer, describe
from bakeoff.pipelines.neural.distributed import Processes
from bakeoff.pipelines.neural.flops import count_flops
from bakeoff.pipelines.neural.inspection import event_log, layer_statistics, log_epoch, log_history
from bakeoff.pipelines.neural.networks.build import Network, count_parameters
from bakeoff.pipelines.neural.neural_model import NetDescription, NeuralModel, store_neural_model
from bakeoff.pipelines.neural.probing import bfloat16_is_faster, threads, threads_for
from bakeoff.pipelines.neural.training.assignment import Assignment, handed_out, run_timed_epoch, spent_elsewhere
from bakeoff.pipelines.neural.training.loop import Trainer
from bakeoff.pipelines.neural.training.minibatches import Examples, fit_to, to_examples
from bakeoff.pipelines.neural.training.prediction import n_views, predict_scores
from bakeoff.pipelines.results.files import write_atomically
from bakeoff.pipelines.results.run import NotApplicableError, RunResult, Size, Stage

VERSION = 3  # raise it when a change of code changes results
SECONDS_BETWEEN_CHECKPOINTS = 60.0  # a killed run loses no more; shorter runs need none
PICTURES_FOR_TRAIN_SCORE = 2_000  # drawn at random: the score is there to be set beside that on validation


@dataclass(frozen=True)
class Trained:
    """One trained net: the weights of its best epoch on validation, and how it got there."""

    network: Network
    optimizer: Optimizer
    history: tuple[Mapping[str, Any], ...]
    bfloat16: bool
    threads: int
    cost: Stage

    @property
    def validation_score(self) -> float:
        """Of the best epoch, without flip averaging."""
        return max(row["validation_score"] for row in self.history)


def run(job: Job[NeuralConfig]) -> RunResult:
    """Train on `dataset.train`, choose on `dataset.validation`, predict `dataset.test` once.

    The configuration is a recipe, which is fitted to the number and size of the pictures first (`fit_to`).
    The model is kept beside the run's other files. Raises NotApplicableError if the net cannot take the pictures,
    and FloatingPointError, naming the step, if the training loss is not finite.
    """
    make_repeatable()
    dataset, environment, device = job.dataset, job.workspace.environment, job.workspace.device
    config = fit_to(job.config, len(dataset.train), dataset.image_shape)
    examples = partial(to_examples, n_classes=len(dataset.class_names), device=device)
    train, validation = examples(dataset.train), examples(dataset.validation)

    log_folder = job.workspace.event_log_folder(dataset.name, job.experiment, job.seed)
    candidates = []
    for number, optimizer in enumerate(config.optimizers, start=1):
        one = replace(job, config=replace(config, optimizers=(optimizer,)))
        log = log_folder / f"trial-{number}" if log_folder and len(config.optimizers) > 1 else log_folder
        candidates.append(train_net(one, train, validation, log))
    best = max(candidates, key=lambda trained: trained.validation_score)

    predict = partial(predict_scores, flip_averaging=config.flip_averaging, shift_averaging=config.shift_averaging)
    some = np.random.default_rng(job.seed).permutation(len(train))[:PICTURES_FOR_TRAIN_SCORE]
    with measure("scores to choose by", "training") as choosing:
        pictures = {"validation": validation.images, "train": train.images[some]}
        scores = {name: predict(best.network, images).cpu().numpy() for name, images in pictures.items()}
    test = examples(dataset.test)
    with measure("predict", "prediction") as clock:
        scores["test"] = predict(best.network, test.images).cpu().numpy()

    description = NetDescription(config.architecture, config.flip_averaging, config.shift_averaging)
    model = NeuralModel(job.experiment, dataset.class_names, dataset.image_shape, description, best.network)
    return job.answer_of_net(
        store_neural_model(model),
        scores,
        dataset.train.labels[some],
        Size(int(np.prod(dataset.image_shape)), count_parameters(best.network), bytes=0),
        side="end-to-end",
        settings=describe(config),
        stages=(*(trained.cost for trained in candidates), choosing.stage, clock.stage),
        environment={
            **environment,
            "device": str(device),
            "torch_threads": best.threads,
            "processes": Processes.current().size,
        },
        trials=tuple(
            {"settings": asdict(t.optimizer), "validation_score": t.validation_score, "seconds": t.cost.seconds}
            for t in candidates
        ),
        history=best.history,
        diagnostics={
            "bfloat16": best.bfloat16,
            "flops_per_picture": count_flops(config, dataset.image_shape, len(dataset.class_names))
            * n_views(config.flip_averaging, config.shift_averaging),
            **measure_latency(model.predict_scores, dataset.test.images),
        },
    )


def train_net(job: Job[NeuralConfig], train: Examples, validation: Examples, log: Path | None = None) -> Trained:
    """Train one net, or take it from the cache if this very training was done before.

    job: with one optimizer.   log: folder for TensorBoard; None for no log.
    Raises NotApplicableError if the net cannot take the pictures.
    """
    dataset, config, seed, workspace, name = job.dataset, job.config, job.seed, job.workspace, job.experiment
    device, processes = train.images.device, Processes.current()
    assignment = Assignment(config, dataset.image_shape, train.n_classes, seed)
    try:
        network = assignment.build(device)
    except ValueError as error:  # such as pictures that are too small for it
        raise NotApplicableError(f"{name} cannot be applied to {dataset.name}: {error}") from error
    bfloat16 = config.mixed_precision == "auto" and bfloat16_is_faster(network, train, config, workspace)
    inputs = {
        # Only used after training, so that changing it does not train again.
        "config": replace(config, flip_averaging=False, shift_averaging=0),
        "data": dataset.fingerprint(),
        "seed": seed,
        "device": device.type,
        "bfloat16": bfloat16,
    }
    checkpoint = workspace.artifacts / "checkpoints" / f"{hash_inputs('neural', VERSION, inputs)}.pt"

    def compute() -> dict[str, np.ndarray]:
        snapshot = checkpoint.read_bytes() if checkpoint.exists() else None
        order = replace(assignment, bfloat16=bfloat16, snapshot=snapshot)
        with handed_out(order, train, validation, processes):
            trainer = order.begin(network, train, validation)
            n_threads = threads_for(trainer, workspace)
            with threads(n_threads), event_log(log, len(trainer.history)) as watch:
                _run_epochs(trainer, checkpoint, workspace, name, watch)
            elsewhere = spent_elsewhere(device)
        checkpoint.unlink(missing_ok=True)
        record = {"history": trainer.history, "threads": n_threads, "elsewhere": elsewhere}
        return {"record": np.array(json.dumps(record))} | {
            name: w.cpu().numpy() for name, w in trainer.best_weights.items()
        }

    stage = workspace.cache.get_or_compute("neural", version=VERSION, inputs=inputs, compute=compute, kind="training")
    weights = {name: torch.from_numpy(np.array(array)) for name, array in stage.arrays.items() if name != "record"}
    network.load_state_dict(weights)
    record = json.loads(stage.arrays["record"].item())
    if log is not None:
        log_history(log, record["history"])
    cost = replace(_whole_cost(stage.cost, record), name=f"train {name}")
    return Trained(network, config.optimizers[0], tuple(record["history"]), bfloat16, record["threads"], cost)


def _whole_cost(cost: Stage, record: Mapping[str, Any]) -> Stage:
    """Of all processes, and from the first epoch: of a resumed training the stage's own clock saw only the end.

    record: as kept in the cache.
    """
    history, elsewhere = record["history"], record["elsewhere"]
    seconds, cpu_seconds = (sum(row.get(name, 0.0) for row in history) for name in ("seconds", "cpu_seconds"))
    return replace(
        cost,
        seconds=max(cost.seconds, seconds),
        cpu_seconds=max(cost.cpu_seconds + elsewhere["cpu_seconds"], cpu_seconds),
        peak_memory_bytes=cost.peak_memory_bytes + elsewhere["peak_memory_bytes"],
    )


def _run_epochs(trainer: Trainer, checkpoint: Path, workspace: Workspace, name: str, watch: Any) -> None:
    """All epochs that are left, with a checkpoint a minute."""
    plan, saved = trainer.plan, time.perf_counter()
    with workspace.progress(f"train {name}", plan.n_steps, plan.first_step(len(trainer.history))) as advance:
        while not trainer.finished:
            row = run_timed_epoch(trainer, advance)
            advance(0, f"epoch {row['epoch']}/{plan.epochs}, validation {row['validation_score']:.1%}")
            if watch is not None:
                log_epoch(watch, row, layer_statistics(trainer.network, trainer.validation.images))
            if time.perf_counter() - saved > SECONDS_BETWEEN_CHECKPOINTS and not trainer.finished:
                write_atomically(checkpoint, trainer.snapshot().to_bytes())
                saved = time.perf_counter()
