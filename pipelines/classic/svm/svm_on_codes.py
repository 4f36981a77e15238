"""Linear SVM on product codes: training reads one byte where features hold eight values.

Chunks of codes are decoded on their way into the stochastic descent, so never more than CHUNK_ROWS decoded rows exist.
The descent works in the quantizer's rotated space, which saves undoing the rotation for every row; the weights are
rotated back once. Pictures to classify are then scored from their features as they are: nothing of them is stored, so
there is nothing to gain from compressing them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from operator import itemgetter
from time import perf_counter

import numpy as np
import torch

from bakeoff.pipelines.classic.matrix.feature_matrix import FeatureMatrix
from bakeoff.pipelines.classic.matrix.product_quantization import (
    ROWS_PER_WORD,
    ProductQuantizer,
    compress,
    decompress,
    fit_product_quantizer,
    words_for,
)
from bakeoff.pipelines.classic.svm.cost_choice import CostChoice
from bakeoff.pipelines.classic.svm.linear_svm import LinearSvm, predict_scores
from bakeoff.pipelines.classic.svm.linear_svm_sgd import SgdSettings, descend
from bakeoff.pipelines.results.fitted_values import on_device

CHUNK_ROWS = 1024  # decoded together: 140 MB at d = 33,792


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


def compress_features(
    features: FeatureMatrix, *, sub_dimension: int, seed: int, advance: Callable[[int], None] = lambda n: None
) -> tuple[np.ndarray, ProductQuantizer]:
    """Codes of all rows, chunk by chunk, and the quantizer, fitted on a random sample of the rows.

    features: (n, d).   advance: told of the rows of every chunk.
    Returns uint8 (n, d / sub_dimension). With fewer than 256 rows there are as many words as bits can name.
    Raises ValueError if sub_dimension does not divide d, there are fewer than 2 rows, or a feature is not finite.
    """
    n = len(features)
    chosen = np.random.default_rng(seed).permutation(n)[: ROWS_PER_WORD * words_for(n)]
    sample = torch.cat([features[row : row + 1] for row in np.sort(chosen).tolist()])
    quantizer = fit_product_quantizer(sample, sub_dimension=sub_dimension, seed=seed)
    codes = np.empty((n, quantizer.codebooks.shape[0]), np.uint8)
    for start in range(0, n, CHUNK_ROWS):
        rows = slice(start, min(start + CHUNK_ROWS, n))
        codes[rows] = compress(features[rows], quantizer).cpu().numpy()
        advance(rows.stop - rows.start)
    return codes, quantizer


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
