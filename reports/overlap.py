"""Two methods side by side: where both are right, one, or none, and what they reach together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reports.calibration import log_softmax


@dataclass(frozen=True)
class Overlap:
    """Shares of the test pictures, in 0..1, that sum to 1, and how often two wrong answers are the same answer."""

    both_right: float
    only_first: float
    only_second: float
    both_wrong: float
    same_mistake: float  # of the pictures that both get wrong; 0 if there are none

    @property
    def oracle(self) -> float:
        """Accuracy of someone who always knows which of the two to believe."""
        return 1 - self.both_wrong


@dataclass(frozen=True)
class Fusion:
    """Scores of both methods added. weight: share of the first, chosen on validation."""

    weight: float
    validation_accuracy: float
    correct: np.ndarray  # bool (n_test,)


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


def fuse_late(
    validation: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    labels: tuple[np.ndarray, np.ndarray],
) -> Fusion:
    """Weighted sum of the log-probabilities of two methods: w log p1 + (1 - w) log p2.

    validation, test: scores of both methods, float (n, n_classes), already divided by their temperatures.
    labels: of validation and of test.
    w is the one of 0, 0.05 ... 1 with the best accuracy on validation; among equals the nearest to 1/2.
    """
    logs = [log_softmax(scores) for scores in validation]
    weights = np.linspace(0, 1, 21)
    accuracies = [float(((w * logs[0] + (1 - w) * logs[1]).argmax(axis=1) == labels[0]).mean()) for w in weights]
    best = min(range(len(weights)), key=lambda i: (-accuracies[i], abs(weights[i] - 0.5)))
    weight = float(weights[best])
    fused = weight * log_softmax(test[0]) + (1 - weight) * log_softmax(test[1])
    return Fusion(weight, accuracies[best], fused.argmax(axis=1) == labels[1])
