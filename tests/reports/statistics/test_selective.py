import numpy as np
import pytest

from bakeoff.reports.statistics.selective import accuracy_at, coverage_at, selective_accuracy


def scores_for(confidences, right):
    """Two classes, the true one always 0; the margin grows with the confidence."""
    margins = np.asarray(confidences, float)
    return np.stack([np.where(right, margins, 0), np.where(right, 0, margins)], axis=1)


def test_curve_by_hand():
    curve = selective_accuracy(scores_for([4, 3, 2, 1], [True, False, True, True]), np.zeros(4, int))
    assert curve == pytest.approx([1, 1 / 2, 2 / 3, 3 / 4])
    assert accuracy_at(curve, 0.5) == 0.5
    assert coverage_at(curve, 0.7) == 1.0
    assert coverage_at(curve, 0.9) == 0.25


def test_a_share_right_that_is_never_reached_has_no_coverage():
    curve = selective_accuracy(scores_for([2, 1], [False, True]), np.zeros(2, int))
    assert coverage_at(curve, 0.9) == 0.0


def test_equal_confidences_do_not_depend_on_the_order():
    right = np.array([True, True, False, False])
    forward = selective_accuracy(scores_for([1, 1, 1, 1], right), np.zeros(4, int))
    backward = selective_accuracy(scores_for([1, 1, 1, 1], right[::-1]), np.zeros(4, int))
    assert forward.tolist() == backward.tolist() == [0.5] * 4


def test_the_whole_is_the_accuracy_and_chance_ranking_gains_nothing():
    rng = np.random.default_rng(0)
    right = rng.random(20_000) < 0.7
    curve = selective_accuracy(scores_for(rng.random(20_000), right), np.zeros(20_000, int))
    assert accuracy_at(curve, 1.0) == pytest.approx(right.mean())
    assert accuracy_at(curve, 0.3) == pytest.approx(right.mean(), abs=0.02)
