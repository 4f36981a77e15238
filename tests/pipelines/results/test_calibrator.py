"""Temperature and threshold: chosen on validation, kept with the model, and bounded by how much was seen."""

import doctest

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.metrics import roc_curve

from bakeoff.pipelines.results import calibrator
from bakeoff.pipelines.results.calibrator import (
    Calibrator,
    choose_threshold,
    fit_calibrator,
    fit_temperature,
    negative_log_likelihood,
    wanted_class,
)
from bakeoff.pipelines.results.configuration import describe, rebuild


def test_likelihood_agrees_with_torch():
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(50, 4)).astype(np.float32) * 30, rng.integers(0, 4, 50)
    expected = torch.nn.functional.cross_entropy(torch.from_numpy(scores).double(), torch.from_numpy(labels)).item()
    assert negative_log_likelihood(scores, labels) == pytest.approx(expected, rel=1e-9)


def test_smoothed_likelihood_agrees_with_torch():
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(50, 4)), rng.integers(0, 4, 50)
    targets = np.full((50, 4), 0.1 / 3)
    targets[np.arange(50), labels] = 0.9
    expected = torch.nn.functional.cross_entropy(torch.from_numpy(scores), torch.from_numpy(targets)).item()
    assert negative_log_likelihood(scores, labels, 0.1) == pytest.approx(expected, rel=1e-9)


def test_temperature_is_found_again():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20_000, 3)) * 2
    labels = (softmax(logits, axis=1).cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1)
    assert fit_temperature(5 * logits, labels) == pytest.approx(5, rel=0.05)


def test_pictures_that_are_all_classified_correctly_do_not_make_certain():
    scores, labels = np.eye(2)[[0, 1] * 4], np.array([0, 1] * 4)
    surest = Calibrator(fit_temperature(scores, labels)).probabilities(scores).max(axis=1)
    np.testing.assert_allclose(surest, 1 - 1 / 10, atol=1e-4)  # the optimum where n = 8: 1 - 1 / (n + 2)


def test_the_threshold_lets_a_hundredth_of_the_others_pass():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [1000, 100])
    scores = rng.normal(size=(1100, 2)) + 2 * np.eye(2)[labels]
    found = fit_calibrator(scores, labels, counts=np.array([1000, 100]))
    passed = found.probabilities(scores)[:, 1] >= found.threshold
    assert found.wanted == 1
    assert passed[labels == 0].sum() == 10
    margins = scores[:, 1] - scores[:, 0]
    np.testing.assert_array_equal(passed, margins >= choose_threshold(labels == 1, margins, 0.01))


@pytest.mark.parametrize("rate", [0.0, 0.013, 0.1, 1.0])
def test_the_threshold_agrees_with_scikit_learn_s_curve(rate):
    rng = np.random.default_rng(0)
    is_wanted, scores = rng.random(300) < 0.3, rng.integers(0, 40, 300).astype(float)  # with many ties
    alarms, _, thresholds = roc_curve(is_wanted, scores, drop_intermediate=False)
    assert choose_threshold(is_wanted, scores, rate) == thresholds[np.flatnonzero(alarms <= rate)[-1]]


def test_the_rarer_class_is_wanted_and_more_classes_have_no_threshold():
    assert [wanted_class(np.array(counts)) for counts in ([9, 3], [3, 9], [5, 5])] == [1, 0, 1]
    assert fit_calibrator(np.eye(3), np.arange(3), np.array([1, 1, 1])).threshold is None


def test_one_that_is_above_all_wanted_leaves_a_threshold_that_is_a_probability():
    scores = np.array([[0.0, 1.0], [0.0, 5.0]])  # the picture of the other class has the highest score
    assert fit_calibrator(scores, np.array([1, 0]), np.array([1, 1])).threshold == 1.0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"temperature": 0.0}, "temperature must be positive"),
        ({"temperature": float("nan")}, "temperature must be positive"),
        ({"wanted": 1}, "wanted must be 0 or 1 beside a threshold"),
        ({"wanted": 2, "threshold": 0.5}, "wanted must be 0 or 1"),
        ({"wanted": 0, "threshold": 1.5}, r"threshold must lie in 0\.\.1"),
    ],
)
def test_what_makes_no_probabilities_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Calibrator(**values)


@pytest.mark.parametrize("one", [Calibrator(0.25), Calibrator(2.0, 0, 0.875)])
def test_it_comes_back_from_a_header(one):
    assert rebuild(describe(one), Calibrator) == one


def test_the_example_runs():
    assert doctest.testmod(calibrator).attempted == 1
    assert doctest.testmod(calibrator).failed == 0
