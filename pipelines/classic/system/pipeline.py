"""One system, top to bottom: its families' features side by side -> scaling -> compression, if any -> linear SVM."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.matrix.distant_features import hold_features
from bakeoff.pipelines.classic.matrix.feature_matrix import FeatureMatrix
from bakeoff.pipelines.classic.matrix.feature_store import Features
from bakeoff.pipelines.classic.matrix.product_quantization import ProductQuantizer
from bakeoff.pipelines.classic.matrix.standardize import Standardizer, fit_standardizer
from bakeoff.pipelines.classic.svm.cost_choice import CostChoice
from bakeoff.pipelines.classic.svm.linear_svm import LinearSvm, predict_scores, train_linear_svm
from bakeoff.pipelines.classic.svm.svm_on_codes import CodesChoice, compress_features
from bakeoff.pipelines.classic.system.family_features import encode
from bakeoff.pipelines.classic.system.model_file import FittedSystem
from bakeoff.pipelines.classic.system.training import choose_from_codes, choose_from_features, follow, weigh_classes
from bakeoff.pipelines.classic.system.values import Codes, Encoded, Outcome
from bakeoff.pipelines.machine.stopwatch import measure
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.fitted_values import from_arrays, to_arrays
from bakeoff.pipelines.results.run import Size, Stage

VERSION = 4  # raise it when a change of code changes results
TRIAL_SETTINGS = ("C", "positive_weight", "epochs")  # the last two of a descent on codes only


def run_system(system: System, dataset: Dataset, config: ClassicConfig, seed: int, workspace: Workspace) -> Outcome:
    """Early fusion: all families side by side under one linear SVM, its settings chosen on validation."""
    encoded = tuple(encode(family, system, dataset, config, seed, workspace) for family in system.families)
    standardizer, scaling_costs = fit_scaling(system, encoded, config, seed, workspace)
    codes = compress(system, encoded, standardizer, config, seed, workspace) if system.compression else None
    trained = workspace.cache.get_or_compute(
        f"{system.name} svm",
        version=VERSION,
        inputs=inputs_of(system, encoded, config, seed),
        compute=lambda: train_and_score(system, encoded, standardizer, codes, dataset, config, seed, workspace),
        kind="training",
    )
    arrays, states = trained.arrays, tuple(e.state for e in encoded)
    n_learnt = sum(array.size for state in states for array in to_arrays(state).values())
    n_parameters = n_learnt + arrays["weights"].size + arrays["bias"].size
    seconds, cpu_seconds, peak = arrays["prediction"].tolist()
    cost = trained.cost
    prediction = Stage(f"{system.name} scores", "prediction", seconds, cpu_seconds, int(peak), cost.reused)
    training = replace(cost, seconds=cost.seconds - seconds, cpu_seconds=cost.cpu_seconds - cpu_seconds)
    return Outcome(
        scores={split: np.array(arrays[split]) for split in dataset.splits},
        stages=(
            *(cost for e in encoded for cost in e.costs),
            *scaling_costs,
            *((codes.cost,) if codes else ()),
            training,
            prediction,
        ),
        size=Size(arrays["weights"].shape[1], n_parameters, 4 * n_parameters),
        trials=tuple(
            {
                "settings": {"system": system.name, **dict(zip(TRIAL_SETTINGS, settings, strict=False))},
                "validation_score": score,
                "seconds": seconds,
            }
            for *settings, score, seconds in arrays["trials"].tolist()
        ),
        encoded=encoded,
        training_features=count_training_bytes(encoded, codes, config),
        converged=bool(arrays["converged"]),
        systems=(FittedSystem(system, states, standardizer, np.array(arrays["weights"]), np.array(arrays["bias"])),),
    )


def inputs_of(system: System, encoded: tuple[Encoded, ...], config: ClassicConfig, seed: int) -> dict[str, Any]:
    """Of a system's stages, for their cache keys: the whole configuration but other systems, and what lies upstream."""
    return {
        "features": [e.keys for e in encoded],
        "config": replace(config, systems=(system,)),
        "seed": seed if system.compression else None,
    }


def without_classifier(system: System) -> System:
    """For what comes before the SVM and is shared by all that is tried on it: what it cannot depend on is left out."""
    compression = system.compression and replace(system.compression, positive_weights=())
    return replace(system, costs=(), compression=compression)


def fit_scaling(
    system: System, encoded: tuple[Encoded, ...], config: ClassicConfig, seed: int, workspace: Workspace
) -> tuple[Standardizer | None, tuple[Stage, ...]]:
    """Mean and deviation of every dimension over the training pictures, and its cost; none where not asked for."""
    if system.scaling != "standardize":
        return None, ()

    def compute() -> dict[str, np.ndarray]:
        features = FeatureMatrix(feature_blocks(encoded, "train", config), system.factors)
        with workspace.progress(f"{system.name} scaling", len(features)) as advance:
            return to_arrays(fit_standardizer(features, advance))

    fitted = workspace.cache.get_or_compute(
        f"{system.name} standardizer",
        version=VERSION,
        inputs=inputs_of(without_classifier(system), encoded, config, seed),
        compute=compute,
        kind="training",
    )
    return from_arrays(Standardizer, fitted.arrays), (fitted.cost,)


