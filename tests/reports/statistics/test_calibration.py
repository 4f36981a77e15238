import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from hypothesis.extra.numpy import arrays as arrays_of

from bakeoff.reports.statistics.calibration import (
    brier_score,
    expected_calibration_error,
    fit_temperature,
    measure_calibration,
    negative_log_likelihood,
    reliability_bins,
    softmax,
)

scored = arrays_of(
    np.float64, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=12), elements=st.floats(-50, 50)
)


def test_measures_by_hand_for_two_pictures():
    probabilities = np.array([[0.8, 0.2], [0.6, 0.4]])
    labels = np.array([0, 1])
    assert brier_score(probabilities, labels) == pytest.approx((0.04 + 0.04 + 0.36 + 0.36) / 2)
    # One picture in the bin of 0.8 (right), one in that of 0.6 (wrong).
    assert expected_calibration_error(probabilities, labels) == pytest.approx((0.2 + 0.6) / 2)
    expected = -(np.log(0.8) + np.log(0.4)) / 2
    assert negative_log_likelihood(np.log(probabilities), labels) == pytest.approx(expected)


def test_likelihood_agrees_with_torch():
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(50, 4)).astype(np.float32) * 30, rng.integers(0, 4, 50)
    expected = torch.nn.functional.cross_entropy(torch.from_numpy(scores).double(), torch.from_numpy(labels)).item()
    assert negative_log_likelihood(scores, labels) == pytest.approx(expected, rel=1e-9)


def test_softmax_stands_huge_scores():
    assert softmax(np.array([[1e4, 0.0]])) == pytest.approx(np.array([[1.0, 0.0]]))


def test_every_picture_is_in_one_bin():
    rng = np.random.default_rng(0)
    probabilities = softmax(rng.normal(size=(333, 5)))
    assert sum(b.count for b in reliability_bins(probabilities, rng.integers(0, 5, 333))) == 333
    assert reliability_bins(np.array([[1.0, 0.0]]), np.array([0]))[0].confidence == 1.0


def test_temperature_is_found_again():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20_000, 3)) * 2
    labels = (softmax(logits).cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1)
    assert fit_temperature(5 * logits, labels) == pytest.approx(5, rel=0.05)


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
    probabilities = softmax(scores)
    error = expected_calibration_error(probabilities, labels, n_bins)
    gap = abs(probabilities.max(axis=1).mean() - (probabilities.argmax(axis=1) == labels).mean())
    assert gap - 1e-12 <= error <= 1 + 1e-12
    assert expected_calibration_error(probabilities, labels, n_bins=1) == pytest.approx(gap)
    assert sum(b.count for b in reliability_bins(probabilities, labels, n_bins)) == len(labels)


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
    assert expected_calibration_error(certain, labels) == brier_score(certain, labels) == 0
