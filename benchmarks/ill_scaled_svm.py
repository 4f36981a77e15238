"""Our linear SVM beside liblinear on twelve ill-scaled sets, at C = 1e-6, 1 and 1e4: how far each is above the optimum.

The optimum is the least objective that either of them, or liblinear at a tolerance of 1e-8, has found; all are computed
in float64 from the weights as they are handed back. Features are float32, as our solver reads them.
"""

from itertools import product

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.svm import LinearSVC

from bakeoff.benchmarks.bench import Measurement, compare
from bakeoff.benchmarks.linear_svm import fit_peer, objective, train

COSTS = (1e-6, 1.0, 1e4)
Set = tuple[np.ndarray, np.ndarray]  # features float32 (n, d), labels int (n,)


def ill_scaled_sets() -> dict[str, Set]:
    """By name, for people."""
    digits, labels = load_digits(return_X_y=True)
    digits, labels = digits[:600], labels[:600]
    generator = np.random.default_rng(0)
    classes = generator.integers(4, size=(n := 600))  # overlapping ones, every feature of about unit size
    plain = generator.normal(size=(n, d := 40)) + 0.7 * generator.normal(size=(4, d))[classes]
    generator = np.random.default_rng(1)
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


SETTINGS = tuple(product(ill_scaled_sets(), COSTS))


def measure(name: str, cost: float) -> Measurement:
    """max_abs_error: how far ours is above the optimum, relatively."""
    features, labels = ill_scaled_sets()[name]

    def liblinear(tolerance: float = 1e-4) -> LinearSVC:
        return fit_peer(LinearSVC(C=cost, dual=False, tol=tolerance, max_iter=2_000), features, labels)

    svm = train(features, labels, cost)
    ours = objective(svm.weights, svm.bias, features, labels, cost)
    peers = liblinear(), liblinear(1e-8)
    theirs, best = (objective(peer.coef_, peer.intercept_, features, labels, cost) for peer in peers)
    optimum = min(ours, theirs, best)
    state = "converged" if svm.converged else "NOT converged"
    return compare(
        f"linear SVM on {name}, C = {cost:g}: {state}, {svm.n_passes} passes; above the optimum by "
        f"{ours / optimum - 1:.1e}, LinearSVC by {theirs / optimum - 1:.1e}",
        lambda: train(features, labels, cost),
        "sklearn.svm.LinearSVC(dual=False)",
        liblinear,
        lambda *_: ours / optimum - 1,
        repeats=1,
    )
