"""Scores as probabilities: how far can a method's stated confidence be trusted, before and after temperature scaling.

scores: float (n, n_classes), any linear output (margins of an SVM, logits of a net).   labels: int (n,).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from bakeoff.pipelines.results.run import RunResult

N_BINS = 15  # Guo et al. 2017


@dataclass(frozen=True)
class Calibration:
    """expected_calibration_error, negative_log_likelihood (nats), brier: smaller is better, 0 is perfect."""

    expected_calibration_error: float
    negative_log_likelihood: float
    brier: float


@dataclass(frozen=True)
class ReliabilityBin:
    """The pictures whose confidence fell into one bin: mean confidence, share right, how many."""

    confidence: float
    accuracy: float
    count: int


@dataclass(frozen=True)
class Calibrated:
    """A run's scores divided by its temperature, which is fitted on validation."""

    temperature: float
    validation_scores: np.ndarray
    scores: np.ndarray


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """float64 (n, n_classes): logarithm of softmax, safe for large scores."""
    shifted = scores.astype(np.float64) - scores.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def softmax(scores: np.ndarray) -> np.ndarray:
    """float64 (n, n_classes), rows sum to 1."""
    return np.exp(log_softmax(scores))


def negative_log_likelihood(scores: np.ndarray, labels: np.ndarray) -> float:
    """Mean of -log p(true class), in nats."""
    return float(-log_softmax(scores)[np.arange(len(labels)), labels].mean())


def brier_score(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean over pictures of sum_k (p_k - [k is the class])^2, in 0..2. Source: Brier 1950."""
    errors = probabilities.copy()
    errors[np.arange(len(labels)), labels] -= 1
    return float((errors**2).sum(axis=1).mean())


def reliability_bins(probabilities: np.ndarray, labels: np.ndarray, n_bins: int = N_BINS) -> list[ReliabilityBin]:
    """Pictures grouped by the confidence of their prediction, in bins of equal width; empty bins are left out."""
    confidences = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    positions = np.minimum((confidences * n_bins).astype(int), n_bins - 1)
    groups = [positions == position for position in range(n_bins)]
    return [
        ReliabilityBin(float(confidences[group].mean()), float(right[group].mean()), int(group.sum()))
        for group in groups
        if group.any()
    ]


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, n_bins: int = N_BINS) -> float:
    """sum_b n_b / n |accuracy_b - confidence_b|. Source: Guo, Pleiss, Sun, Weinberger, ICML 2017, eq. 3."""
    bins = reliability_bins(probabilities, labels, n_bins)
    return sum(b.count * abs(b.accuracy - b.confidence) for b in bins) / len(labels)


def measure_calibration(scores: np.ndarray, labels: np.ndarray) -> Calibration:
    """All three measures of the softmax of `scores`."""
    probabilities = softmax(scores)
    return Calibration(
        expected_calibration_error(probabilities, labels),
        negative_log_likelihood(scores, labels),
        brier_score(probabilities, labels),
    )


def fit_temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """The T > 0 that minimizes the negative log-likelihood of softmax(scores / T), searched in 1e-3..1e3.

    Fit it on validation scores. Source: Guo et al. 2017, section 4.2.
    """
    bound = np.log(1e3)
    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(scores / np.exp(log_t), labels), bounds=(-bound, bound), method="bounded"
    )
    return float(np.exp(found.x))


def calibrated(run: RunResult) -> Calibrated:
    """The scores of a run, made comparable with another's."""
    temperature = fit_temperature(run.validation_scores, run.validation_labels)
    return Calibrated(temperature, run.validation_scores / temperature, run.scores / temperature)
