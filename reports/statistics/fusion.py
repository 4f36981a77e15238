"""Late fusion of the two finalists: what the best hand-crafted and the best end-to-end model reach together."""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from bakeoff.reports.statistics.accuracy import PairedDifference, accuracy_interval, compare_paired
from bakeoff.reports.statistics.calibration import calibrated
from bakeoff.reports.statistics.chance import FIXED, Interval, Sample
from bakeoff.reports.statistics.comparison import Comparison

WEIGHTS = np.linspace(0, 1, 21)  # steps of 0.05: finer ones would only follow the noise of the validation pictures


@dataclass(frozen=True)
class Team:
    """Both finalists fused; with several seeds, one fusion for each pair of them.

    weights: of the hand-crafted side, one for each pair.   correct: bool (n_pairs, n_test), of the fused scores.
    either: bool (n_pairs, n_test), at least one of the two is right: no fusion that names one of their two answers
    can do better.   gain: fused minus the better of the two, which is the one that is better on validation; it is about
    these trained models.   sample: of the comparison, whose measure the scores and their intervals are in.
    """

    weights: tuple[float, ...]
    correct: np.ndarray
    either: np.ndarray
    gain: PairedDifference
    sample: Sample

    def score(self, correct: np.ndarray) -> float:
        return float(self.sample.mean(correct).mean())

    def interval(self, correct: np.ndarray) -> Interval:
        return accuracy_interval(correct, self.sample, FIXED)


def fuse_late(scores: tuple[np.ndarray, np.ndarray], weight: float) -> np.ndarray:
    """int (n,): the answers of w log p1 + (1 - w) log p2. scores: (n, n_classes), divided by their temperatures."""
    fused = weight * log_softmax(scores[0], axis=1) + (1 - weight) * log_softmax(scores[1], axis=1)
    return np.asarray(fused.argmax(axis=1))


def choose_weight(scores: tuple[np.ndarray, np.ndarray], sample: Sample) -> float:
    """The weight with the best accuracy of `fuse_late` on validation, or balanced accuracy for a balanced sample.

    Among equals the nearest to 1/2.   sample: the validation pictures.
    """
    shares = [float(sample.mean(fuse_late(scores, w) == sample.labels)) for w in WEIGHTS]
    return min((-share, abs(w - 0.5), float(w)) for share, w in zip(shares, WEIGHTS, strict=True))[2]


def fuse_finalists(comparison: Comparison) -> Team | None:
    """Fuse seed by seed; None if the two sides were validated on other pictures, so that no weight can be chosen."""
    hand, net = comparison.finalists
    n_pairs = max(len(hand.runs), len(net.runs))
    pairs = [(hand.runs[i % len(hand.runs)], net.runs[i % len(net.runs)]) for i in range(n_pairs)]
    if not all(np.array_equal(a.validation_labels, b.validation_labels) for a, b in pairs):
        return None
    weights, correct = [], []
    for first, second in pairs:
        (_, *a), (_, *b) = calibrated(first), calibrated(second)
        validation = Sample(first.validation_labels, balanced=comparison.is_unbalanced)
        weights.append(choose_weight((a[0], b[0]), validation))
        correct.append(fuse_late((a[1], b[1]), weights[-1]) == first.labels)
    either = np.stack([(a.predictions == a.labels) | (b.predictions == b.labels) for a, b in pairs])
    alone = comparison.favorite.correct
    alone = alone[np.arange(n_pairs) % len(alone)]  # pair by pair: what was fused is what it is compared with
    gain = compare_paired(np.stack(correct), alone, comparison.sample, (FIXED, FIXED))
    return Team(tuple(weights), np.stack(correct), either, gain, comparison.sample)
