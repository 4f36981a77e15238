"""Linear SVM on product codes: training reads one byte where features hold eight values.

Chunks of codes are decoded on their way into the stochastic descent, so never more than CHUNK_ROWS decoded rows exist.
The descent works in the quantizer's rotated space, which saves undoing the rotation for every row; the weights are
rotated back once. Pictures to classify are then scored from their features as they are: nothing of them is stored, so
there is nothing to gain from compressing them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from bakeoff.pipelines.classic.matrix.feature_matrix import FeatureMatrix
from bakeoff.pipelines.classic.matrix.product_quantization import (
    ROWS_PER_WORD,
    ProductQuantizer,
    compress,
    decompress,
    fit_product_quantizer,
)
from bakeoff.pipelines.classic.svm.cost_choice import CostChoice
from bakeoff.pipelines.classic.svm.linear_svm import LinearSvm, predict_scores
from bakeoff.pipelines.classic.svm.linear_svm_sgd import SgdSettings, SgdSvm, train_linear_svm_sgd
from bakeoff.pipelines.results.fitted_values import on_device

CHUNK_ROWS = 1024  # decoded together: 140 MB at d = 33,792
MAX_BITS = 8  # a code is a byte


def compress_features(
    features: FeatureMatrix, *, sub_dimension: int, seed: int, advance: Callable[[int], None] = lambda n: None
) -> tuple[np.ndarray, ProductQuantizer]:
    """Codes of all rows, chunk by chunk, and the quantizer, fitted on a random sample of the rows.

    features: (n, d).   advance: told of the rows of every chunk.
    Returns uint8 (n, d / sub_dimension). With fewer than 256 rows there are as many words as bits can name.
    Raises ValueError if sub_dimension does not divide d, there are fewer than 2 rows, or a feature is not finite.
    """
    n = features.shape[0]
    n_bits = min(MAX_BITS, n.bit_length() - 1)
    chosen = np.random.default_rng(seed).permutation(n)[: ROWS_PER_WORD * 2**n_bits]
    sample = torch.cat([features[row : row + 1] for row in np.sort(chosen).tolist()])
    quantizer = fit_product_quantizer(sample, sub_dimension=sub_dimension, n_bits=n_bits, seed=seed)
    codes = np.empty((n, quantizer.codebooks.shape[0]), np.uint8)
    for start in range(0, n, CHUNK_ROWS):
        rows = slice(start, min(start + CHUNK_ROWS, n))
        codes[rows] = compress(features[rows], quantizer).cpu().numpy()
        advance(rows.stop - rows.start)
    return codes, quantizer


def choose_on_codes(
    codes: np.ndarray,
    quantizer: ProductQuantizer,
    labels: np.ndarray,
    validation_features: FeatureMatrix,
    validation_labels: np.ndarray,
    *,
    n_classes: int,
    candidates: Sequence[SgdSettings],
    patience: int,
    seed: int,
    clock: Callable[[], float],
    on_epoch: Callable[[float], None] = lambda accuracy: None,
) -> CostChoice:
    """Train with each candidate, look at validation after every epoch, and keep the best epoch of all; among equals
    the first. Its svm is for features as they are, not rotated; trials tell C, positive_weight and epochs.

    codes: uint8 (n, n_subvectors).   labels: int (n,).   validation_features: (m, d), neither coded nor rotated.
    patience: epochs without a better one that end a descent: stopping early regularizes.
    clock: returns seconds, such as time.perf_counter.   on_epoch: for progress.
    Raises ValueError if candidates is empty, and as `train_linear_svm_sgd` and `decompress` do.
    """
    if not candidates:
        raise ValueError("candidates must hold at least one setting, got none")
    generator, device = np.random.default_rng(seed), validation_features.device
    quantizer = on_device(quantizer, device)
    tried, trials = [], []
    for settings in candidates:
        start = clock()
        epochs = _Epochs(quantizer, validation_features, validation_labels, patience, on_epoch)
        train_linear_svm_sgd(
            lambda: _shuffled_chunks(codes, labels, generator),
            n_samples=len(codes),
            n_classes=n_classes,
            settings=settings,
            seed=seed,
            decode=lambda chunk: decompress(chunk.to(device), quantizer),
            on_epoch=epochs.judge,
        )
        tried.append(epochs)
        chosen = {"C": settings.C, "positive_weight": settings.positive_weight, "epochs": epochs.best_epoch}
        trials.append({"settings": chosen, "validation_score": epochs.best, "seconds": clock() - start})
    winner = int(np.argmax([epochs.best for epochs in tried]))
    return CostChoice(candidates[winner].C, tried[winner].svm, tuple(trials))


class _Epochs:
    """Looks at validation after every epoch, and remembers the best: its accuracy, its number from 1, its svm."""

    svm: LinearSvm

    def __init__(
        self,
        quantizer: ProductQuantizer,
        features: FeatureMatrix,
        labels: np.ndarray,
        patience: int,
        on_epoch: Callable[[float], None],
    ):
        self.quantizer, self.features, self.labels = quantizer, features, labels
        self.patience, self.on_epoch = patience, on_epoch
        self.best, self.best_epoch = -1.0, 0

    def judge(self, sgd: SgdSvm) -> bool:
        """Whether the descent should stop."""
        svm = _without_rotation(sgd, self.quantizer)
        accuracy = float((predict_scores(self.features, svm).argmax(axis=1) == self.labels).mean())
        if accuracy > self.best:
            self.best, self.best_epoch, self.svm = accuracy, sgd.n_epochs, svm
        self.on_epoch(accuracy)
        return sgd.n_epochs - self.best_epoch >= self.patience


def _without_rotation(sgd: SgdSvm, quantizer: ProductQuantizer) -> LinearSvm:
    """w . R x = (R^T w) . x: weights for features as they are."""
    weights = quantizer.rotation.invert(torch.from_numpy(sgd.weights).to(quantizer.codebooks)).cpu().numpy()
    return LinearSvm(
        weights, sgd.bias, objective=math.nan, n_iterations=sgd.n_steps, n_passes=sgd.n_epochs, converged=False
    )


def _shuffled_chunks(
    codes: np.ndarray, labels: np.ndarray, generator: np.random.Generator
) -> Iterator[tuple[torch.Tensor, np.ndarray]]:
    """One round over all rows in random order: files often hold one class after the other."""
    order = generator.permutation(len(codes))
    for start in range(0, len(codes), CHUNK_ROWS):
        rows = order[start : start + CHUNK_ROWS]
        yield torch.from_numpy(codes[rows]), labels[rows]
