import numpy as np
import pytest

from bakeoff.pipelines.lecture.convexity import TOLERANCE, check_convexity, chord_excess

T = np.linspace(0, 1, 9)


@pytest.fixture(scope="module")
def check():
    return check_convexity(n_nets=6, n_pictures=60)


@pytest.mark.parametrize("values", [T**2, np.abs(T - 0.4), 3 * T, np.exp(-T)])
def test_convex_functions_have_no_excess(values):
    assert chord_excess(values, T).max() <= 1e-15


def test_excess_of_a_hill_is_its_height_above_the_chord_of_its_ends():
    np.testing.assert_allclose(chord_excess(T * (1 - T), T), T * (1 - T), atol=1e-15)


def test_excess_finds_a_dent_that_the_chord_of_the_ends_does_not_show():
    valley = np.array([9.0, 1.0, 2.0, 1.0, 9.0])
    np.testing.assert_allclose(chord_excess(valley, np.arange(5.0)), [0, 0, 1, 0, 0])


def test_linear_svm_and_softmax_are_convex_on_every_line(check):
    assert list(check.names[:2]) == ["linear SVM", "softmax"]
    assert check.violations[:2].tolist() == [0, 0]
    assert check.excesses[:2].max() < TOLERANCE


def test_a_relu_net_is_not_convex_between_trained_weights(check):
    assert check.violations[3] == 1
    assert check.excesses[3].max() > 0.3
