import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from bakeoff.reports.statistics.overlap import error_agreement, measure_overlap

LABELS = np.array([0, 0, 1, 1, 2, 2])
FIRST = np.array([0, 0, 1, 2, 0, 1])
SECOND = np.array([0, 1, 0, 1, 0, 0])


def test_overlap_by_hand():
    overlap = measure_overlap(LABELS, FIRST, SECOND)
    sixth = pytest.approx(1 / 6)
    assert (overlap.both_right, overlap.only_second) == (sixth, sixth)
    assert (overlap.only_first, overlap.both_wrong) == (pytest.approx(2 / 6), pytest.approx(2 / 6))
    assert overlap.same_mistake == 0.5


def test_two_perfect_methods_share_no_mistake():
    labels = np.array([0, 1])
    assert measure_overlap(labels, labels, labels).same_mistake == 0.0


def test_kappa_by_hand_and_as_scikit_learn_has_it():
    # 8 of 10 agree; right in 6 and in 6 of 10: by chance 0.36 + 0.16 agree.
    first, second = np.arange(10) < 6, (np.arange(10) >= 1) & (np.arange(10) < 7)
    assert error_agreement(first, second) == pytest.approx((0.8 - 0.52) / 0.48)
    assert error_agreement(first, second) == pytest.approx(cohen_kappa_score(first, second))
    assert error_agreement(first, first) == 1
    assert error_agreement(np.ones(4, bool), np.ones(4, bool)) == 1
