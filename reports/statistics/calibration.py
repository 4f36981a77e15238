"""Calibration and selective accuracy: how far a method's stated confidence can be trusted.

scores: float (n, n_classes), any linear output (margins of an SVM, logits of a net).   labels: int (n,).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import softmax
from scipy.stats import foldnorm
from sklearn.metrics import brier_score_loss

from bakeoff.pipelines.results.calibrator import fit_temperature, negative_log_likelihood
from bakeoff.pipelines.results.run import RunResult
from bakeoff.reports.statistics.chance import Interval

N_BINS = 15  # Guo et al. 2017


@dataclass(frozen=True)
class Calibration:
    """expected_calibration_error, negative_log_likelihood (nats), brier: smaller is better, 0 is perfect.

    corrected, interval: the calibration error without what chance adds to it, and its 95 % interval.
    """

    expected_calibration_error: float
    negative_log_likelihood: float
    brier: float
    corrected: float
    interval: Interval


def reliability_bins(probabilities: np.ndarray, labels: np.ndarray, n_bins: int = N_BINS) -> np.ndarray:
    """float64 (n_filled, 3): mean confidence, share right and how many, of the pictures whose prediction's confidence
    falls into each of n_bins bins of equal width; empty bins are left out."""
    confidences = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    positions = np.minimum((confidences * n_bins).astype(int), n_bins - 1)
    counts, *sums = (np.bincount(positions, weights, n_bins) for weights in (None, confidences, right))
    filled = np.flatnonzero(counts)
    return np.stack([*(total[filled] / counts[filled] for total in sums), counts[filled]], axis=1)


def expected_calibration_error(bins: np.ndarray) -> float:
    """sum_b n_b / n |accuracy_b - confidence_b|. Source: Guo, Pleiss, Sun, Weinberger, ICML 2017, eq. 3."""
    confidences, accuracies, counts = bins.T
    return float(np.average(np.abs(accuracies - confidences), weights=counts))


def correct_calibration_error(bins: np.ndarray, design_effect: float = 1.0) -> tuple[float, Interval]:
    """The expected calibration error that these bins are likeliest to come from, and its 95 % interval.

    Chance alone makes gaps between accuracy and confidence, so the plain error is too large: 0.027 for a perfectly
    calibrated method and 1,000 pictures. Let the true gap of bin b be l times the observed one, g_b, and that be normal
    with deviation s_b, binomial and shrunk by two pictures of the bin's confidence. The error E(l) then to be expected,
    sum w_b E|N(l g_b, s_b)|, grows with l. The result is l sum w_b |g_b| where E(l) is the error observed; the ends
    where that lies 2.17 deviations away: 97 % nominal, for the gaps' pattern is an estimate too.
    Coverage: 0.937 to 0.983 for 200, 1,000 and 10,000 pictures; bias under 0.010 from 1,000 on.
    """
    confidences, accuracies, counts = bins.T
    gaps = np.abs(accuracies - confidences)
    shares = np.clip((counts * accuracies + 2 * confidences) / (counts + 2), 0.02, 0.98)
    deviations, weights = np.sqrt(design_effect * shares * (1 - shares) / counts), counts / counts.sum()
    error, pattern = float(weights @ gaps), np.maximum(gaps, 0.01 * deviations)

    def excess(scale: float, z: float) -> float:
        true = scale * pattern
        means = foldnorm.mean(true / deviations, scale=deviations)
        spread = np.sqrt((weights**2 * (true**2 + deviations**2 - means**2)).sum())
        return float(weights @ means + z * spread) - error

    def solve(z: float) -> float:
        return 0.0 if excess(0.0, z) >= 0 else float(weights @ pattern) * float(brentq(excess, 0, 1e4, args=(z,)))

    return solve(0.0), (solve(2.17), min(1.0, solve(-2.17)))


def measure_calibration(scores: np.ndarray, labels: np.ndarray, design_effect: float = 1.0) -> Calibration:
    """All measures of the softmax of `scores`. design_effect: of the test pictures, see `Sample`."""
    probabilities = softmax(scores.astype(np.float64), axis=1)
    bins = reliability_bins(probabilities, labels)
    return Calibration(
        expected_calibration_error(bins),
        negative_log_likelihood(scores, labels),
        # Brier 1950: the mean over pictures of sum_k (p_k - [k is the class])^2, in 0..2.
        float(brier_score_loss(labels, probabilities, labels=range(scores.shape[1]), scale_by_half=False)),
        *correct_calibration_error(bins, design_effect),
    )


def calibrated(run: RunResult) -> tuple[float, np.ndarray, np.ndarray]:
    """(temperature, fitted on validation; validation scores and test scores of the run divided by it)."""
    temperature = fit_temperature(run.validation_scores, run.validation_labels)
    return temperature, run.validation_scores / temperature, run.scores / temperature


def selective_accuracy(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """float64 (n,), in 0..1: the share right among the i + 1 pictures with the surest answers.

    scores: float (n, n_classes), after temperature scaling.   labels: int (n,).
    Source: Geifman and El-Yaniv, "Selective classification for deep neural networks", NeurIPS 2017.
    """
    confidences = softmax(scores.astype(np.float64), axis=1).max(axis=1)
    right = (scores.argmax(axis=1) == labels).astype(np.float64)
    _, ties = np.unique(confidences, return_inverse=True)
    # The order within ties would be chance: each of them counts with the mean of all.
    shared = np.bincount(ties, right)[ties] / np.bincount(ties)[ties]
    return np.cumsum(shared[np.argsort(-confidences, kind="stable")]) / np.arange(1, len(labels) + 1)


def coverage_at(curve: np.ndarray, accuracy: float) -> float:
    """The largest share of the pictures with at least this share right; 0 if there is none."""
    reached = np.flatnonzero(curve >= accuracy)
    return float(reached[-1] + 1) / len(curve) if len(reached) else 0.0
