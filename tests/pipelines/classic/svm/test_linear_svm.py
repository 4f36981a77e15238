from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from sklearn.datasets import load_digits
from sklearn.svm import LinearSVC

from bakeoff.pipelines.classic.matrix.feature_matrix import as_matrix
from bakeoff.pipelines.classic.svm.direction_space import column_scale
from bakeoff.pipelines.classic.svm.linear_svm import (
    CLASSES_TOGETHER,
    LinearSvm,
    predict_scores,
    train_linear_svm,
    with_more_rows,
)


def overlapping_classes(n: int = 400, d: int = 30, n_classes: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(n_classes, size=n)
    centers = generator.normal(size=(n_classes, d))
    features = np.abs(generator.normal(size=(n, d)) + 0.5 * centers[labels] + 1)  # a strong common direction
    return features.astype(np.float32), labels


def objectives(features, labels, weights, bias, C, n_classes, scaling=1.0, balance=None):  # noqa: N803
    """Class by class, as the formula reads, in float64."""
    values = []
    for c in range(n_classes):
        signs = np.where(labels == c, 1, -1)
        costs = C * np.where(labels == c, 1 if balance is None else balance[c], 1)
        losses = np.maximum(0, 1 - signs * (features.astype(np.float64) @ weights[c] + bias[c])) ** 2
        values.append(0.5 * weights[c] @ weights[c] + 0.5 * (bias[c] / scaling) ** 2 + (costs * losses).sum())
    return np.array(values)


def test_two_points_have_the_solution_found_by_hand():
    # x = +-1, symmetric, so no bias: w^2 / 2 + 2 C (1 - w)^2 is least at w = 4 C / (1 + 4 C).
    svm = train_linear_svm(np.array([[1.0], [-1.0]]), np.array([1, 0]), n_classes=2, C=0.5, tolerance=1e-9)
    np.testing.assert_allclose(svm.weights, [[-2 / 3], [2 / 3]], atol=1e-6)
    np.testing.assert_allclose(svm.bias, 0, atol=1e-6)
    assert svm.objective == pytest.approx(2 * (2 / 9 + 1 / 9), abs=1e-6)
    assert svm.converged


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
def test_equals_liblinear(C):  # noqa: N803
    features, labels = overlapping_classes()
    peer = LinearSVC(C=C, tol=1e-9, max_iter=100_000, dual=False).fit(features, labels)
    ours = train_linear_svm(features, labels, n_classes=4, C=C, tolerance=1e-7)
    optimum = objectives(features, labels, peer.coef_, peer.intercept_, C, 4).sum()
    assert ours.objective == pytest.approx(optimum, rel=1e-6)
    np.testing.assert_allclose(ours.weights, peer.coef_, atol=2e-3 * np.abs(peer.coef_).max())
    assert (predict_scores(features, ours).argmax(axis=1) == peer.predict(features)).mean() > 0.995


def test_what_was_learned_of_the_first_rows_spares_passes_with_more_of_them():
    features, labels = overlapping_classes(n=500)
    settings, spaces = {"n_classes": 4, "C": 1.0, "tolerance": 1e-4}, []
    first = train_linear_svm(features[:400], labels[:400], spaces=spaces, **settings)
    extended = with_more_rows(spaces, as_matrix(features[400:]))
    assert extended[0].scores.shape[0] == 500
    anew = train_linear_svm(features, labels, **settings)
    known = train_linear_svm(features, labels, initial=first, spaces=extended, **settings)
    assert known.objective == pytest.approx(anew.objective, rel=1e-4)
    assert known.n_passes < anew.n_passes
    assert spaces[0].scores.shape[0] == 400


def test_balanced_classes_equal_liblinear():
    features, labels = overlapping_classes()
    kept = (labels != 2) | (np.arange(len(labels)) % 5 == 0)
    features, labels = features[kept], labels[kept]
    settings = {"C": 0.1, "class_weight": "balanced"}
    peer = LinearSVC(tol=1e-8, max_iter=100_000, dual=False, **settings).fit(features, labels)
    ours = train_linear_svm(features, labels, n_classes=4, tolerance=1e-7, **settings)
    np.testing.assert_allclose(ours.weights, peer.coef_, atol=1e-3 * np.abs(peer.coef_).max())
    np.testing.assert_allclose(ours.bias, peer.intercept_, atol=1e-3 * np.abs(peer.intercept_).max())


def test_two_balanced_classes_equal_liblinear_in_both_rows():
    features, labels = overlapping_classes(n_classes=2)
    kept = (labels == 1) | (np.arange(len(labels)) % 4 == 0)
    peer = LinearSVC(C=0.1, class_weight="balanced", tol=1e-8, max_iter=100_000, dual=False)
    peer.fit(features[kept], labels[kept])
    ours = train_linear_svm(features[kept], labels[kept], n_classes=2, C=0.1, class_weight="balanced", tolerance=1e-7)
    np.testing.assert_allclose(ours.weights, np.vstack([-peer.coef_, peer.coef_]), atol=1e-3 * np.abs(peer.coef_).max())


def test_objective_is_that_of_the_formula_and_of_a_general_solver():
    features, labels = overlapping_classes(n=60, d=5, n_classes=3)
    svm = train_linear_svm(features, labels, n_classes=3, C=2.0, tolerance=1e-7)
    own = objectives(features, labels, svm.weights, svm.bias, 2.0, 3)
    assert svm.objective == pytest.approx(own.sum(), rel=1e-5)
    for c in range(3):
        general = minimize(
            lambda w, c=c: objectives(features, np.where(labels == c, 0, 1), w[None, :-1], w[-1:], 2.0, 1)[0],
            np.zeros(6),
            tol=1e-10,
        )
        assert own[c] == pytest.approx(general.fun, rel=1e-5)


@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-4])
@pytest.mark.parametrize("C", [0.0001, 0.01, 1.0])
def test_stops_within_its_tolerance(C, tolerance):  # noqa: N803
    features, labels = overlapping_classes(n=800, d=100)
    optimum = train_linear_svm(features, labels, n_classes=4, C=C, tolerance=1e-8)
    ours = train_linear_svm(features, labels, n_classes=4, C=C, tolerance=tolerance)
    assert ours.converged
    assert ours.objective <= optimum.objective * (1 + tolerance)


