from itertools import islice

import numpy as np
import pytest
import torch
from sklearn.svm import LinearSVC

from bakeoff.pipelines.classic.svm.linear_svm import LinearSvm, train_linear_svm
from bakeoff.pipelines.classic.svm.linear_svm_sgd import Descent, SgdSettings, descend

N_CLASSES = 4


def overlapping_classes(n: int = 2000, d: int = 20, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(N_CLASSES, size=n)
    centers = generator.normal(size=(N_CLASSES, d))
    return np.abs(generator.normal(size=(n, d)) + 0.7 * centers[labels] + 1).astype(np.float32), labels


def stream(features: np.ndarray, labels: np.ndarray, rows: int = 500):
    chunks = list(zip(*(torch.from_numpy(values).split(rows) for values in (features, labels)), strict=True))
    return lambda: chunks


def after(n_epochs: int, chunks, n_samples: int, n_classes: int = N_CLASSES, seed: int = 0, **settings) -> Descent:
    *_, descent = islice(descend(chunks, n_samples, n_classes, SgdSettings(**settings), seed=seed), n_epochs)
    return descent


def train(features, labels, seed: int = 0, n_epochs: int = 1, **settings) -> LinearSvm:
    descent = after(n_epochs, stream(features, labels), len(features), seed=seed, **settings)
    return LinearSvm(descent.average.numpy().copy(), descent.average_bias.numpy().copy())


def objective(svm, features, labels, C, positive_weight=1.0) -> float:  # noqa: N803
    signs = np.where(labels[:, None] == np.arange(N_CLASSES), 1, -1)
    losses = np.maximum(0, 1 - signs * (features @ svm.weights.T + svm.bias)) ** 2
    costs = C * np.where(signs > 0, positive_weight, 1)
    return float((svm.weights**2).sum() / 2 + (svm.bias**2).sum() / 2 + (costs * losses).sum())


def liblinear(features, labels, **settings) -> LinearSvm:
    peer = LinearSVC(tol=1e-6, max_iter=100_000, **settings).fit(features, labels)
    return LinearSvm(peer.coef_, peer.intercept_)


def predict(svm: LinearSvm, features: np.ndarray) -> np.ndarray:
    return (features @ svm.weights.T + svm.bias).argmax(axis=1)


@pytest.mark.parametrize("batch_size", [8, 32])
def test_reaches_the_optimum_of_liblinear(batch_size):
    features, labels = overlapping_classes()
    peer = liblinear(features, labels, C=0.001)
    ours = train(features, labels, C=0.001, batch_size=batch_size, n_epochs=10)
    optimum = objective(peer, features, labels, 0.001)
    assert optimum <= objective(ours, features, labels, 0.001) * (1 + 1e-5)
    assert objective(ours, features, labels, 0.001) <= optimum * 1.01
    assert (predict(ours, features) == predict(peer, features)).mean() >= 0.99


def test_the_bias_does_not_hold_back_vectors_that_are_short_along_every_direction():
    generator = np.random.default_rng(0)
    labels = generator.integers(N_CLASSES, size=2000)
    features = generator.normal(size=(2000, 500)) + 0.3 * generator.normal(size=(N_CLASSES, 500))[labels]
    features = (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32)
    descent = after(3, stream(features, labels), 2000, C=0.1, batch_size=64)
    assert descent.first_rate >= 4  # of a row alone it would be 1 / (1 + |x|^2) = 1/2
    optimum = objective(liblinear(features, labels, C=0.1), features, labels, 0.1)
    svm = train(features, labels, C=0.1, batch_size=64, n_epochs=3)
    assert objective(svm, features, labels, 0.1) <= optimum * 1.01


def test_one_step_by_hand():
    # One batch of both rows from w = 0: every violation is 1, slopes -2 y, gradient of class 1 is -(2 x1 - 2 x0) / 2.
    descent = after(1, lambda: [(torch.eye(2), torch.tensor([0, 1]))], 2, n_classes=2, C=1.0, batch_size=2)
    step = descent.first_rate
    np.testing.assert_allclose(descent.average, [[step, -step], [-step, step]])
    np.testing.assert_allclose(descent.average_bias, [0.0, 0.0])
    assert descent.n_steps == 1


def test_steps_and_average_are_those_of_a_slow_loop():
    features, labels = overlapping_classes(n=12, d=3)
    # chunks of one row: no shuffling
    ours = after(1, stream(features, labels, rows=1), 12, C=0.5, batch_size=1, positive_weight=3.0)
    extended = np.hstack([features, np.ones((12, 1))])
    weights, average, shrinkage = np.zeros((N_CLASSES, 4)), np.zeros((N_CLASSES, 4)), 1 / (12 * 0.5)
    for t, (x, label) in enumerate(zip(extended, labels, strict=True)):
        rate = ours.first_rate * (1 + shrinkage * ours.first_rate * t) ** -0.75
        for c in range(N_CLASSES):
            y, cost = (1, 3.0) if label == c else (-1, 1.0)
            violation = max(0.0, 1 - y * float(weights[c] @ x))
            weights[c] -= rate * (shrinkage * weights[c] - cost * 2 * violation * y * x)
        average += 4 / (t + 4) * (weights - average)
    np.testing.assert_allclose(np.hstack([ours.average, ours.average_bias[:, None]]), average, rtol=1e-4, atol=1e-6)


def test_a_positive_weight_is_the_cost_of_a_class_s_own_rows():
    features, labels = overlapping_classes()
    settings = {"C": 0.001, "positive_weight": 5.0, "n_epochs": 20}
    ours = train(features, labels, **settings)
    plain = train_linear_svm(features, labels, n_classes=N_CLASSES, C=0.001)
    values = [objective(svm, features, labels, 0.001, 5.0) for svm in (ours, plain)]
    assert values[0] < 0.95 * values[1]
    recall = [(features @ svm.weights.T + svm.bias > 0)[np.arange(2000), labels].mean() for svm in (ours, plain)]
    assert recall[0] > recall[1]


def test_the_same_seed_gives_the_same_svm_and_another_seed_another():
    features, labels = overlapping_classes(n=300)
    first, again, other = (train(features, labels, seed=seed, n_epochs=1) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.weights, again.weights)
    assert not np.array_equal(first.weights, other.weights)


def test_the_caller_takes_as_many_epochs_as_it_likes():
    features, labels = overlapping_classes(n=300)
    epochs = descend(stream(features, labels), 300, N_CLASSES, SgdSettings(batch_size=100), seed=0)
    assert [descent.n_steps for descent in islice(epochs, 3)] == [3, 6, 9]


def test_a_feature_that_is_not_finite_is_named():
    features = torch.eye(4).where(torch.eye(4) == 0, torch.nan)
    with pytest.raises(ValueError, match="not finite"):
        after(1, lambda: [(features, torch.arange(4))], 4)


@pytest.mark.parametrize("field", ["C", "positive_weight", "batch_size"])
def test_settings_must_be_positive(field):
    with pytest.raises(ValueError, match=f"{field} must be positive, got 0"):
        SgdSettings(**{field: 0})
