import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from bakeoff.reports.statistics.metrics import (
    accuracy_per_class,
    balanced_accuracy,
    confusion_matrix,
    macro_f1,
    worst_confusions,
)

LABELS = np.array([0, 0, 0, 1, 1, 2])
PREDICTIONS = np.array([0, 0, 1, 1, 2, 2])
N_CLASSES = 5
answers = st.lists(st.tuples(*2 * [st.integers(0, N_CLASSES - 1)]), min_size=1, max_size=60).map(
    lambda pairs: np.array(pairs).T
)  # labels and predictions, int64 (2, n)


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


@given(answers)
def test_every_picture_is_counted_once(answers):
    labels, predictions = answers
    confusion = confusion_matrix(labels, predictions, N_CLASSES)
    assert confusion.sum(axis=1).tolist() == np.bincount(labels, minlength=N_CLASSES).tolist()
    assert confusion.sum(axis=0).tolist() == np.bincount(predictions, minlength=N_CLASSES).tolist()
    assert np.trace(confusion) == (labels == predictions).sum()


@given(answers)
def test_balanced_accuracy_is_the_mean_of_the_recalls(answers):
    labels, predictions = answers
    recalls = [(predictions[labels == k] == k).mean() for k in set(labels.tolist())]
    assert balanced_accuracy(confusion_matrix(labels, predictions, N_CLASSES)) == pytest.approx(np.mean(recalls))


@given(answers)
def test_metrics_lie_in_0_to_1_and_are_1_for_right_answers_alone(answers):
    labels, predictions = answers
    confusion = confusion_matrix(labels, predictions, N_CLASSES)
    for metric in (balanced_accuracy, macro_f1):
        assert 0 <= metric(confusion) <= 1
        assert (metric(confusion) == 1) == (labels == predictions).all()
        assert metric(confusion_matrix(labels, labels, N_CLASSES)) == 1


@given(answers, st.permutations(range(N_CLASSES)), st.randoms(use_true_random=False))
def test_metrics_depend_on_neither_names_nor_order(answers, names, random):
    order = list(range(answers.shape[1]))
    random.shuffle(order)
    confusion = confusion_matrix(*answers, N_CLASSES)
    other = confusion_matrix(*np.array(names)[answers[:, order]], N_CLASSES)
    for metric in (balanced_accuracy, macro_f1):
        assert metric(other) == pytest.approx(metric(confusion))


@given(answers, st.integers(1, 30))
def test_worst_confusions_fall_and_are_shares_of_the_true_class(answers, n_pairs):
    labels, predictions = answers
    worst = worst_confusions(confusion_matrix(labels, predictions, N_CLASSES), n_pairs)
    shares = [share for _, _, share in worst]
    assert shares == sorted(shares, reverse=True)
    n_kinds = len({(true, said) for true, said in answers.T.tolist() if true != said})
    assert len(worst) == min(n_pairs, n_kinds)
    for true, said, share in worst:
        assert true != said
        assert share == pytest.approx((predictions[labels == true] == said).mean())
