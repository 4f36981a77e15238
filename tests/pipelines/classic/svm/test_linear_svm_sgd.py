import numpy as np
import pytest
from sklearn.svm import LinearSVC

from bakeoff.pipelines.classic.svm.linear_svm import train_linear_svm
from bakeoff.pipelines.classic.svm.linear_svm_sgd import SgdSettings, SgdSvm, train_linear_svm_sgd

N_CLASSES = 4


def overlapping_classes(n: int = 2000, d: int = 20, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(N_CLASSES, size=n)
    centers = generator.normal(size=(N_CLASSES, d))
    return np.abs(generator.normal(size=(n, d)) + 0.7 * centers[labels] + 1).astype(np.float32), labels


def stream(features: np.ndarray, labels: np.ndarray, rows: int = 500):
    return lambda: ((features[i : i + rows], labels[i : i + rows]) for i in range(0, len(features), rows))


def train(features, labels, seed: int = 0, **settings) -> SgdSvm:
    return train_linear_svm_sgd(
        stream(features, labels),
        n_samples=len(features),
        n_classes=N_CLASSES,
        settings=SgdSettings(**settings),
        seed=seed,
    )


def objective(svm, features, labels, C, positive_weight=1.0) -> float:  # noqa: N803
    signs = np.where(labels[:, None] == np.arange(N_CLASSES), 1, -1)
    losses = np.maximum(0, 1 - signs * (features @ svm.weights.T + svm.bias)) ** 2
    costs = C * np.where(signs > 0, positive_weight, 1)
    return float((svm.weights**2).sum() / 2 + (svm.bias**2).sum() / 2 + (costs * losses).sum())


def liblinear(features, labels, **settings) -> SgdSvm:
    peer = LinearSVC(tol=1e-6, max_iter=100_000, **settings).fit(features, labels)
    return SgdSvm(peer.coef_, peer.intercept_, 0, 0, 0.0)


def predict(svm: SgdSvm, features: np.ndarray) -> np.ndarray:
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
    svm = train(features, labels, C=0.1, batch_size=64, n_epochs=3)
    assert svm.learning_rate >= 4  # of a row alone it would be 1 / (1 + |x|^2) = 1/2
    optimum = objective(liblinear(features, labels, C=0.1), features, labels, 0.1)
    assert objective(svm, features, labels, 0.1) <= optimum * 1.01


def test_one_step_by_hand():
    # One batch of both rows from w = 0: every violation is 1, slopes -2 y, gradient of class 1 is -(2 x1 - 2 x0) / 2.
    features, labels = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 1])
    svm = train_linear_svm_sgd(
        lambda: [(features, labels)],
        n_samples=2,
        n_classes=2,
        settings=SgdSettings(C=1.0, batch_size=2, n_epochs=1, learning_rate=0.25),
        seed=0,
    )
    np.testing.assert_allclose(svm.weights, [[0.25, -0.25], [-0.25, 0.25]])
    np.testing.assert_allclose(svm.bias, [0.0, 0.0])
    assert svm.n_steps == 1


def test_steps_and_average_are_those_of_a_slow_loop():
    features, labels = overlapping_classes(n=12, d=3)
    settings = SgdSettings(C=0.5, batch_size=1, n_epochs=1, learning_rate=0.01, positive_weight=3.0)
    chunks = [(features[i : i + 1], labels[i : i + 1]) for i in range(12)]  # chunks of one row: no shuffling
    ours = train_linear_svm_sgd(lambda: chunks, n_samples=12, n_classes=N_CLASSES, settings=settings, seed=0)
    extended = np.hstack([features, np.ones((12, 1))])
    weights, average, shrinkage = np.zeros((N_CLASSES, 4)), np.zeros((N_CLASSES, 4)), 1 / (12 * 0.5)
    for t, (x, label) in enumerate(zip(extended, labels, strict=True)):
        rate = 0.01 * (1 + shrinkage * 0.01 * t) ** -0.75
        for c in range(N_CLASSES):
            y, cost = (1, 3.0) if label == c else (-1, 1.0)
            violation = max(0.0, 1 - y * float(weights[c] @ x))
            weights[c] -= rate * (shrinkage * weights[c] - cost * 2 * violation * y * x)
        average += 4 / (t + 4) * (weights - average)
    np.testing.assert_allclose(np.hstack([ours.weights, ours.bias[:, None]]), average, atol=1e-6)


def test_decodes_on_the_fly_what_the_caller_compressed():
    features, labels = overlapping_classes(n=500)
    codes = np.round(features * 16).astype(np.uint8)
    arguments = {"n_samples": 500, "n_classes": N_CLASSES, "settings": SgdSettings(n_epochs=2, C=0.01), "seed": 0}
    decoded = train_linear_svm_sgd(
        stream(codes, labels), decode=lambda chunk: chunk.astype(np.float32) / 16, **arguments
    )
    plain = train_linear_svm_sgd(stream(codes.astype(np.float16) / 16, labels), **arguments)
    np.testing.assert_array_equal(decoded.weights, plain.weights)


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


def test_the_caller_stops_it_early():
    features, labels = overlapping_classes(n=300)
    seen = []
    svm = train_linear_svm_sgd(
        stream(features, labels),
        n_samples=300,
        n_classes=N_CLASSES,
        settings=SgdSettings(batch_size=100),
        seed=0,
        on_epoch=lambda svm: seen.append(svm.n_steps) or len(seen) == 3,
    )
    assert svm.n_epochs == 3
    assert seen == [3, 6, 9]


GOOD, LABELS = np.eye(4, dtype=np.float32), np.array([0, 1, 2, 3])
WRONG_STREAMS = {
    "at least two classes, got \\[\\]": list,
    "at least two classes, got \\[2\\]": lambda: [(GOOD, np.full(4, 2))],
    "lie in 0..3, got 0..4": lambda: [(GOOD, np.array([0, 1, 2, 4]))],
    "features \\(n, d\\) and labels \\(n,\\), got \\(4, 4\\) and \\(3,\\)": lambda: [(GOOD, LABELS[:3])],
    "not finite": lambda: [(np.where(GOOD == 1, np.nan, GOOD), LABELS)],
}


@pytest.mark.parametrize("message", WRONG_STREAMS)
def test_names_what_is_wrong_with_a_stream(message):
    with pytest.raises(ValueError, match=message):
        train_linear_svm_sgd(
            WRONG_STREAMS[message], n_samples=4, n_classes=4, settings=SgdSettings(learning_rate=0.1), seed=0
        )


@pytest.mark.parametrize("field", ["C", "positive_weight", "batch_size", "n_epochs", "learning_rate"])
def test_settings_must_be_positive(field):
    with pytest.raises(ValueError, match=f"{field} must be positive, got 0"):
        SgdSettings(**{field: 0})
