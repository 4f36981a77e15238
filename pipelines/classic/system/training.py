"""One system's classifier: every setting of its configuration tried on validation, every split scored with the best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.matrix.distant_features import hold_features
from bakeoff.pipelines.classic.matrix.feature_matrix import FeatureMatrix
from bakeoff.pipelines.classic.matrix.product_quantization import ProductQuantizer
from bakeoff.pipelines.classic.svm.cost_choice import CostChoice, choose_cost
from bakeoff.pipelines.classic.svm.linear_svm import LinearSvm, OnStep, predict_scores, train_linear_svm, with_more_rows
from bakeoff.pipelines.classic.svm.svm_on_codes import Compression, choose_on_codes
from bakeoff.pipelines.classic.system.family_features import Joined
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.progress import Advance
from bakeoff.pipelines.machine.stopwatch import measure
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.balance import is_unbalanced
from bakeoff.pipelines.results.run import Stage


@dataclass(frozen=True)
class Codes:
    """The training features of a system, compressed.

    codes: uint8 (n_train, n_codes).   cost: of making them.
    """

    codes: np.ndarray
    quantizer: ProductQuantizer
    cost: Stage


def train_and_score(joined: Joined, codes: Codes | None, job: Job[ClassicConfig]) -> dict[str, np.ndarray]:
    """Choose the settings on validation, and score every split with the chosen classifier."""
    system, splits, n_classes = joined.system, job.dataset.splits, len(job.dataset.class_names)
    features = {split: joined.matrix(split) for split in splits}
    labels = {split: np.tile(value.labels, len(joined.views)) for split, value in splits.items()}
    if codes:
        choice = choose_from_codes(system, codes, features["validation"], labels, job)
    else:
        features["train"] = at_hand(joined.matrix("train"), job.workspace)
        choice = choose_from_features(system, features, labels, job)

    def score(svm: LinearSvm, split: str) -> np.ndarray:
        """Mean over the views of each picture."""
        return predict_scores(features[split], svm).reshape(len(joined.views), -1, n_classes).mean(axis=0)

    svm, converged = choice.svm, choice.svm.converged
    scores = {split: score(svm, split) for split in ("train", "validation")}
    if job.config.refit:
        svm = train_with_validation(joined, choice, labels, job)
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


def train_with_validation(
    joined: Joined, choice: CostChoice, labels: Mapping[str, np.ndarray], job: Job[ClassicConfig]
) -> LinearSvm:
    """From training and validation pictures together, with the C that was chosen."""
    everything, system = np.concatenate([labels["train"], labels["validation"]]), joined.system
    spaces = with_more_rows(choice.spaces, joined.matrix("validation"))
    with job.workspace.progress(f"{system.name} svm, with validation pictures", 1) as advance:
        return train_linear_svm(
            at_hand(joined.matrix("train", "validation"), job.workspace),
            everything,
            n_classes=len(job.dataset.class_names),
            C=choice.C,
            class_weight=weigh_classes(system, everything),
            tolerance=system.tolerance,
            initial=choice.svm,
            spaces=spaces,
            on_step=follow(advance),
        )


def at_hand(matrix: FeatureMatrix, workspace: Workspace) -> FeatureMatrix:
    """The matrix for a solver that reads it again and again: with the workers of a cluster, or in this memory."""
    return hold_features(matrix, workspace.cluster) if workspace.cluster else matrix.at_hand()


def choose_from_features(
    system: System, features: Mapping[str, FeatureMatrix], labels: Mapping[str, np.ndarray], job: Job[ClassicConfig]
) -> CostChoice:
    """The batch solver on the features as they are, with every C."""
    with job.workspace.progress(f"{system.name} svm, {len(system.costs)} values of C", len(system.costs)) as advance:
        return choose_cost(
            features["train"],
            labels["train"],
            features["validation"],
            labels["validation"],
            costs=system.costs,
            n_classes=len(job.dataset.class_names),
            class_weight=weigh_classes(system, labels["train"]),
            tolerance=system.tolerance,
            on_step=follow(advance),
        )


def weigh_classes(system: System, labels: np.ndarray) -> Literal["balanced"] | None:
    """How the SVM weighs the classes of these labels (n,)."""
    automatic = system.class_weight == "auto" and is_unbalanced(np.unique(labels, return_counts=True)[1])
    return "balanced" if automatic or system.class_weight == "balanced" else None


def choose_from_codes(
    system: System,
    codes: Codes,
    validation_features: FeatureMatrix,
    labels: Mapping[str, np.ndarray],
    job: Job[ClassicConfig],
) -> CostChoice:
    """Stochastic descent on codes decoded as they are read, with every C and every balance of the classes."""
    compression = system.compression or Compression()
    n_settings = len(system.costs) * len(compression.positive_weights)
    title, most_epochs = f"{system.name} svm on codes, {n_settings} settings", n_settings * compression.n_epochs
    with job.workspace.progress(title, most_epochs) as advance:
        return choose_on_codes(
            codes.codes,
            codes.quantizer,
            labels,
            validation_features,
            n_classes=len(job.dataset.class_names),
            costs=system.costs,
            compression=compression,
            seed=job.seed,
            on_epoch=lambda accuracy: advance(1, f"validation accuracy {accuracy:.3f}"),
        )


def follow(advance: Advance) -> OnStep:
    """Shows the solver's steps; one that starts to count its passes anew has begun with the next C."""
    n_passes = 0

    def show(objective: float, passes: int) -> None:
        nonlocal n_passes
        advance(int(passes < n_passes), f"objective {objective:.5g} after {passes} passes")
        n_passes = passes

    return show
