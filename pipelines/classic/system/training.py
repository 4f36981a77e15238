"""One system's classifier: every setting of its configuration tried on validation, with progress shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from bakeoff.pipelines.classic.config import Compression, System
from bakeoff.pipelines.classic.matrix.feature_store import Features
from bakeoff.pipelines.classic.matrix.product_quantization import ProductQuantizer
from bakeoff.pipelines.classic.svm.cost_choice import CostChoice, choose_cost
from bakeoff.pipelines.classic.svm.linear_svm import Step
from bakeoff.pipelines.classic.svm.linear_svm_sgd import SgdSettings
from bakeoff.pipelines.classic.svm.svm_on_codes import CodesChoice, choose_on_codes
from bakeoff.pipelines.machine.progress import Advance
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.balance import is_unbalanced


def choose_from_features(
    system: System,
    features: Mapping[str, Features],
    labels: Mapping[str, np.ndarray],
    n_classes: int,
    clock: Callable[[], float],
    workspace: Workspace,
) -> CostChoice:
    """The batch solver on the features as they are, with every C."""
    with workspace.progress(f"{system.name} svm, {len(system.costs)} values of C", len(system.costs)) as advance:
        return choose_cost(
            features["train"],
            labels["train"],
            features["validation"],
            labels["validation"],
            costs=system.costs,
            clock=clock,
            n_classes=n_classes,
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
    codes: np.ndarray,
    quantizer: ProductQuantizer,
    validation_features: Features,
    labels: Mapping[str, np.ndarray],
    n_classes: int,
    seed: int,
    clock: Callable[[], float],
    workspace: Workspace,
) -> CodesChoice:
    """Stochastic descent on codes decoded as they are read, with every C and every balance of the classes."""
    compression = system.compression or Compression()
    candidates = [
        SgdSettings(compression.loss, C, positive_weight, compression.batch_size, compression.n_epochs)
        for C in system.costs
        for positive_weight in compression.positive_weights
    ]
    most_epochs = len(candidates) * compression.n_epochs
    with workspace.progress(f"{system.name} svm on codes, {len(candidates)} settings", most_epochs) as advance:
        return choose_on_codes(
            codes,
            quantizer,
            labels["train"],
            validation_features,
            labels["validation"],
            n_classes=n_classes,
            candidates=candidates,
            patience=compression.patience,
            seed=seed,
            clock=clock,
            on_epoch=lambda accuracy: advance(1, f"validation accuracy {accuracy:.3f}"),
        )


def follow(advance: Advance) -> Callable[[Step], None]:
    """Shows the solver's steps; one that starts to count its passes anew has begun with the next C."""
    n_passes = 0

    def show(step: Step) -> None:
        nonlocal n_passes
        advance(int(step.n_passes < n_passes), f"objective {step.objective:.5g} after {step.n_passes} passes")
        n_passes = step.n_passes

    return show
