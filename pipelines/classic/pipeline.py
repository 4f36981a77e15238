"""The hand-crafted approach, top to bottom: pictures -> features -> linear SVM, C on validation -> scores, fused."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import comb

import numpy as np

from bakeoff.pipelines.classic.config import ClassicConfig
from bakeoff.pipelines.classic.system.classic_model import ClassicModel, fuse_scores, stack_scores, store_classic_model
from bakeoff.pipelines.classic.system.family_features import Encoded, encode, hands_of
from bakeoff.pipelines.classic.system.run_system import VERSION as SYSTEM_VERSION
from bakeoff.pipelines.classic.system.run_system import run_system
from bakeoff.pipelines.machine.cores import hands_on
from bakeoff.pipelines.machine.device import exact_products
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.stopwatch import measure_latency
from bakeoff.pipelines.results.configuration import describe
from bakeoff.pipelines.results.run import NotApplicableError, RunResult, Size

VERSION = SYSTEM_VERSION  # of saved runs; a system's stages decide what is in them
MAX_CANDIDATES = 2000  # about a second for 5,000 rows of 10 classes; 3 systems get steps of 1/61, 5 systems of 1/12
MAX_STEPS = 100


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
    encoded = [e for o in outcomes for e in o.encoded]
    dimensions, n_parameters = sum(o.fitted.weights.shape[1] for o in outcomes), sum(o.n_parameters for o in outcomes)
    return job.answer(
        store_classic_model(model),
        scores,
        dataset.train.labels,
        Size(dimensions, n_parameters, bytes=0),
        title=job.title if config == job.config else " + ".join(e.family.label for e in encoded),
        side=model.side,
        settings=describe(config),
        stages=tuple(stage for o in outcomes for stage in o.stages),
        environment=environment,
        trials=tuple(trial for o in outcomes for trial in o.trials),
        diagnostics={
            "dimensions": {e.family.label: e.parts["train"].shape[1] for e in encoded},
            **measure_latency(model.predict_scores, dataset.test.images),
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


def choose_fusion_weights(validation_scores: Sequence[np.ndarray], labels: np.ndarray) -> np.ndarray:
    """Late fusion: what to multiply raw scores with before they are added, share / deviation: float32 (n_systems,).

    A system's scores have a scale of their own, so each is first divided by the standard deviation of its validation
    scores, over all rows and classes; shifting all scores of a system would change no prediction, so nothing is
    subtracted. The shares, >= 0 with sum 1, are those of the best validation accuracy; among equals the nearest to a
    plain sum.
    validation_scores: one array (n, k) a system.   labels: int (n,), 0 .. k-1.
    All points of the simplex with steps 1/s are tried, s as large as MAX_CANDIDATES allows.
    Raises ValueError if shapes disagree, there are no rows or systems, or a score is not finite.
    """
    scores = stack_scores(validation_scores).astype(np.float64)
    if scores.shape[1] == 0 or labels.shape != scores.shape[1:2]:
        expected = f"({scores.shape[1]},), at least one, to match the scores"
        raise ValueError(f"labels must have shape {expected}, got {labels.shape}")
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite, got NaN or infinity")
    deviations = np.array([max(system.std(), np.finfo(np.float32).tiny) for system in scores])
    normalized = scores / deviations[:, None, None]
    n_systems = len(scores)
    equal = np.full(n_systems, 1 / n_systems)
    best, best_rank = equal, (accuracy(np.tensordot(equal, normalized, axes=1), labels), 0.0)
    for shares in _simplex(n_systems):
        rank = (accuracy(np.tensordot(shares, normalized, axes=1), labels), -float(np.abs(shares - equal).max()))
        if rank > best_rank:
            best, best_rank = shares, rank
    return (best / deviations).astype(np.float32)


def _simplex(n_systems: int) -> Iterator[np.ndarray]:
    """All shares that are multiples of 1/s and sum to 1: the gaps that n - 1 bars leave among s places."""
    n_steps = max(s for s in range(1, MAX_STEPS + 1) if s == 1 or comb(s + n_systems - 1, s) <= MAX_CANDIDATES)
    last = n_steps + n_systems - 1
    return ((np.diff([-1, *bars, last]) - 1) / n_steps for bars in combinations(range(last), n_systems - 1))
