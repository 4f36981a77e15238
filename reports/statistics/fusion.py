"""Late fusion of the two finalists: what the best hand-crafted and the best end-to-end model reach together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from bakeoff.pipelines.results.run import RunResult
from bakeoff.reports.statistics.accuracy import PairedDifference, accuracy_interval, compare_paired
from bakeoff.reports.statistics.calibration import calibrated
from bakeoff.reports.statistics.comparison import Comparison
from bakeoff.reports.statistics.sample import Sample
from bakeoff.reports.statistics.seeds import FIXED, Interval

N_WEIGHTS = 21  # steps of 0.05: finer ones would only follow the noise of the validation pictures


@dataclass(frozen=True)
class Fusion:
    """Scores of both methods added. weight: share of the first, chosen on validation."""

    weight: float
    validation_accuracy: float
    correct: np.ndarray  # bool (n_test,)


@dataclass(frozen=True)
class Team:
    """Both finalists fused; with several seeds, one fusion for each pair of them.

    weights: of the hand-crafted side, one for each pair.   correct: bool (n_pairs, n_test), of the fused scores.
    either: bool (n_pairs, n_test), at least one of the two is right: no fusion that names one of their two answers
    can do better.   gain: fused minus the better of the two, which is the one that is better on validation; it is about
    these trained models.   sample: of the comparison, whose measure accuracy and bound are in.
    """

    weights: tuple[float, ...]
    correct: np.ndarray
    either: np.ndarray
    gain: PairedDifference
    sample: Sample

    @property
    def accuracy(self) -> float:
        return float(self.sample.mean(self.correct).mean())

    @property
    def interval(self) -> Interval:
        return accuracy_interval(self.correct, self.sample, FIXED)

    @property
    def upper_bound(self) -> float:
        return float(self.sample.mean(self.either).mean())

    @property
    def bound_interval(self) -> Interval:
        return accuracy_interval(self.either, self.sample, FIXED)


def fuse_late(
    validation: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    labels: tuple[np.ndarray, np.ndarray],
    *,
    balanced: bool = False,
) -> Fusion:
    """Weighted sum of the log-probabilities of two methods: w log p1 + (1 - w) log p2.

    validation, test: scores of both methods, float (n, n_classes), already divided by their temperatures.
    labels: of validation and of test.
    w is the one of 0, 0.05 ... 1 with the best accuracy on validation, or `balanced` one; among equals the nearest to
    1/2.
    """
    logs = [log_softmax(scores, axis=1) for scores in validation]
    weights = np.linspace(0, 1, N_WEIGHTS)
    sample = Sample(labels[0], balanced=balanced)
    answers = [(w * logs[0] + (1 - w) * logs[1]).argmax(axis=1) for w in weights]
    accuracies = [float(sample.mean(said == labels[0])) for said in answers]
    best = min(range(len(weights)), key=lambda i: (-accuracies[i], abs(weights[i] - 0.5)))
    weight = float(weights[best])
    fused = weight * log_softmax(test[0], axis=1) + (1 - weight) * log_softmax(test[1], axis=1)
    return Fusion(weight, accuracies[best], fused.argmax(axis=1) == labels[1])


def fuse_finalists(comparison: Comparison) -> Team | None:
    """Fuse seed by seed; None if the two sides were validated on other pictures, so that no weight can be chosen."""
    hand, net = comparison.finalists
    n_pairs = max(len(hand.runs), len(net.runs))
    pairs = [(hand.runs[i % len(hand.runs)], net.runs[i % len(net.runs)]) for i in range(n_pairs)]
    if not all(np.array_equal(a.validation_labels, b.validation_labels) for a, b in pairs):
        return None
    fusions = [_fuse_pair(a, b, balanced=comparison.is_unbalanced) for a, b in pairs]
    correct = np.stack([fusion.correct for fusion in fusions])
    either = np.stack([(a.predictions == a.labels) | (b.predictions == b.labels) for a, b in pairs])
    alone = comparison.favorite.correct
    alone = alone[np.arange(n_pairs) % len(alone)]  # pair by pair: what was fused is what it is compared with
    gain = compare_paired(correct, alone, comparison.sample, (FIXED, FIXED))
    return Team(tuple(fusion.weight for fusion in fusions), correct, either, gain, comparison.sample)


def _fuse_pair(first: RunResult, second: RunResult, *, balanced: bool) -> Fusion:
    a, b = calibrated(first), calibrated(second)
    labels = (first.validation_labels, first.labels)
    return fuse_late((a.validation_scores, b.validation_scores), (a.scores, b.scores), labels, balanced=balanced)
