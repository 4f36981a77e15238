import numpy as np
import pytest
from sklearn import metrics as reference

from reports.metrics import accuracy_per_class, balanced_accuracy, confusion_matrix, macro_f1, worst_confusions

LABELS = np.array([0, 0, 0, 1, 1, 2])
PREDICTIONS = np.array([0, 0, 1, 1, 2, 2])


def test_metrics_by_hand():
    confusion = confusion_matrix(LABELS, PREDICTIONS, 3)
    assert confusion.tolist() == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    assert accuracy_per_class(confusion) == pytest.approx([2 / 3, 1 / 2, 1])
    assert balanced_accuracy(confusion) == pytest.approx(13 / 18)
    assert macro_f1(confusion) == pytest.approx((4 / 5 + 2 / 4 + 2 / 3) / 3)


def test_metrics_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(0, 7, 500), rng.integers(0, 7, 500)
    confusion = confusion_matrix(labels, predictions, 7)
    assert (confusion == reference.confusion_matrix(labels, predictions)).all()
    assert balanced_accuracy(confusion) == pytest.approx(reference.balanced_accuracy_score(labels, predictions))
    assert macro_f1(confusion) == pytest.approx(reference.f1_score(labels, predictions, average="macro"))


def test_a_class_without_pictures_does_not_count():
    confusion = confusion_matrix(np.array([0, 1]), np.array([0, 1]), 3)
    assert np.isnan(accuracy_per_class(confusion)[2])
    assert balanced_accuracy(confusion) == macro_f1(confusion) == 1.0


def test_worst_confusions_come_first_and_right_answers_never():
    assert worst_confusions(confusion_matrix(LABELS, PREDICTIONS, 3), 5) == [(1, 2, 0.5), (0, 1, pytest.approx(1 / 3))]
