"""Temperature scaling of scores, and of two classes the threshold of the wanted one; both chosen on validation.

scores: float (n, n_classes), any linear output (margins of an SVM, logits of a net).   labels: int (n,).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

FALSE_ALARMS = 0.01  # share of the other class's validation pictures that may pass a model's own threshold


@dataclass(frozen=True)
class Calibrator:
    """What makes probabilities of a model's scores, and decides between two classes.

    temperature: T of softmax(scores / T).   wanted: of two classes the index of the one that is looked for.
    threshold: the probability of it from which a picture passes for it; None, as `wanted`, for more classes.
    Raises ValueError for a temperature that is not positive and finite, or a threshold outside 0..1.
    """

    temperature: float = 1.0
    wanted: int | None = None
    threshold: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.temperature < np.inf:
            raise ValueError(f"temperature must be positive and finite, got {self.temperature}")
        if (self.wanted is None) != (self.threshold is None) or self.wanted not in (None, 0, 1):
            raise ValueError(f"wanted must be 0 or 1 beside a threshold, got {self.wanted} and {self.threshold}")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must lie in 0..1, got {self.threshold}")

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """float64 (n, n_classes), rows of sum 1.

        >>> Calibrator(temperature=2.0).probabilities(np.array([[0.0, 2 * np.log(3.0)]])).round(2).tolist()
        [[0.25, 0.75]]
        """
        found: np.ndarray = softmax(scores.astype(np.float64) / self.temperature, axis=-1)
        return found


def fit_calibrator(scores: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> Calibrator:
    """Temperature and threshold from validation scores. counts: training pictures of each class."""
    temperature = fit_temperature(scores, labels)
    if len(counts) != 2:
        return Calibrator(temperature)
    wanted = wanted_class(counts)
    chances = Calibrator(temperature).probabilities(scores)[:, wanted]
    return Calibrator(temperature, wanted, min(1.0, choose_threshold(labels == wanted, chances, FALSE_ALARMS)))


def true_margins(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """float64 (n,): the score of the true class less the highest of the others; positive where the answer is right."""
    others, rows = scores.astype(np.float64), np.arange(len(labels))
    true = others[rows, labels]
    others[rows, labels] = -np.inf
    return true - others.max(axis=1)


def wanted_class(counts: np.ndarray) -> int:
    """Of two classes the one that is looked for: the rarer in training, of equal ones the second."""
    return int(counts[1] <= counts[0])


def negative_log_likelihood(
    scores: np.ndarray, labels: np.ndarray, smoothing: float = 0.0, weights: np.ndarray | None = None
) -> float:
    """Mean of -sum_k t_k log p_k, in nats: t is 1 - smoothing for the true class, the rest is shared by the others.

    weights: of the pictures, (n,); None means equal ones.
    """
    logs = log_softmax(scores.astype(np.float64), axis=1)
    true = logs[np.arange(len(labels)), labels]
    others = (logs.sum(axis=1) - true) / max(1, scores.shape[1] - 1)
    return float(-np.average((1 - smoothing) * true + smoothing * others, weights=weights))


def smoothing_of(labels: np.ndarray) -> float:
    """Laplace's share of errors among so many pictures where none was seen."""
    return 1 / (len(labels) + 2)


def fit_temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """The T > 0 that minimizes the negative log-likelihood of softmax(scores / T), searched in 1e-3..1e3.

    Fit it on validation scores. Targets are smoothed by 1 / (n + 2), Laplace's share of errors where none was seen:
    without that, n pictures that are all classified correctly would make every probability 1.
    Sources: Guo et al., ICML 2017, section 4.2; Platt 1999, section 2.2, for the targets.
    """
    bound = np.log(1e3)
    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(scores / np.exp(log_t), labels, smoothing_of(labels)),
        bounds=(-bound, bound),
        method="bounded",
    )
    return float(np.exp(found.x))


def choose_threshold(is_wanted: np.ndarray, scores: np.ndarray, false_alarms: float) -> float:
    """The lowest threshold at which no more than that share of the others pass; infinite if one of them is on top.

    is_wanted: bool (n,).   scores: float (n,); at the threshold and above, a picture is taken for the wanted class.
    """
    others = np.sort(scores[~is_wanted])[::-1]
    n_passing = int(false_alarms * len(others) + 1e-9)
    first_refused = others[n_passing] if n_passing < len(others) else -np.inf
    return float(min(scores[scores > first_refused], default=np.inf))
