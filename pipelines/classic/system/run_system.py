"""One system, top to bottom: its families' features side by side -> scaling -> compression, if any -> linear SVM, every
setting of its configuration tried on validation, every split scored with the best."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.matrix.distant_features import hold_features
from bakeoff.pipelines.classic.matrix.feature_matrix import FeatureMatrix
from bakeoff.pipelines.classic.matrix.product_quantization import ProductQuantizer, compress_features
from bakeoff.pipelines.classic.matrix.projections import Standardizer, fit_standardizer
from bakeoff.pipelines.classic.svm.cost_choice import CostChoice, choose_cost, choose_on_codes
from bakeoff.pipelines.classic.svm.linear_svm import LinearSvm, OnStep, predict_scores, train_linear_svm, with_more_rows
from bakeoff.pipelines.classic.system.classic_model import FittedSystem
from bakeoff.pipelines.classic.system.family_features import Encoded, Joined, encode, hands_of
from bakeoff.pipelines.machine.cache import CachedStage, let_go
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.progress import Advance
from bakeoff.pipelines.machine.stopwatch import measure
from bakeoff.pipelines.results.balance import is_unbalanced
from bakeoff.pipelines.results.fitted_values import from_arrays, to_arrays
from bakeoff.pipelines.results.run import Stage

VERSION = 7  # raise it when a change of code changes results
TRIAL_SETTINGS = ("C", "positive_weight", "epochs")  # the last two of a descent on codes only


@dataclass(frozen=True)
class SystemAnswer:
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


def run_system(system: System, job: Job[ClassicConfig]) -> SystemAnswer:
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
    return SystemAnswer(
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


def compress(joined: Joined, job: Job[ClassicConfig]) -> CachedStage:
    """Product codes of the training pictures: "codes", uint8 (n_train, n_codes), and the quantizer's arrays."""
    system = joined.system
    assert system.compression is not None
    settings: dict[str, Any] = {"sub_dimension": system.compression.sub_dimension, "seed": job.seed}

    def compute() -> dict[str, np.ndarray]:
        features = joined.matrix("train")
        with job.workspace.progress(f"{system.name} compress", len(features)) as advance:
            codes, quantizer = compress_features(features, advance=advance, **settings)
        return {"codes": codes, **to_arrays(quantizer)}

    inputs = joined.inputs(job, before_classifier=True)
    return job.workspace.cache.get_or_compute(
        f"{system.name} compress", version=VERSION, inputs=inputs, compute=compute
    )


def train_and_score(joined: Joined, codes: CachedStage | None, job: Job[ClassicConfig]) -> dict[str, np.ndarray]:
    """Choose the settings on validation, and score every split with the chosen classifier."""
    splits, n_classes = job.dataset.splits, len(job.dataset.class_names)
    features = {split: joined.matrix(split) for split in splits}
    labels = {split: np.tile(value.labels, len(joined.views)) for split, value in splits.items()}
    choice = choose(joined, codes, features, labels, job)

    def score(svm: LinearSvm, split: str) -> np.ndarray:
        """Mean over the views of each picture."""
        return predict_scores(features[split], svm).reshape(len(joined.views), -1, n_classes).mean(axis=0)

    svm = choice.svm
    scores = {split: score(svm, split) for split in ("train", "validation")}
    if job.config.refit:
        svm = train_with_validation(joined, choice, labels, job)
    for encoded in joined.encoded:  # of mapped files, what was learned from is not needed beside the test's
        for part in encoded.parts.values():
            let_go(part)
    with measure("scores", "prediction") as clock:
        scores["test"] = score(svm, "test")
    trials = [(*trial["settings"].values(), trial["validation_score"], trial["seconds"]) for trial in choice.trials]
    cost = clock.stage
    return {
        "weights": svm.weights,
        "bias": svm.bias,
        "converged": np.array(choice.svm.converged and svm.converged),
        "trials": np.array(trials),
        "prediction": np.array([cost.seconds, cost.cpu_seconds, cost.peak_memory_bytes]),
        **scores,
    }


def choose(
    joined: Joined,
    codes: CachedStage | None,
    features: dict[str, FeatureMatrix],
    labels: Mapping[str, np.ndarray],
    job: Job[ClassicConfig],
) -> CostChoice:
    """The batch solver on the training features as they are, which are then held where it reads them, with every C; or
    stochastic descent on codes decoded as they are read, with every C and every balance of the classes."""
    system, n_classes, compression = joined.system, len(job.dataset.class_names), joined.system.compression
    if codes is None or compression is None:
        features["train"] = at_hand(features["train"], job)
        title = f"{system.name} svm, {len(system.costs)} values of C"
        with job.workspace.progress(title, len(system.costs)) as advance:
            return choose_cost(
                features["train"],
                labels["train"],
                features["validation"],
                labels["validation"],
                costs=system.costs,
                n_classes=n_classes,
                class_weight=weigh_classes(system, labels["train"]),
                tolerance=system.tolerance,
                on_step=follow(advance),
            )
    n_settings = len(system.costs) * len(compression.positive_weights)
    title, most_epochs = f"{system.name} svm on codes, {n_settings} settings", n_settings * compression.n_epochs
    with job.workspace.progress(title, most_epochs) as advance:
        return choose_on_codes(
            codes.arrays["codes"],
            from_arrays(ProductQuantizer, codes.arrays),
            labels,
            features["validation"],
            n_classes=n_classes,
            costs=system.costs,
            compression=compression,
            seed=job.seed,
            on_epoch=lambda accuracy: advance(1, f"validation accuracy {accuracy:.3f}"),
        )


def train_with_validation(
    joined: Joined, choice: CostChoice, labels: Mapping[str, np.ndarray], job: Job[ClassicConfig]
) -> LinearSvm:
    """From training and validation pictures together, with the C that was chosen."""
    everything, system = np.concatenate([labels["train"], labels["validation"]]), joined.system
    spaces = with_more_rows(choice.spaces, joined.matrix("validation"))
    with job.workspace.progress(f"{system.name} svm, with validation pictures", 1) as advance:
        return train_linear_svm(
            at_hand(joined.matrix("train", "validation"), job),
            everything,
            n_classes=len(job.dataset.class_names),
            C=choice.C,
            class_weight=weigh_classes(system, everything),
            tolerance=system.tolerance,
            initial=choice.svm,
            spaces=spaces,
            on_step=follow(advance),
        )


def at_hand(matrix: FeatureMatrix, job: Job[ClassicConfig]) -> FeatureMatrix:
    """The matrix for a solver that reads it again and again: with the workers of a cluster, or in this memory."""
    cluster = job.workspace.cluster
    return hold_features(matrix, cluster) if cluster else matrix.at_hand()


def weigh_classes(system: System, labels: np.ndarray) -> Literal["balanced"] | None:
    """How the SVM weighs the classes of these labels (n,)."""
    automatic = system.class_weight == "auto" and is_unbalanced(np.unique(labels, return_counts=True)[1])
    return "balanced" if automatic or system.class_weight == "balanced" else None


def follow(advance: Advance) -> OnStep:
    """Shows the solver's steps; one that starts to count its passes anew has begun with the next C."""
    n_passes = 0

    def show(objective: float, passes: int) -> None:
        nonlocal n_passes
        advance(int(passes < n_passes), f"objective {objective:.5g} after {passes} passes")
        n_passes = passes

    return show
