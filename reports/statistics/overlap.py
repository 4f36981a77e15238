"""Overlap of two classifiers: pictures on which both are right, one or none, and Cohen's kappa of their errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Overlap:
    """Shares of the test pictures, in 0..1, that sum to 1, and how often two wrong answers are the same answer."""

    both_right: float
    only_first: float
    only_second: float
    both_wrong: float
    same_mistake: float  # of the pictures that both get wrong; 0 if there are none


def error_agreement(first: np.ndarray, second: np.ndarray) -> float:
    """Cohen's kappa of two classifiers being right: (observed - chance) / (1 - chance) agreement.

    first, second: bool (n_test,), which pictures each classifies correctly. 0 is chance, 1 is always; 1 where chance
    agreement is 1. Source: Cohen, Educational and Psychological Measurement 1960.
    """
    a, b = float(first.mean()), float(second.mean())
    chance = a * b + (1 - a) * (1 - b)
    return (float((first == second).mean()) - chance) / (1 - chance) if chance < 1 else 1.0


def measure_overlap(labels: np.ndarray, first: np.ndarray, second: np.ndarray) -> Overlap:
    """labels, first, second: int (n_test,), the true classes and the two predictions."""
    right_first, right_second = first == labels, second == labels
    both_wrong = ~right_first & ~right_second
    return Overlap(
        both_right=float((right_first & right_second).mean()),
        only_first=float((right_first & ~right_second).mean()),
        only_second=float((~right_first & right_second).mean()),
        both_wrong=float(both_wrong.mean()),
        same_mistake=float((first == second)[both_wrong].mean()) if both_wrong.any() else 0.0,
    )
