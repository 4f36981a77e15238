import numpy as np

from bakeoff.pipelines.backprop.training import initialize_layers
from bakeoff.pipelines.lecture.toy import classification_objective, draw_rings, draw_spirals, fit, margins, mesh


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
    assert ((margins(layers, x) > 0) == labels).all()


def test_mesh_runs_row_by_row_from_below():
    assert mesh(1.0, 2).tolist() == [[-1, -1], [1, -1], [-1, 1], [1, 1]]
