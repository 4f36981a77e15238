"""The hand-crafted approach, top to bottom: pictures -> features -> linear SVM, C on validation -> scores, fused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from bakeoff.datasets.dataset import Dataset
from bakeoff.datasets.splits import evenly_spread
from bakeoff.pipelines.classic.codebook.kmeans import Codebook
from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.families.bag_of_words import BagOfWords
from bakeoff.pipelines.classic.families.descriptors import DenseSift
from bakeoff.pipelines.classic.families.visual_words import draw_visual_words
from bakeoff.pipelines.classic.system.family_features import Encoded, encode, hands_of
from bakeoff.pipelines.classic.system.fusion import choose_fusion_weights, fuse_scores
from bakeoff.pipelines.classic.system.model_file import ClassicModel, store_classic_model
from bakeoff.pipelines.classic.system.run_system import VERSION as SYSTEM_VERSION
from bakeoff.pipelines.classic.system.run_system import Outcome, run_system
from bakeoff.pipelines.machine.cores import hands_on
from bakeoff.pipelines.machine.device import exact_products
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.latency import measure_latency
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.configuration import describe
from bakeoff.pipelines.results.run import NotApplicableError, RunResult, Size, Stage

VERSION = SYSTEM_VERSION  # of saved runs; a system's stages decide what is in them
# The patches of so many descriptors illustrate the visual words: 1,000 training pictures of 32 px, 50 of 128 px.
DESCRIPTORS_FOR_WORDS, DESCRIPTORS_AT_A_TIME = 150_000, 20_000
DESCRIPTOR_BINS = 4  # a SIFT descriptor is this many bins wide


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
    pictures, drawn = pictures_of_words(outcome.encoded, dataset, job.workspace)
    n_bytes = job.keep(store_classic_model(model), outcome.scores["validation"])
    return job.answer(
        title=job.title if systems == config.systems else " + ".join(e.family.label for e in outcome.encoded),
        side=model.side,
        settings=describe(replace(config, systems=systems)),
        scores=outcome.scores["test"],
        validation_scores=outcome.scores["validation"],
        validation_score=accuracy(outcome.scores["validation"], dataset.validation.labels),
        train_score=accuracy(outcome.scores["train"], dataset.train.labels),
        stages=(*outcome.stages, *drawn),
        size=replace(outcome.size, bytes=n_bytes),
        environment=environment,
        trials=outcome.trials,
        pictures=pictures,
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


def pictures_of_words(
    encoded: tuple[Encoded, ...], dataset: Dataset, workspace: Workspace
) -> tuple[dict[str, np.ndarray], tuple[Stage, ...]]:
    """The codebook of the first bag of words over SIFT, drawn, and what that cost; or nothing."""
    for e in encoded:
        if isinstance(e.family, BagOfWords) and isinstance(e.family.descriptors, DenseSift):
            stage = workspace.cache.get_or_compute(
                "visual words",
                version=VERSION,
                inputs={"encode": e.keys[0], "descriptors": DESCRIPTORS_FOR_WORDS},
                compute=partial(draw_codebook, e.family.descriptors, e.state, dataset, workspace),
            )
            return {"visual_words": np.array(stage.arrays["pictures"])}, (stage.cost,)
    return {}, ()


def draw_codebook(
    descriptors: DenseSift, codebook: Codebook, dataset: Dataset, workspace: Workspace
) -> dict[str, np.ndarray]:
    """pictures: uint8 (n, side, side, channels), of the smallest descriptors."""
    bin_size = descriptors.bin_sizes[0]
    one_size = replace(descriptors, bin_sizes=(bin_size,))
    positions = one_size.positions(*dataset.image_shape[:2])
    n_pictures = max(1, DESCRIPTORS_FOR_WORDS // len(positions))
    images = torch.from_numpy(dataset.train.images[evenly_spread(len(dataset.train), n_pictures)])
    batches = images.split(max(1, DESCRIPTORS_AT_A_TIME // len(positions)))
    with workspace.progress("visual words", len(images)) as advance:

        def describe() -> Iterator[torch.Tensor]:
            for batch in batches:
                yield one_size.extract(batch)
                advance(len(batch))

        window = DESCRIPTOR_BINS * bin_size
        return {"pictures": draw_visual_words(images, describe(), positions, codebook, window_size=window).numpy()}
