"""The hand-crafted approach, top to bottom: pictures -> features -> linear SVM, C on validation -> scores, fused."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.system.family_features import Encoded, encode, hands_of
from bakeoff.pipelines.classic.system.fusion import choose_fusion_weights, fuse_scores
from bakeoff.pipelines.classic.system.model_file import ClassicModel, store_classic_model
from bakeoff.pipelines.classic.system.run_system import VERSION as SYSTEM_VERSION
from bakeoff.pipelines.classic.system.run_system import Outcome, run_system
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
    dataset, config, device = job.dataset, job.config, hands_of(job.workspace).device
    environment = {**job.workspace.environment, "device": str(device)}
    systems = usable_systems(config, dataset.image_shape)
    if not systems:
        reason = config.systems[0].families[0].refusal(dataset.image_shape)
        raise NotApplicableError(f"{job.experiment} cannot be applied to {dataset.name}: {reason}")
    outcomes = [run_system(system, job) for system in systems]
    outcome = outcomes[0] if len(outcomes) == 1 else fuse(outcomes, dataset)
    model = ClassicModel(
        job.experiment,
        dataset.class_names,
        dataset.image_shape,
        outcome.systems,
        outcome.fusion,
        config.views,
        hands_on(device),
    )
    n_bytes = job.keep(store_classic_model(model), outcome.scores["validation"])
    return job.answer(
        title=job.title if systems == config.systems else " + ".join(e.family.label for e in outcome.encoded),
        side=model.side,
        settings=describe(replace(config, systems=systems)),
        scores=outcome.scores["test"],
        validation_scores=outcome.scores["validation"],
        validation_score=accuracy(outcome.scores["validation"], dataset.validation.labels),
        train_score=accuracy(outcome.scores["train"], dataset.train.labels),
        stages=outcome.stages,
        size=replace(outcome.size, bytes=n_bytes),
        environment=environment,
        trials=outcome.trials,
        diagnostics={
            "dimensions": {e.family.label: e.parts["train"].shape[1] for e in outcome.encoded},
            **measure_latency(model.predict_scores, dataset.test.images, time.perf_counter),
            "svm_converged": outcome.converged,
        },
    )


@exact_products()
def extract(job: Job[ClassicConfig]) -> list[Encoded]:
    """Only the features, into the cache."""
    systems = usable_systems(job.config, job.dataset.image_shape)
    return [encode(family, system, job) for system in systems for family in system.families]


def usable_systems(config: ClassicConfig, image_shape: tuple[int, int, int]) -> tuple[System, ...]:
    """The systems without the families that such pictures cannot feed, and their weights; empty ones left out."""
    systems = []
    for system in config.systems:
        kept = [i for i, family in enumerate(system.families) if not family.refusal(image_shape)]
        families = tuple(system.families[i] for i in kept)
        systems.append(
            replace(system, families=families, weights=tuple(system.weights[i] for i in kept if system.weights))
        )
    return tuple(system for system in systems if system.families)


def fuse(outcomes: list[Outcome], dataset: Dataset) -> Outcome:
    """Late fusion: the systems' scores added with weights chosen on validation."""
    weights = choose_fusion_weights([o.scores["validation"] for o in outcomes], dataset.validation.labels)
    return Outcome(
        scores={split: fuse_scores([o.scores[split] for o in outcomes], weights) for split in dataset.splits},
        stages=tuple(stage for o in outcomes for stage in o.stages),
        size=Size(
            sum(o.size.dimensions for o in outcomes),
            sum(o.size.parameters for o in outcomes),
            sum(o.size.bytes for o in outcomes),
        ),
        trials=tuple(trial for o in outcomes for trial in o.trials),
        encoded=tuple(e for o in outcomes for e in o.encoded),
        systems=tuple(system for o in outcomes for system in o.systems),
        converged=all(o.converged for o in outcomes),
        fusion=weights,
    )


def accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    return float((scores.argmax(axis=1) == labels).mean())
