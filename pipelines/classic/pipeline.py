"""The hand-crafted approach, top to bottom: pictures -> features -> linear SVM, C on validation -> scores, fused."""

from __future__ import annotations

import time

import numpy as np

from bakeoff.pipelines.classic.config import ClassicConfig
from bakeoff.pipelines.classic.system.family_features import Encoded, encode, hands_of
from bakeoff.pipelines.classic.system.fusion import choose_fusion_weights, fuse_scores
from bakeoff.pipelines.classic.system.model_file import ClassicModel, store_classic_model
from bakeoff.pipelines.classic.system.run_system import VERSION as SYSTEM_VERSION
from bakeoff.pipelines.classic.system.run_system import run_system
from bakeoff.pipelines.machine.cores import hands_on
from bakeoff.pipelines.machine.device import exact_products
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.stopwatch import measure_latency
from bakeoff.pipelines.results.configuration import describe
from bakeoff.pipelines.results.run import NotApplicableError, RunResult, Size

VERSION = SYSTEM_VERSION  # of saved runs; a system's stages decide what is in them


@exact_products()
def run(job: Job[ClassicConfig]) -> RunResult:
    """Extract, learn on `dataset.train`, choose on `dataset.validation`, score `dataset.test` once.

    The model is kept beside the run's other files. Families that these pictures cannot feed are left out; raises
    NotApplicableError if none remains.
    """
    dataset, config, device = job.dataset, job.config.usable(job.dataset.image_shape), hands_of(job.workspace).device
    environment = {**job.workspace.environment, "device": str(device)}
    if not config.systems:
        reason = job.config.systems[0].families[0].refusal(dataset.image_shape)
        raise NotApplicableError(f"{job.experiment} cannot be applied to {dataset.name}: {reason}")
    outcomes = [run_system(system, job) for system in config.systems]
    weights = None
    if len(outcomes) > 1:
        weights = choose_fusion_weights([o.scores["validation"] for o in outcomes], dataset.validation.labels)
    scores = {split: fuse_scores([o.scores[split] for o in outcomes], weights) for split in dataset.splits}
    model = ClassicModel(
        job.experiment,
        dataset.class_names,
        dataset.image_shape,
        tuple(o.fitted for o in outcomes),
        weights,
        config.views,
        hands_on(device),
    )
    encoded, n_bytes = (
        [e for o in outcomes for e in o.encoded],
        job.keep(store_classic_model(model), scores["validation"]),
    )
    dimensions, n_parameters = sum(o.fitted.weights.shape[1] for o in outcomes), sum(o.n_parameters for o in outcomes)
    return job.answer(
        title=job.title if config == job.config else " + ".join(e.family.label for e in encoded),
        side=model.side,
        settings=describe(config),
        scores=scores["test"],
        validation_scores=scores["validation"],
        validation_score=accuracy(scores["validation"], dataset.validation.labels),
        train_score=accuracy(scores["train"], dataset.train.labels),
        stages=tuple(stage for o in outcomes for stage in o.stages),
        size=Size(dimensions, n_parameters, n_bytes),
        environment=environment,
        trials=tuple(trial for o in outcomes for trial in o.trials),
        diagnostics={
            "dimensions": {e.family.label: e.parts["train"].shape[1] for e in encoded},
            **measure_latency(model.predict_scores, dataset.test.images, time.perf_counter),
            "svm_converged": all(o.converged for o in outcomes),
        },
    )


@exact_products()
def extract(job: Job[ClassicConfig]) -> list[Encoded]:
    """Only the features, into the cache."""
    systems = job.config.usable(job.dataset.image_shape).systems
    return [encode(family, system, job) for system in systems for family in system.families]


def accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    return float((scores.argmax(axis=1) == labels).mean())
