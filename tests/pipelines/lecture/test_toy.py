import numpy as np

from bakeoff.pipelines.backprop.operations import tanh
from bakeoff.pipelines.lecture.toy import draw_rings, draw_spirals, mean_and_interval, square_grid, train_classifier

X = np.array([[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]])


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


def test_training_separates_rings():
    x, labels = draw_rings(80, np.random.default_rng(0), noise=0.02)
    assert train_classifier((2, 12, 2), x, labels, n_steps=150).accuracy(x, labels) == 1


def test_without_steps_a_net_is_as_it_was_drawn():
    first, again = (
        train_classifier((2, 3, 2), X, np.arange(4) % 2, seed=s, n_steps=0) for s in (1, np.random.default_rng(1))
    )
    np.testing.assert_array_equal(first.margins(X), again.margins(X))
    assert np.isnan(first.loss)


def test_a_field_runs_row_by_row_from_below():
    net = train_classifier((2, 2), X, np.arange(4) % 2, n_steps=5)
    np.testing.assert_array_equal(net.field(1.0, 2).ravel(), net.margins(X))


def test_the_separator_is_a_straight_line_in_the_last_layer():
    points, labels = draw_spirals(60, np.random.default_rng(0))
    net = train_classifier((2, 2, 2, 2), points, labels, activation=tanh, n_steps=200, learning_rate=0.03)
    last = net.hidden_views(net.zero_contour())[-1]
    last = last[np.isfinite(last).all(axis=1)]
    thickness, length = np.linalg.svd(last - last.mean(axis=0), compute_uv=False)[::-1]
    assert len(last) > 50
    assert thickness < 5e-3 * length  # the contour is found between the points of a mesh
    np.testing.assert_array_equal(net.hidden_views(square_grid())[0], square_grid())


def test_wrong_labels_are_as_many_as_asked():
    (points, right), (same, wrong) = (draw_spirals(4000, np.random.default_rng(0), wrong=w) for w in (0.0, 0.15))
    np.testing.assert_array_equal(points, same)
    assert 0.13 < np.mean(right != wrong) < 0.17


def test_interval_of_three_seeds_by_hand():
    mean, half = mean_and_interval([[1.0], [2.0], [3.0]])
    assert mean[0] == 2
    np.testing.assert_allclose(half[0], 4.302653 / 3**0.5, rtol=1e-6)  # Student's t of two degrees of freedom
