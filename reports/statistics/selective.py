"""Selective accuracy: how often a method is right on the pictures it is surest of, if it may leave out the others.

Coverage is the share of pictures that are answered, the surest first.
Source: Geifman and El-Yaniv, "Selective classification for deep neural networks", NeurIPS 2017.
"""

from __future__ import annotations

import numpy as np
from scipy.special import softmax


def selective_accuracy(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """float64 (n,), in 0..1: the share right among the i + 1 surest pictures, by the probability of the answer.

    scores: float (n, n_classes), after temperature scaling.   labels: int (n,).
    """
    confidences = softmax(scores.astype(np.float64), axis=1).max(axis=1)
    right = (scores.argmax(axis=1) == labels).astype(np.float64)
    _, ties = np.unique(confidences, return_inverse=True)
    # The order within ties would be chance: each of them counts with the mean of all.
    shared = np.bincount(ties, right)[ties] / np.bincount(ties)[ties]
    return np.cumsum(shared[np.argsort(-confidences, kind="stable")]) / np.arange(1, len(labels) + 1)


def accuracy_at(curve: np.ndarray, coverage: float) -> float:
    """Share right among the surest `coverage` of the pictures, at least one."""
    return float(curve[max(round(coverage * len(curve)), 1) - 1])


def coverage_at(curve: np.ndarray, accuracy: float) -> float:
    """The largest coverage with at least this share right; 0 if there is none."""
    reached = np.flatnonzero(curve >= accuracy)
    return float(reached[-1] + 1) / len(curve) if len(reached) else 0.0
