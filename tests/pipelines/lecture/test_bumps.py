import numpy as np
import pytest

from bakeoff.pipelines.backprop.nets import mlp_scores
from bakeoff.pipelines.lecture.bumps import STEEPEST, build_bumps, learn_curve, single_bumps, wave

X = np.linspace(0, 1, 2001)


def output(net):
    return mlp_scores(net, X[:, None])[:, 0]


@pytest.mark.parametrize("n", [1, 3, 10, 57])
def test_the_error_is_at_most_bump_width_times_steepest_slope(n):
    error = np.abs(output(build_bumps(n)) - wave(X)).max()
    assert error <= STEEPEST / n


def test_the_steepest_slope_is_not_exceeded():
    slopes = np.diff(wave(X)) / np.diff(X)
    assert 0.8 * STEEPEST < np.abs(slopes).max() <= STEEPEST


def test_bumps_add_up_to_one():
    net = build_bumps(7, np.ones_like)
    np.testing.assert_allclose(output(net), 1, atol=1e-12)
    np.testing.assert_allclose(single_bumps(net, X).sum(axis=0), 1, atol=1e-12)


def test_a_bump_is_the_trapezoid_of_its_corners():
    bump = single_bumps(build_bumps(4, np.ones_like), np.array([0.1, 0.1875, 0.25, 0.3125, 0.375, 0.7]))[1]
    np.testing.assert_allclose(bump, [0, 0, 0.5, 1, 1, 0], atol=1e-12)


def test_each_bump_takes_four_units_and_a_trained_net_of_as_many_does_better():
    net = build_bumps(5)
    assert net[0][0].shape == (1, 20)
    learned = learn_curve(20, X, wave(X), n_steps=400)
    errors = [np.abs(output(layers) - wave(X)).max() for layers in (net, learned)]
    assert errors[1] < errors[0] <= STEEPEST / 5