@pytest.mark.parametrize("kind", ["torch", "float16", "memmap"])
def test_every_kind_of_features_gives_the_same_svm(kind, tmp_path):
    features, labels = overlapping_classes()
    features = features.astype(np.float16).astype(np.float32)
    expected = train_linear_svm(features, labels, n_classes=4, C=1.0)
    np.save(tmp_path / "features.npy", features)
    made = {
        "torch": lambda: torch.from_numpy(features),
        "float16": lambda: torch.from_numpy(features).half(),
        "memmap": lambda: np.load(tmp_path / "features.npy", mmap_mode="r"),
    }[kind]()
    svm = train_linear_svm(made, torch.from_numpy(labels), n_classes=4, C=1.0)
    np.testing.assert_allclose(svm.weights, expected.weights, atol=1e-3)
    np.testing.assert_allclose(predict_scores(made, svm), features @ svm.weights.T + svm.bias, atol=1e-4)


def test_order_of_rows_does_not_matter():
    features, labels = overlapping_classes()
    order = np.argsort(labels, kind="stable")  # also: sorted by class
    first, second = (
        train_linear_svm(features[rows], labels[rows], n_classes=4, C=1.0, tolerance=1e-7)
        for rows in (slice(None), order)
    )
    np.testing.assert_allclose(first.weights, second.weights, atol=1e-3)


def test_a_warm_start_at_the_solution_takes_few_steps_and_stays_there():
    features, labels = overlapping_classes(n=800, d=100)
    cold = train_linear_svm(features, labels, n_classes=4, C=1.0, tolerance=1e-6)
    warm = train_linear_svm(features, labels, n_classes=4, C=1.0, tolerance=1e-6, initial=cold)
    assert warm.n_iterations <= cold.n_iterations / 4
    assert warm.objective <= cold.objective * (1 + 1e-6)


