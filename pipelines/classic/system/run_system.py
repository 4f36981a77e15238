"""One system, top to bottom: its families' features side by side -> scaling -> compression, if any -> linear SVM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.matrix.product_quantization import ProductQuantizer
from bakeoff.pipelines.classic.matrix.standardize import Standardizer, fit_standardizer
from bakeoff.pipelines.classic.svm.svm_on_codes import compress_features
from bakeoff.pipelines.classic.system.family_features import Encoded, Joined, encode, hands_of
from bakeoff.pipelines.classic.system.model_file import FittedSystem
from bakeoff.pipelines.classic.system.training import Codes, train_and_score
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.results.fitted_values import from_arrays, to_arrays
from bakeoff.pipelines.results.run import Stage

VERSION = 5  # raise it when a change of code changes results
TRIAL_SETTINGS = ("C", "positive_weight", "epochs")  # the last two of a descent on codes only


@dataclass(frozen=True)
class Outcome:
    """What one system says about every picture. scores: split -> float32 (n, n_classes).

    fitted: the trained parts that give these scores.   n_parameters: that were learned, of its families and its SVM.
    converged: whether the SVM is known to have reached its tolerance; of a descent, which has none, True.
    """

    scores: Mapping[str, np.ndarray]
    stages: tuple[Stage, ...]
    trials: tuple[Mapping[str, Any], ...]
    encoded: tuple[Encoded, ...]
    fitted: FittedSystem
    n_parameters: int
    converged: bool


def run_system(system: System, job: Job[ClassicConfig]) -> Outcome:
    """Early fusion: all families side by side under one linear SVM, its settings chosen on validation."""
    encoded = tuple(encode(family, system, job) for family in system.families)
    joined, scaling_costs = scale(Joined(system, encoded, job.config.views, hands_of(job.workspace).device), job)
    codes = compress(joined, job) if system.compression else None
    trained = job.workspace.cache.get_or_compute(
        f"{system.name} svm",
        version=VERSION,
        inputs=joined.inputs(job),
        compute=lambda: train_and_score(joined, codes, job),
        kind="training",
    )
    arrays, states = trained.arrays, tuple(e.state for e in encoded)
    n_learned = sum(array.size for state in states for array in to_arrays(state).values())
    seconds, cpu_seconds, peak = arrays["prediction"].tolist()
    cost = trained.cost
    prediction = Stage(f"{system.name} scores", "prediction", seconds, cpu_seconds, int(peak), cost.reused)
    training = replace(cost, seconds=cost.seconds - seconds, cpu_seconds=cost.cpu_seconds - cpu_seconds)
    before = (*(cost for e in encoded for cost in e.costs), *scaling_costs, *((codes.cost,) if codes else ()))
    weights, bias = np.array(arrays["weights"]), np.array(arrays["bias"])
    return Outcome(
        scores={split: np.array(arrays[split]) for split in job.dataset.splits},
        stages=(*before, training, prediction),
        trials=tuple(
            {
                "settings": {"system": system.name, **dict(zip(TRIAL_SETTINGS, settings, strict=False))},
                "validation_score": score,
                "seconds": seconds,
            }
            for *settings, score, seconds in arrays["trials"].tolist()
        ),
        encoded=encoded,
        fitted=FittedSystem(system, states, joined.standardizer, weights, bias),
        n_parameters=n_learned + weights.size + bias.size,
        converged=bool(arrays["converged"]),
    )


def scale(joined: Joined, job: Job[ClassicConfig]) -> tuple[Joined, tuple[Stage, ...]]:
    """With mean and deviation of every dimension over the training pictures, and their cost, where asked for."""
    name = joined.system.name
    if joined.system.scaling != "standardize":
        return joined, ()

    def compute() -> dict[str, np.ndarray]:
        features = joined.matrix("train")
        with job.workspace.progress(f"{name} scaling", len(features)) as advance:
            return to_arrays(fit_standardizer(features.chunks(), advance))

    fitted = job.workspace.cache.get_or_compute(
        f"{name} standardizer",
        version=VERSION,
        inputs=joined.inputs(job, before_classifier=True),
        compute=compute,
        kind="training",
    )
    return replace(joined, standardizer=from_arrays(Standardizer, fitted.arrays)), (fitted.cost,)


def compress(joined: Joined, job: Job[ClassicConfig]) -> Codes:
    """Product codes of the training pictures' features."""
    name, compression = joined.system.name, joined.system.compression
    assert compression is not None

    def compute() -> dict[str, np.ndarray]:
        features = joined.matrix("train")
        with job.workspace.progress(f"{name} compress", len(features)) as advance:
            codes, quantizer = compress_features(
                features, sub_dimension=compression.sub_dimension, seed=job.seed, advance=advance
            )
        return {"codes": codes, **to_arrays(quantizer)}

    stage = job.workspace.cache.get_or_compute(
        f"{name} compress", version=VERSION, inputs=joined.inputs(job, before_classifier=True), compute=compute
    )
    return Codes(stage.arrays["codes"], from_arrays(ProductQuantizer, stage.arrays), stage.cost)
