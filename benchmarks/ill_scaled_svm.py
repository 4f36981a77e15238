"""Our linear SVM beside liblinear on twelve ill-scaled sets, at C = 1e-6, 1 and 1e4: how far each is above the optimum.

The optimum is the least objective that either of them, or liblinear at a tolerance of 1e-8, has found; all are computed
in float64 from the weights as they are handed back. Features are float32, as our solver reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TypeVar

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.svm import LinearSVC

from bakeoff.benchmarks.linear_svm import fit_peer
from bakeoff.benchmarks.measurement import Measurement
from bakeoff.pipelines.classic.svm.linear_svm import train_linear_svm

Fit = TypeVar("Fit")
COSTS = (1e-6, 1.0, 1e4)
Set = tuple[np.ndarray, np.ndarray]  # features float32 (n, d), labels int (n,)


def gaussians(n: int = 600, d: int = 40, n_classes: int = 4) -> Set:
    """Overlapping classes, every feature of about unit size."""
    generator = np.random.default_rng(0)
    labels = generator.integers(n_classes, size=n)
    return generator.normal(size=(n, d)) + 0.7 * generator.normal(size=(n_classes, d))[labels], labels


def ill_scaled_sets() -> dict[str, Set]:
    """By name, for people."""
    digits, labels = load_digits(return_X_y=True)
    digits, labels = digits[:600], labels[:600]
    plain, classes = gaussians()
    generator = np.random.default_rng(1)
    n, d = plain.shape
    sets = {
        "digits, raw": (digits, labels),
        "digits x 1e18": (digits * 1e18, labels),
        "digits x 1e-6": (digits * 1e-6, labels),
        "scales 1e-3 .. 1e3": (plain * np.logspace(-3, 3, d), classes),
        "scales 1e-6 .. 1e6": (plain * np.logspace(-6, 6, d), classes),
        "offset of 1e3": (plain + 1e3, classes),
        "one column x 1e8": (plain * np.where(np.arange(d) == 3, 1e8, 1), classes),
        "lengths of rows 1e-3 .. 1e3": (plain * np.logspace(-3, 3, n)[:, None], classes),
        "columns nearly alike": (plain[:, :1] + 1e-3 * plain, classes),
        "wine, raw": load_wine(return_X_y=True),
        "breast cancer, raw": load_breast_cancer(return_X_y=True),
        "iris in 200 columns of scales 1e-2 .. 1e2": (
            load_iris().data @ (generator.normal(size=(4, 200)) * np.logspace(-2, 2, 200)),
            load_iris().target,
        ),
    }
    return {name: (features.astype(np.float32), labels) for name, (features, labels) in sets.items()}


def measure() -> list[Measurement]:
    """One measurement a set and cost. max_abs_error: how far ours is above the optimum, relatively."""
    return [measure_fit(name, *data, cost) for name, data in ill_scaled_sets().items() for cost in COSTS]


def measure_fit(name: str, features: np.ndarray, labels: np.ndarray, cost: float) -> Measurement:
    seconds, svm = timed(lambda: train_linear_svm(features, labels, n_classes=labels.max() + 1, C=cost))
    peer_seconds, peer = timed(lambda: fit_liblinear(features, labels, cost, tolerance=1e-4))
    best = fit_liblinear(features, labels, cost, tolerance=1e-8)
    ours = objective(svm.weights, svm.bias, features, labels, cost)
    theirs, optimum = (_objective_of(model, features, labels, cost) for model in (peer, best))
    optimum = min(ours, theirs, optimum)
    state = "converged" if svm.converged else "NOT converged"
    return Measurement(
        work=f"linear SVM on {name}, C = {cost:g}: {state}, {svm.n_passes} passes; above the optimum by "
        f"{ours / optimum - 1:.1e}, LinearSVC by {theirs / optimum - 1:.1e}",
        ours_per_second=1 / seconds,
        peer="sklearn.svm.LinearSVC(dual=False)",
        peer_per_second=1 / peer_seconds,
        ratio=peer_seconds / seconds,
        max_abs_error=ours / optimum - 1,
    )


def timed(work: Callable[[], Fit]) -> tuple[float, Fit]:
    """Seconds by the clock, and what the work returned."""
    start = perf_counter()
    result = work()
    return perf_counter() - start, result


def fit_liblinear(features: np.ndarray, labels: np.ndarray, cost: float, tolerance: float) -> LinearSVC:
    return fit_peer(LinearSVC(C=cost, dual=False, tol=tolerance, max_iter=2_000), features, labels)


def _objective_of(model: LinearSVC, features: np.ndarray, labels: np.ndarray, cost: float) -> float:
    pair = len(model.classes_) == 2  # then it has the second class's row only, and ours has both
    weights = np.vstack([-model.coef_, model.coef_]) if pair else model.coef_
    bias = np.concatenate([-model.intercept_, model.intercept_]) if pair else model.intercept_
    return objective(weights, bias, features, labels, cost)


def objective(weights: np.ndarray, bias: np.ndarray, features: np.ndarray, labels: np.ndarray, cost: float) -> float:
    """sum over classes of |w|^2 / 2 + b^2 / 2 + C sum_i max(0, 1 - y_i (w.x_i + b))^2, in float64."""
    signs = np.where(labels[:, None] == np.arange(len(weights)), 1, -1)
    weights, bias = weights.astype(np.float64), bias.astype(np.float64)
    losses = np.maximum(0, 1 - signs * (features.astype(np.float64) @ weights.T + bias)) ** 2
    return float(((weights**2).sum() + (bias**2).sum()) / 2 + cost * losses.sum())


if __name__ == "__main__":
    for measurement in measure():
        print(f"{measurement.work} ({measurement.ratio:.2g}x as fast)")