def test_another_cost_in_the_known_space_takes_fewer_passes_to_the_same_minimum():
    features, labels = overlapping_classes(n=800, d=100)
    spaces = []
    train_linear_svm(features, labels, n_classes=4, C=0.01, tolerance=1e-5, spaces=spaces)
    cold = train_linear_svm(features, labels, n_classes=4, C=0.02, tolerance=1e-5)
    known = train_linear_svm(features, labels, n_classes=4, C=0.02, tolerance=1e-5, spaces=spaces)
    assert known.n_passes < cold.n_passes
    assert known.objective == pytest.approx(cold.objective, rel=1e-5)


def test_many_classes_search_in_groups_and_still_equal_liblinear():
    features, labels = overlapping_classes(n=600, d=20, n_classes=CLASSES_TOGETHER + 3)
    peer = LinearSVC(C=0.1, tol=1e-9, max_iter=100_000, dual=False).fit(features, labels)
    ours = train_linear_svm(features, labels, n_classes=CLASSES_TOGETHER + 3, C=0.1, tolerance=1e-7)
    np.testing.assert_allclose(ours.weights, peer.coef_, atol=2e-3 * np.abs(peer.coef_).max())


def test_an_absent_class_scores_below_the_others_and_duplicate_rows_count_as_twice_the_cost():
    features, labels = overlapping_classes()
    once = train_linear_svm(features, labels, n_classes=5, C=1.0, tolerance=1e-7)
    twice = train_linear_svm(np.tile(features, (2, 1)), np.tile(labels, 2), n_classes=5, C=0.5, tolerance=1e-7)
    np.testing.assert_allclose(once.weights, twice.weights, atol=0.01)
    assert once.objective == pytest.approx(twice.objective, rel=1e-5)
    assert (predict_scores(features, once)[:, 4] < 0).all()


def test_steps_only_go_down_and_are_told():
    features, labels = overlapping_classes()
    steps = []
    svm = train_linear_svm(features, labels, n_classes=4, C=10.0, on_step=lambda *step: steps.append(step))
    assert len(steps) == svm.n_iterations
    objectives, n_passes = zip(*steps, strict=True)
    assert all(after <= before * (1 + 1e-6) for before, after in pairwise(objectives))
    assert list(n_passes) == sorted(n_passes)
    assert (objectives[-1], n_passes[-1]) == (svm.objective, svm.n_passes)


def ill_scaled(kind: str) -> tuple[np.ndarray, np.ndarray]:
    if kind.startswith("digits"):
        pixels, labels = load_digits(return_X_y=True)
        return (pixels[:600] * (1e18 if kind == "digits x 1e18" else 1)).astype(np.float32), labels[:600]
    features, labels = overlapping_classes()
    return features * np.logspace(-3, 3, features.shape[1], dtype=np.float32), labels


def least_objective(features: np.ndarray, labels: np.ndarray, C: float) -> float:  # noqa: N803
    """Of all classes, by Newton's method in float64 on columns of unit length, whose objective is the same."""
    rows = np.hstack([features.astype(np.float64), np.ones((len(features), 1))])
    lengths = np.sqrt(1 + (rows**2).sum(axis=0))
    rows, price = rows / lengths, 1 / lengths**2
    total = 0.0
    for c in np.unique(labels):
        signs = np.where(labels == c, 1, -1)

        def value(w, signs=signs):
            return 0.5 * price @ w**2 + C * (np.maximum(0, 1 - signs * (rows @ w)) ** 2).sum()

        w = np.zeros(rows.shape[1])
        for _ in range(500):
            missing = np.maximum(0, 1 - signs * (rows @ w))
            active = rows[missing > 0]
            step = -np.linalg.solve(
                2 * C * active.T @ active + np.diag(price), price * w - 2 * C * (signs * missing) @ rows
            )
            length = max(0.5 ** np.arange(30), key=lambda t, w=w, step=step, value=value: -value(w + t * step))
            if value(w) - value(w + length * step) <= 1e-12 * value(w):
                break
            w = w + length * step
        total += value(w)
    return total


