"""Selective accuracy: how often a method is right on the pictures it is surest of, if it may leave out the others.

Coverage is the share of pictures that are answered, the surest first; risk is the share of wrong answers among them.
Source: Geifman and El-Yaniv, "Selective classification for deep neural networks", NeurIPS 2017.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax


@dataclass(frozen=True)
class SelectiveCurve:
    """Entry i is about the i + 1 surest pictures. coverage, accuracy: float64 (n,), in 0..1."""

    coverage: np.ndarray
    accuracy: np.ndarray

    def accuracy_at(self, coverage: float) -> float:
        """Share right among the surest `coverage` of the pictures, at least one."""
        return float(self.accuracy[max(round(coverage * len(self.accuracy)), 1) - 1])

    def coverage_at(self, accuracy: float) -> float:
        """The largest coverage with at least this share right; 0 if there is none."""
        reached = np.flatnonzero(self.accuracy >= accuracy)
        return float(self.coverage[reached[-1]]) if len(reached) else 0.0


def selective_curve(scores: np.ndarray, labels: np.ndarray) -> SelectiveCurve:
    """Rank pictures by the probability of their prediction; pictures of equal probability share what is right of them.

    scores: float (n, n_classes), after temperature scaling.   labels: int (n,).
    """
    confidences = softmax(scores.astype(np.float64), axis=1).max(axis=1)
    right = (scores.argmax(axis=1) == labels).astype(np.float64)
    _, ties = np.unique(confidences, return_inverse=True)
    # The order within ties would be chance: each of them counts with the mean of all.
    shared = np.bincount(ties, right)[ties] / np.bincount(ties)[ties]
    order = np.argsort(-confidences, kind="stable")
    n_answered = np.arange(1, len(labels) + 1)
    return SelectiveCurve(n_answered / len(labels), np.cumsum(shared[order]) / n_answered)
