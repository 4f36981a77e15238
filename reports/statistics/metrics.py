"""Metrics of one set of predictions: confusion matrix, accuracy per class, balanced accuracy, macro F1.

labels, predictions: int (n,), indices into the class names.
"""

from __future__ import annotations

import numpy as np


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, n_classes: int) -> np.ndarray:
    """int64 (n_classes, n_classes): row = true class, column = predicted class."""
    return np.bincount(labels * n_classes + predictions, minlength=n_classes**2).reshape(n_classes, n_classes)


def accuracy_per_class(confusion: np.ndarray) -> np.ndarray:
    """float (n_classes,): share of each class's pictures that were recognized; NaN for a class without any."""
    totals = confusion.sum(axis=1)
    return np.where(totals > 0, np.diag(confusion) / np.maximum(totals, 1), np.nan)


def balanced_accuracy(confusion: np.ndarray) -> float:
    """Mean of the accuracies per class, over the classes that occur in the test split."""
    return float(np.nanmean(accuracy_per_class(confusion)))


def macro_f1(confusion: np.ndarray) -> float:
    """Mean over classes of F1 = 2 TP / (2 TP + FP + FN), over the classes that occur as label or prediction."""
    true_positives = np.diag(confusion)
    involved = confusion.sum(axis=0) + confusion.sum(axis=1)  # 2 TP + FP + FN
    occurs = involved > 0
    return float((2 * true_positives[occurs] / involved[occurs]).mean())


def worst_confusions(confusion: np.ndarray, n_pairs: int) -> list[tuple[int, int, float]]:
    """The (true class, predicted class, share of the true class) off the diagonal with the largest shares."""
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(shares, 0)
    order = np.argsort(-shares, axis=None, kind="stable")[:n_pairs]
    pairs = [(int(true), int(said)) for true, said in zip(*np.unravel_index(order, shares.shape), strict=True)]
    return [(true, said, float(shares[true, said])) for true, said in pairs if shares[true, said] > 0]