@pytest.mark.parametrize(("kind", "C"), [("digits", 1000.0), ("scales", 1e-6), ("scales", 1.0), ("scales", 1e4)])
def test_reaches_the_optimum_of_ill_scaled_features(kind, C):  # noqa: N803
    features, labels = ill_scaled(kind)
    svm = train_linear_svm(features, labels, n_classes=labels.max() + 1, C=C)
    reached = objectives(features, labels, svm.weights.astype(np.float64), svm.bias, C, labels.max() + 1).sum()
    assert svm.converged
    assert reached <= least_objective(features, labels, C) * (1 + 1e-4)
    assert svm.objective == pytest.approx(reached, rel=1e-4)


def test_says_so_where_float32_does_not_reach_the_optimum():
    features, labels = ill_scaled("digits x 1e18")
    svm = train_linear_svm(features, labels, n_classes=10, C=1.0)
    assert not svm.converged
    assert (predict_scores(features, svm).argmax(axis=1) == labels).mean() > 0.99  # not all weights 0


def test_columns_within_a_band_keep_their_scale_and_others_come_into_it():
    plain = np.random.default_rng(0).normal(size=(500, 6)).astype(np.float32)
    torch.testing.assert_close(column_scale(as_matrix(plain), 1.0), torch.full((7,), 1000**-0.5), rtol=0.1, atol=0)
    bends = np.sqrt(1 + 2 * 500 * np.logspace(-6, 6, 6) ** 2)
    scaled = column_scale(as_matrix(plain * np.logspace(-6, 6, 6, dtype=np.float32)), 1.0)[:-1].numpy() * bends
    assert scaled.max() / scaled.min() < 10**2 * 1.2
    assert torch.isfinite(column_scale(as_matrix(plain * np.float32(1e30)), 1.0)).all()


def test_says_when_it_has_not_converged():
    features, labels = overlapping_classes()
    assert not train_linear_svm(features, labels, n_classes=4, C=10.0, max_iterations=2).converged


GOOD = np.eye(4, dtype=np.float32)
WRONG_INPUTS = {
    "got only class 1": {"labels": np.ones(4, dtype=int)},
    "lie in 0..2, got 0..3": {"labels": np.arange(4)},
    "lie in 0..2, got -1..2": {"labels": np.arange(4) - 1},
    "shape \\(4,\\) to match the features": {"labels": np.array([0, 1])},
    "integers": {"labels": np.array([0.0, 1.0, 2.0, 0.0])},
    "C must be positive, got 0": {"C": 0},
    "n and d at least 1, got \\(0, 4\\)": {"features": GOOD[:0], "labels": np.zeros(0, dtype=int)},
    "NaN, infinity": {"features": np.where(GOOD == 1, np.nan, GOOD)},
    "got NaN, infinity": {"features": np.where(GOOD == 1, -np.inf, GOOD)},
    "class_weight must hold 3 positive factors, got \\(1, 1\\)": {"class_weight": (1, 1)},
    "class_weight must hold 3 positive factors, got \\(1, 0, 1\\)": {"class_weight": (1, 0, 1)},
    "initial.weights must have shape \\(3, 4\\)": {
        "initial": LinearSvm(np.zeros((3, 5), np.float32), np.zeros(3, np.float32), 0, 0, 0, True)
    },
}


@pytest.mark.parametrize("message", WRONG_INPUTS)
def test_names_what_is_wrong(message):
    settings = {"features": GOOD, "labels": np.array([0, 1, 2, 0]), "n_classes": 3, "C": 1.0} | WRONG_INPUTS[message]
    with pytest.raises(ValueError, match=message):
        train_linear_svm(settings.pop("features"), settings.pop("labels"), **settings)


def test_scores_want_the_columns_that_the_svm_was_trained_on():
    svm = train_linear_svm(GOOD, np.array([0, 1, 2, 0]), n_classes=3, C=1.0)
    with pytest.raises(ValueError, match=r"shape \(n, 4\) to match the svm, got \(4, 3\)"):
        predict_scores(GOOD[:, :3], svm)
