import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from hypothesis.extra.numpy import arrays as arrays_of
from scipy.special import softmax

from bakeoff.pipelines.results.calibrator import fit_temperature, negative_log_likelihood
from bakeoff.reports.statistics.calibration import (
    correct_calibration_error,
    coverage_at,
    expected_calibration_error,
    measure_calibration,
    reliability_bins,
    selective_accuracy,
)

scored = arrays_of(
    np.float64, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=12), elements=st.floats(-50, 50)
)


def test_measures_by_hand_for_two_pictures():
    probabilities = np.array([[0.8, 0.2], [0.6, 0.4]])
    labels = np.array([0, 1])
    assert measure_calibration(np.log(probabilities), labels).brier == pytest.approx((0.04 + 0.04 + 0.36 + 0.36) / 2)
    # One picture in the bin of 0.8 (right), one in that of 0.6 (wrong).
    assert expected_calibration_error(reliability_bins(probabilities, labels)) == pytest.approx((0.2 + 0.6) / 2)
    expected = -(np.log(0.8) + np.log(0.4)) / 2
    assert negative_log_likelihood(np.log(probabilities), labels) == pytest.approx(expected)


def test_huge_scores_are_no_trouble():
    measures = measure_calibration(np.array([[1e4, 0.0], [0.0, 1e4]]), np.array([0, 1]))
    assert (measures.negative_log_likelihood, measures.brier, measures.corrected) == (0, 0, 0)
    assert measures.interval[1] > 0  # two pictures prove little


def test_every_picture_is_in_one_bin():
    rng = np.random.default_rng(0)
    probabilities = softmax(rng.normal(size=(333, 5)), axis=1)
    assert reliability_bins(probabilities, rng.integers(0, 5, 333))[:, 2].sum() == 333
    assert reliability_bins(np.array([[1.0, 0.0]]), np.array([0])).tolist() == [[1, 1, 1]]


def test_temperature_improves_the_likelihood_and_keeps_the_answers():
    rng = np.random.default_rng(1)
    scores, labels = 10 * rng.normal(size=(300, 4)), rng.integers(0, 4, 300)
    scaled = scores / fit_temperature(scores, labels)
    assert (scaled.argmax(axis=1) == scores.argmax(axis=1)).all()
    before, after = measure_calibration(scores, labels), measure_calibration(scaled, labels)
    assert after.negative_log_likelihood < before.negative_log_likelihood
    assert after.expected_calibration_error < before.expected_calibration_error


@given(scored, st.integers(0, 99), st.integers(1, 20))
def test_calibration_error_lies_in_0_to_1_and_is_at_least_the_overall_gap(scores, seed, n_bins):
    labels = np.random.default_rng(seed).integers(0, scores.shape[1], len(scores))
    probabilities = softmax(scores, axis=1)
    error = expected_calibration_error(reliability_bins(probabilities, labels, n_bins))
    gap = abs(probabilities.max(axis=1).mean() - (probabilities.argmax(axis=1) == labels).mean())
    assert gap - 1e-12 <= error <= 1 + 1e-12
    assert expected_calibration_error(reliability_bins(probabilities, labels, n_bins=1)) == pytest.approx(gap)
    assert reliability_bins(probabilities, labels, n_bins)[:, 2].sum() == len(labels)


@given(scored, st.integers(0, 99))
def test_measures_do_not_depend_on_the_order_or_on_a_constant(scores, seed):
    rng = np.random.default_rng(seed)
    labels, order = rng.integers(0, scores.shape[1], len(scores)), rng.permutation(len(scores))
    measures = measure_calibration(scores, labels)
    other = measure_calibration(scores[order], labels[order])
    for name in ("expected_calibration_error", "negative_log_likelihood", "brier"):
        assert getattr(other, name) == pytest.approx(getattr(measures, name), abs=1e-9)
    assert 0 <= measures.brier <= 2
    assert negative_log_likelihood(scores + 7, labels) == pytest.approx(measures.negative_log_likelihood, abs=1e-9)


@given(scored)
def test_certain_and_right_is_perfect(scores):
    labels = scores.argmax(axis=1)
    certain = np.eye(scores.shape[1])[labels]
    assert expected_calibration_error(reliability_bins(certain, labels)) == 0


def make_bins(rng, n_pictures, gap):
    """Confidences between 0.4 and 1, each right by `gap` less often than it says; and the true calibration error."""
    confidences = 0.4 + 0.6 * rng.beta(2, 1, n_pictures)
    true = (confidences - gap).clip(0, 1)
    right = rng.random(n_pictures) < true
    probabilities = np.stack([confidences, np.zeros(n_pictures)], axis=1)
    return reliability_bins(probabilities, 1 - right.astype(int)), float((confidences - true).mean())


@pytest.mark.parametrize("n_pictures", [200, 1000, 10_000])
@pytest.mark.parametrize("gap", [0.0, 0.03, 0.1])
def test_the_corrected_error_has_less_bias_and_its_interval_covers(n_pictures, gap):
    rng, held, corrected, plain = np.random.default_rng(0), 0, [], []
    for _ in range(150):
        bins, truth = make_bins(rng, n_pictures, gap)
        error, (low, high) = correct_calibration_error(bins)
        held += low <= truth + 1e-12 <= high + 1e-12
        corrected.append(error - truth)
        plain.append(expected_calibration_error(bins) - truth)
    assert held / 150 >= 0.92
    assert abs(np.mean(corrected)) <= max(0.45 * abs(np.mean(plain)), 0.004, 2 / n_pictures)


def test_groups_widen_the_interval_of_the_error():
    bins, _ = make_bins(np.random.default_rng(0), 1000, 0.05)
    assert np.ptp(correct_calibration_error(bins, 5.0)[1]) > np.ptp(correct_calibration_error(bins)[1])


def scores_for(confidences, right):
    """Two classes, the true one always 0; the margin grows with the confidence."""
    margins = np.asarray(confidences, float)
    return np.stack([np.where(right, margins, 0), np.where(right, 0, margins)], axis=1)


def test_curve_by_hand():
    curve = selective_accuracy(scores_for([4, 3, 2, 1], [True, False, True, True]), np.zeros(4, int))
    assert curve == pytest.approx([1, 1 / 2, 2 / 3, 3 / 4])
    assert curve[1] == 0.5
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
    assert curve[-1] == pytest.approx(right.mean())
    assert curve[round(0.3 * len(curve)) - 1] == pytest.approx(right.mean(), abs=0.02)
