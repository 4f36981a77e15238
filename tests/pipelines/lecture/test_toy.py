import numpy as np

from bakeoff.pipelines.backprop.training import initialize_layers
from bakeoff.pipelines.lecture.toy import (
    accuracy,
    classification_objective,
    draw_rings,
    draw_spirals,
    fit,
    mean_and_interval,
    mesh,
)


def test_rings_and_spirals_hold_both_classes_equally_often():
    for draw in (draw_rings, draw_spirals):
        points, labels = draw(40, np.random.default_rng(0))
        assert points.shape == (40, 2)
        assert np.bincount(labels).tolist() == [20, 20]


def test_a_sharp_ring_lies_around_the_disc():
    points, labels = draw_rings(200, np.random.default_rng(0), noise=0.0)
    radius = np.linalg.norm(points, axis=1)
    assert radius[labels == 0].max() <= 0.3
    np.testing.assert_allclose(radius[labels == 1], 0.85)


def test_fitting_separates_rings():
    x, labels = draw_rings(80, np.random.default_rng(0), noise=0.02)
    layers = initialize_layers((2, 12, 2), np.random.default_rng(0), np.float64)
    fit(layers, classification_objective(), x, labels, n_steps=150, learning_rate=0.05)
    assert accuracy(layers, x, labels) == 1


def test_mesh_runs_row_by_row_from_below():
    assert mesh(1.0, 2).tolist() == [[-1, -1], [1, -1], [-1, 1], [1, 1]]


def test_wrong_labels_are_as_many_as_asked():
    (points, right), (same, wrong) = (draw_spirals(4000, np.random.default_rng(0), wrong=w) for w in (0.0, 0.15))
    np.testing.assert_array_equal(points, same)
    assert 0.13 < np.mean(right != wrong) < 0.17


def test_interval_of_three_seeds_by_hand():
    mean, half = mean_and_interval([[1.0], [2.0], [3.0]])
    assert mean[0] == 2
    np.testing.assert_allclose(half[0], 4.302653 / 3**0.5, rtol=1e-6)  # Student's t of two degrees of freedom
