"""Label noise: a share of labels replaced by other classes."""

from __future__ import annotations

import numpy as np


def flip_labels(labels: np.ndarray, rate: float, n_classes: int, *, seed: int) -> np.ndarray:
    """A share of the labels replaced by another class, each other class as likely (symmetric noise).

    labels: int64 (n,) in 0..n_classes - 1.   rate: in 0..1; round(rate * n) labels change.
    Returns int64 (n,). For one seed a higher rate changes the same labels in the same way, and more.
    Raises ValueError for a rate outside 0..1, or a single class.
    """
    if not 0 <= rate <= 1 or n_classes < 2:
        raise ValueError(f"rate must lie in 0..1 with at least 2 classes, got {rate} with {n_classes}")
    random = np.random.RandomState(seed)  # its stream is frozen for good, unlike that of default_rng
    shifts = random.randint(1, n_classes, len(labels))
    chosen = random.permutation(len(labels))[: round(rate * len(labels))]
    flipped = labels.copy()
    flipped[chosen] = (labels[chosen] + shifts[chosen]) % n_classes
    return flipped
