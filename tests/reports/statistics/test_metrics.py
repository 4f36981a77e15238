import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from bakeoff.reports.statistics.metrics import accuracy_per_class, worst_confusions

LABELS = np.array([0, 0, 0, 1, 1, 2])
PREDICTIONS = np.array([0, 0, 1, 1, 2, 2])
N_CLASSES = 5
CLASSES = range(N_CLASSES)
answers = st.lists(st.tuples(*2 * [st.integers(0, N_CLASSES - 1)]), min_size=1, max_size=60).map(
    lambda pairs: np.array(pairs).T
)  # labels and predictions, int64 (2, n)


def test_accuracy_per_class_by_hand_and_of_a_class_without_pictures():
    assert accuracy_per_class(confusion_matrix(LABELS, PREDICTIONS)) == pytest.approx([2 / 3, 1 / 2, 1])
    assert np.isnan(accuracy_per_class(confusion_matrix([0, 1], [0, 1], labels=[0, 1, 2]))[2])


def test_worst_confusions_come_first_and_right_answers_never():
    assert worst_confusions(confusion_matrix(LABELS, PREDICTIONS), 5) == [(1, 2, 0.5), (0, 1, pytest.approx(1 / 3))]


@given(answers, st.integers(1, 30))
def test_worst_confusions_fall_and_are_shares_of_the_true_class(answers, n_pairs):
    labels, predictions = answers
    worst = worst_confusions(confusion_matrix(labels, predictions, labels=CLASSES), n_pairs)
    shares = [share for _, _, share in worst]
    assert shares == sorted(shares, reverse=True)
    n_kinds = len({(true, said) for true, said in answers.T.tolist() if true != said})
    assert len(worst) == min(n_pairs, n_kinds)
    for true, said, share in worst:
        assert true != said
        assert share == pytest.approx((predictions[labels == true] == said).mean())
