"""What scikit-learn's metrics leave out: accuracy per class where some classes do not occur, the worst confusions.

confusion: int64 (n_classes, n_classes), row = true class, column = predicted class.
"""

from __future__ import annotations

import numpy as np


def accuracy_per_class(confusion: np.ndarray) -> np.ndarray:
    """float (n_classes,): share of each class's pictures that were recognized; NaN for a class without any."""
    totals = confusion.sum(axis=1)
    return np.where(totals > 0, np.diag(confusion) / np.maximum(totals, 1), np.nan)


def worst_confusions(confusion: np.ndarray, n_pairs: int) -> list[tuple[int, int, float]]:
    """The (true class, predicted class, share of the true class) off the diagonal with the largest shares."""
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(shares, 0)
    order = np.argsort(-shares, axis=None, kind="stable")[:n_pairs]
    pairs = [(int(true), int(said)) for true, said in zip(*np.unravel_index(order, shares.shape), strict=True)]
    return [(true, said, float(shares[true, said])) for true, said in pairs if shares[true, said] > 0]
