import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score
from sklearn.utils.class_weight import compute_class_weight

from bakeoff.pipelines.results.balance import balanced_accuracy, class_weights, fits_training, is_unbalanced


def answers(n: int, k: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Of k classes of n / k pictures each, the same share predicted correctly, the others as the next class."""
    labels = np.repeat(np.arange(k), n // k)
    wrong = np.tile(np.arange(n // k) >= round(share * (n // k)), k)
    return (labels + wrong) % k, labels


@pytest.mark.parametrize(("counts", "expected"), [((50, 10), True), ((49, 10), False), ((7, 7, 7), False)])
def test_unbalanced_is_five_to_one(counts, expected):
    assert is_unbalanced(np.array(counts)) is expected


def test_balanced_accuracy_and_weights_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    labels = rng.choice(4, 300, p=(0.7, 0.2, 0.08, 0.02))
    predictions = np.where(rng.random(300) < 0.6, labels, rng.integers(0, 4, 300))
    assert balanced_accuracy(predictions, labels) == pytest.approx(balanced_accuracy_score(labels, predictions))
    weights = class_weights(np.bincount(labels))
    np.testing.assert_allclose(weights, compute_class_weight("balanced", classes=np.arange(4), y=labels))
    assert weights[labels].mean() == pytest.approx(1)


def test_classes_of_similar_size_weigh_the_same_and_a_missing_one_nothing():
    np.testing.assert_array_equal(class_weights(np.array([40, 10, 30])), [1, 1, 1])
    np.testing.assert_allclose(class_weights(np.array([40, 0, 10])), [50 / 80, 0, 50 / 20])


@pytest.mark.parametrize(
    ("n", "k", "share", "expected"),
    [
        (300, 10, 0.13, False),  # nets of a learning curve that were not trained
        (1000, 10, 0.246, False),
        (1200, 6, 0.21, False),
        (300, 10, 0.48, True),  # and one that was
        (45_000, 2, 0.55, False),
        (45_000, 2, 0.7, True),
        (20, 2, 0.7, False),  # 14 of 20: a coin may do that
        (8100, 81, 0.08, False),
        (8100, 81, 0.15, True),  # a twelvefold gain over chance, though most pictures are wrong
    ],
)
def test_a_net_trained_if_it_clearly_beats_the_constant_answer(n, k, share, expected):
    assert fits_training(*answers(n, k, share)) is expected


def test_predicting_the_largest_class_is_no_training_however_accurate():
    labels = np.repeat([0, 1], [950, 50])
    assert not fits_training(np.zeros(1000, int), labels)
    assert fits_training(np.where(np.arange(1000) < 975, 0, 1), labels)  # half of the rare class


def test_drawn_answers_are_hardly_ever_taken_for_training():
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(3), 20)
    assert np.mean([fits_training(rng.integers(0, 3, 60), labels) for _ in range(2000)]) < 0.005
