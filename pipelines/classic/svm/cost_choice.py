"""Choice of an SVM's C on validation: a ladder that stops where accuracy falls and grows where its end is the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
import torch

from bakeoff.pipelines.classic.matrix.feature_matrix import Features
from bakeoff.pipelines.classic.svm.direction_space import DirectionSpace
from bakeoff.pipelines.classic.svm.linear_svm import LinearSvm, predict_scores, train_linear_svm
from bakeoff.pipelines.classic.svm.squared_hinge import ClassWeight
from bakeoff.pipelines.results.balance import balanced_accuracy

FALLS = {1: 3.0, 2: 1.0}  # so many C in a row, each so many standard errors below the best: larger ones will not do
MOST_ADDED = 3  # values of C beyond either end of the ladder


@dataclass(frozen=True)
class CostChoice:
    """The C of the best validation score; among equals the smallest.

    trials: for every C, `{"settings": {"C": c}, "validation_score": score, "seconds": s}`, from small to large.
    spaces: what was learned about the features, for another training on them.
    """

    C: float
    svm: LinearSvm
    trials: tuple[dict[str, Any], ...]
    spaces: list[DirectionSpace] = field(default_factory=list)


def choose_cost(
    features: Features,
    labels: np.ndarray | torch.Tensor,
    validation_features: Features,
    validation_labels: np.ndarray,
    *,
    costs: Sequence[float],
    n_classes: int,
    class_weight: ClassWeight = None,
    **settings: Any,
) -> CostChoice:
    """Train with every C, from small to large, each from the solution before; they share their directions.

    The score is accuracy; with a class_weight balanced accuracy. Larger C are left out once it has clearly fallen
    (`has_fallen`). Where the first or last C is better than the one beside it, up to MOST_ADDED more are tried beyond,
    in the ladder's own ratio.
    costs: the C to try.   settings: of `train_linear_svm`.
    Raises ValueError if costs is empty, and as `train_linear_svm` does.
    """
    if not costs:
        raise ValueError("costs must hold at least one C, got none")
    spaces: list[DirectionSpace] = []
    tried: dict[float, tuple[LinearSvm, float, float]] = {}

    def attempt(cost: float, initial: LinearSvm | None) -> LinearSvm:
        start = perf_counter()
        weighing = {"n_classes": n_classes, "class_weight": class_weight}
        svm = train_linear_svm(features, labels, C=cost, initial=initial, spaces=spaces, **weighing, **settings)
        predictions = predict_scores(validation_features, svm).argmax(axis=1)
        accuracy = float((predictions == validation_labels).mean())
        score = accuracy if class_weight is None else balanced_accuracy(predictions, validation_labels)
        tried[cost] = (svm, score, perf_counter() - start)
        return svm

    svm, ladder = None, sorted(set(costs))
    for cost in ladder:
        svm = attempt(cost, svm)
        if has_fallen([score for _, score, _ in tried.values()], len(validation_labels)):
            break
    for inner, edge in ((-2, -1), (1, 0)):  # upward, then downward
        while len(ladder) > 1 and len(tried) > 1:
            (last, (svm, best, _)), (beside, (_, before, _)) = (sorted(tried.items())[i] for i in (edge, inner))
            n_added = sum(cost > ladder[-1] if edge else cost < ladder[0] for cost in tried)
            if best <= before or n_added == MOST_ADDED:
                break
            attempt(last * last / beside, svm)
    trials = tuple(
        {"settings": {"C": cost}, "validation_score": score, "seconds": seconds}
        for cost, (_, score, seconds) in sorted(tried.items())
    )
    best_cost = min(tried, key=lambda cost: (-tried[cost][1], cost))
    return CostChoice(best_cost, tried[best_cost][0], trials, spaces)


def has_fallen(scores: Sequence[float], n_pictures: int) -> bool:
    """Whether the latest scores lie below the best by more than noise: one of them by 3, or two by 1 standard error.

    scores: accuracies in 0..1 on the same n_pictures. The standard error is sqrt(p (1 - p) / n_pictures) of the best.
    """
    best = max(scores)
    error = (best * (1 - best) / n_pictures) ** 0.5
    return any(len(scores) > n and max(scores[-n:]) < best - errors * error for n, errors in FALLS.items())