def feature_blocks(encoded: tuple[Encoded, ...], split: str, config: ClassicConfig) -> list[list[np.ndarray]]:
    """One split's features as rows of blocks: a block a family, and a second row for mirror images."""
    views = ("", "mirrored ") if config.mirror else ("",)
    return [[e.parts[view + split] for e in encoded] for view in views]


def compress(
    system: System,
    encoded: tuple[Encoded, ...],
    standardizer: Standardizer | None,
    config: ClassicConfig,
    seed: int,
    workspace: Workspace,
) -> Codes:
    """Product codes of the training pictures' features."""
    features = FeatureMatrix(feature_blocks(encoded, "train", config), system.factors, standardizer)
    sub_dimension = system.compression.sub_dimension if system.compression else 1

    def compute() -> dict[str, np.ndarray]:
        with workspace.progress(f"{system.name} compress", len(features)) as advance:
            codes, quantizer = compress_features(features, sub_dimension=sub_dimension, seed=seed, advance=advance)
        return {"codes": codes, **to_arrays(quantizer)}

    stage = workspace.cache.get_or_compute(
        f"{system.name} compress",
        version=VERSION,
        inputs=inputs_of(without_classifier(system), encoded, config, seed),
        compute=compute,
    )
    return Codes(stage.arrays["codes"], from_arrays(ProductQuantizer, stage.arrays), stage.cost)


def count_training_bytes(encoded: tuple[Encoded, ...], codes: Codes | None, config: ClassicConfig) -> dict[str, int]:
    """Of one training picture's features, as they are kept and as float32; and of the codebooks, kept once."""
    rows = [e.parts["train"][0] for e in encoded]
    n_views = 1 + config.mirror
    return {
        "bytes_per_picture": n_views * (codes.codes.shape[1] if codes else sum(row.nbytes for row in rows)),
        "float32_bytes_per_picture": n_views * 4 * sum(row.size for row in rows),
        "codebook_bytes": sum(array.nbytes for array in to_arrays(codes.quantizer).values()) if codes else 0,
    }


def train_and_score(
    system: System,
    encoded: tuple[Encoded, ...],
    standardizer: Standardizer | None,
    codes: Codes | None,
    dataset: Dataset,
    config: ClassicConfig,
    seed: int,
    workspace: Workspace,
) -> dict[str, np.ndarray]:
    """Scale, choose the settings on validation, and score every split with the chosen classifier."""
    n_views, factors = 1 + config.mirror, system.factors
    blocks = {split: feature_blocks(encoded, split, config) for split in dataset.splits}
    matrices = {split: FeatureMatrix(rows, factors, standardizer) for split, rows in blocks.items()}
    features: dict[str, Features] = {**matrices, "validation": matrices["validation"].in_memory()}  # test is read once
    if not codes:
        features["train"] = at_hand(matrices["train"], workspace)
    labels = {split: np.tile(value.labels, n_views) for split, value in dataset.splits.items()}
    n_classes = len(dataset.class_names)
    choice: CodesChoice | CostChoice
    if codes:
        choice = choose_from_codes(
            system,
            codes.codes,
            codes.quantizer,
            features["validation"],
            labels,
            n_classes,
            seed,
            time.perf_counter,
            workspace,
        )
    else:
        choice = choose_from_features(system, features, labels, n_classes, time.perf_counter, workspace)

    def score(svm: LinearSvm, split: str) -> np.ndarray:
        """Mean over the picture and, where it was asked for, its mirror image."""
        return predict_scores(features[split], svm).reshape(n_views, -1, n_classes).mean(axis=0)

    svm, converged = choice.svm, bool(codes) or choice.svm.converged
    scores = {split: score(svm, split) for split in ("train", "validation")}
    if config.refit:
        together = FeatureMatrix([*blocks["train"], *blocks["validation"]], factors, standardizer)
        everything = np.concatenate([labels["train"], labels["validation"]])
        with workspace.progress(f"{system.name} svm, with validation pictures", 1) as advance:
            svm = train_linear_svm(
                at_hand(together, workspace),
                everything,
                n_classes=n_classes,
                C=choice.C,
                class_weight=weigh_classes(system, everything),
                tolerance=system.tolerance,
                initial=svm,
                on_step=follow(advance),
            )
        converged = converged and svm.converged
    with measure("scores", "prediction") as clock:
        scores["test"] = score(svm, "test")
    trials = [(*trial["settings"].values(), trial["validation_score"], trial["seconds"]) for trial in choice.trials]
    cost = clock.stage
    return {
        "weights": svm.weights,
        "bias": svm.bias,
        "converged": np.array(converged),
        "trials": np.array(trials),
        "prediction": np.array([cost.seconds, cost.cpu_seconds, cost.peak_memory_bytes]),
        **scores,
    }


def at_hand(matrix: FeatureMatrix, workspace: Workspace) -> Features:
    """The matrix for a solver that reads it again and again: with the workers of a cluster, or in this memory."""
    return hold_features(matrix, workspace.cluster) if workspace.cluster else matrix.in_memory()
