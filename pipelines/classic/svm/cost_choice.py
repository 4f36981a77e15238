"""Choice of an SVM's settings on validation: a ladder of C that stops where accuracy falls and grows where its end is
best; and on product codes, where training reads one byte where features hold eight values.

Chunks of codes are decoded on their way into the stochastic descent, so never more than CHUNK_ROWS decoded rows exist.
The descent works in the quantizer's rotated space, which saves undoing the rotation for every row; the weights are
rotated back once. Pictures to classify are then scored from their features as they are: nothing of them is stored, so
there is nothing to gain from compressing them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from operator import itemgetter
from time import perf_counter
from typing import Any

import numpy as np
import torch

from bakeoff.pipelines.classic.matrix.feature_matrix import FeatureMatrix, Features
from bakeoff.pipelines.classic.matrix.product_quantization import CHUNK_ROWS, ProductQuantizer, decompress
from bakeoff.pipelines.classic.svm.direction_space import DirectionSpace
from bakeoff.pipelines.classic.svm.linear_svm import LinearSvm, predict_scores, train_linear_svm
from bakeoff.pipelines.classic.svm.linear_svm_sgd import SgdSettings, descend
from bakeoff.pipelines.classic.svm.squared_hinge import ClassWeight
from bakeoff.pipelines.results.balance import balanced_accuracy
from bakeoff.pipelines.results.fitted_values import on_device

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
        weighing: dict[str, Any] = {"n_classes": n_classes, "class_weight": class_weight}
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


@dataclass(frozen=True)
class Compression:
    """Training features kept as product codes, one byte for `sub_dimension` values; learned from by stochastic descent.

    positive_weights: the cost of a class's own pictures against that of all others; each tried with each C.
    n_epochs: at most; the best on validation is kept, and `patience` epochs without a better one end the descent:
        stopping early regularizes.
    """

    sub_dimension: int = 8  # 8 float32 values in a byte: 32 times smaller; 16: 64 times
    positive_weights: tuple[float, ...] = (1.0, 3.0)
    batch_size: int = 64  # a product with fewer rows leaves the processor waiting for the weights
    n_epochs: int = 6
    patience: int = 2


def choose_on_codes(
    codes: np.ndarray,
    quantizer: ProductQuantizer,
    labels: Mapping[str, np.ndarray],
    validation_features: FeatureMatrix,
    *,
    n_classes: int,
    costs: Sequence[float],
    compression: Compression,
    seed: int,
    on_epoch: Callable[[float], None] = lambda accuracy: None,
) -> CostChoice:
    """Train with every C and positive weight, look at validation after every epoch, and keep the best epoch of all;
    among equals the first. Its svm is for features as they are, not rotated; trials tell C, positive_weight and epochs.

    codes: uint8 (n, n_subvectors).   labels: of "train", int (n,), and "validation", int (m,).
    validation_features: (m, d), neither coded nor rotated.   on_epoch: told of the accuracy, for progress.
    Raises ValueError if a setting is not positive, and as `descend` and `decompress` do.
    """
    generator, device = np.random.default_rng(seed), validation_features.device
    quantizer = on_device(quantizer, device)

    def shuffled_chunks() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """One round over all rows in random order: files often hold one class after the other."""
        order = generator.permutation(len(codes))
        for start in range(0, len(codes), CHUNK_ROWS):
            rows = order[start : start + CHUNK_ROWS]
            decoded = decompress(torch.from_numpy(codes[rows]).to(device), quantizer)
            yield decoded, torch.from_numpy(labels["train"][rows]).to(device)

    def best_epoch(settings: SgdSettings) -> tuple[float, int, LinearSvm]:
        best = (-1.0, 0, LinearSvm(np.empty(0), np.empty(0)))
        for epoch, descent in enumerate(descend(shuffled_chunks, len(codes), n_classes, settings, seed=seed), 1):
            weights = quantizer.rotation.invert(descent.average)  # w . R x = (R^T w) . x
            svm = LinearSvm(weights.cpu().numpy(), descent.average_bias.cpu().numpy().copy())
            predictions = predict_scores(validation_features, svm).argmax(axis=1)
            accuracy = float((predictions == labels["validation"]).mean())
            best = (accuracy, epoch, svm) if accuracy > best[0] else best
            on_epoch(accuracy)
            if epoch >= compression.n_epochs or epoch - best[1] >= compression.patience:
                break
        return best

    tried, trials = [], []
    for cost, positive_weight in product(costs, compression.positive_weights):
        start = perf_counter()
        accuracy, epoch, svm = best_epoch(SgdSettings(cost, positive_weight, compression.batch_size))
        tried.append((accuracy, cost, svm))
        chosen = {"C": cost, "positive_weight": positive_weight, "epochs": epoch}
        trials.append({"settings": chosen, "validation_score": accuracy, "seconds": perf_counter() - start})
    _, cost, svm = max(tried, key=itemgetter(0))
    return CostChoice(cost, svm, tuple(trials))
