"""Late fusion: the scores of several systems, added with weights chosen on validation.

Source of the idea: the ImageNet 2011 winner added the scores of a SIFT and a color system (Sanchez, Perronnin 2011).
Its weights were never published; here they come from the validation pictures.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

STEPS = 20  # a move is tried for every multiple of 1 / STEPS of a system's weight
ROUNDS = 10  # of coordinate search at most; it stops as soon as a round changes nothing


def choose_fusion_weights(scores: Sequence[np.ndarray], labels: np.ndarray) -> np.ndarray:
    """Weights that give the best accuracy: from equal shares, weight moves between pairs of systems while that helps.

    A share is of the spread: each system's scores count in units of their standard deviation, so that equal shares are
    equal voices. Equal shares stay unless others are strictly better.
    scores: for each system float32 (n, k), of validation pictures.   labels: int64 (n,).
    Returns float64 (n_systems,), not negative, sum 1, to be multiplied with the scores as they are.
    """
    spreads = [float(system.std()) or 1.0 for system in scores]
    stacked = np.stack([system / spread for system, spread in zip(scores, spreads, strict=True)])

    def accuracy(weights: np.ndarray) -> float:
        return float((np.tensordot(weights, stacked, 1).argmax(axis=1) == labels).mean())

    weights = np.full(len(scores), 1 / len(scores))
    best = accuracy(weights)
    for _ in range(ROUNDS):
        improved = False
        for giver, taker in [(i, j) for i in range(len(scores)) for j in range(len(scores)) if i != j]:
            for share in np.arange(1, STEPS + 1) / STEPS:
                moved = weights.copy()
                moved[taker] += share * weights[giver]
                moved[giver] -= share * weights[giver]
                found = accuracy(moved)
                if found > best:
                    weights, best, improved = moved, found, True
        if not improved:
            break
    return weights / spreads / (weights / spreads).sum()


def fuse_scores(scores: Sequence[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """Weighted sum of (n, k) scores: float32 (n, k). Raises ValueError if there is not one weight a system."""
    if len(scores) != len(weights):
        raise ValueError(f"weights must be one for each of {len(scores)} systems, got {len(weights)}")
    return np.tensordot(np.asarray(weights), np.stack(scores), 1).astype(np.float32)
