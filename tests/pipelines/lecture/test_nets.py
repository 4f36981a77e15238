"""Warped space, templates, first weights: small runs of what the chapters compute."""

import numpy as np

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.datasets.sets.photos import load_photos
from bakeoff.pipelines.backprop.operations import tanh
from bakeoff.pipelines.backprop.training import initialize_layers
from bakeoff.pipelines.lecture.initialization import measure_flow, standardized_batch
from bakeoff.pipelines.lecture.templates import learn_templates
from bakeoff.pipelines.lecture.toy import classification_objective, draw_spirals, fit
from bakeoff.pipelines.lecture.warping import hidden_views, square_grid, zero_contour


def test_the_separator_is_a_straight_line_in_the_last_layer():
    points, labels = draw_spirals(60, np.random.default_rng(0))
    layers = initialize_layers((2, 2, 2, 2), np.random.default_rng(0), np.float64)
    fit(layers, classification_objective(tanh), points, labels, n_steps=200, learning_rate=0.03)
    last = hidden_views(layers, zero_contour(layers))[-1]
    last = last[np.isfinite(last).all(axis=1)]
    thickness, length = np.linalg.svd(last - last.mean(axis=0), compute_uv=False)[::-1]
    assert len(last) > 50
    assert thickness < 5e-3 * length  # the contour is found between the points of a mesh
    np.testing.assert_array_equal(hidden_views(layers, square_grid())[0], square_grid())


def test_only_weights_of_variance_two_over_n_keep_the_size_of_activations():
    x, labels = standardized_batch(load_photos().train, 64)
    np.testing.assert_allclose([x.mean(axis=0), x.std(axis=0) - 1], 0, atol=1e-9)
    growth = {}
    for gain in (0.5, 1, 2**0.5, 2.5):
        sizes, gradients = measure_flow(x, labels, gain, 0)
        growth[gain] = sizes[-1] / sizes[0]
        assert sizes.shape == gradients.shape == (12,)
    assert 0.3 < growth[2**0.5] < 3
    assert growth[1] < 0.1
    assert growth[0.5] < 1e-3
    assert growth[2.5] > 100


def test_a_linear_template_looks_like_its_class():
    rng = np.random.default_rng(0)
    prototypes = rng.integers(60, 200, (3, 4, 4, 1))
    labels = np.arange(300) % 3
    images = (prototypes[labels] + rng.integers(-20, 20, (300, 4, 4, 1))).astype(np.uint8)
    split = Split(images, labels)
    dataset = Dataset("prototypes", ("a", "b", "c"), split, split, split)
    (linear, two, three), accuracies = learn_templates(dataset, n_epochs=40, n_shown=5)
    assert accuracies == [1, 1, 1]
    assert two.shape == three.shape == (5, 4, 4, 1)
    similarity = np.corrcoef(linear.reshape(3, -1), (prototypes - prototypes.mean(axis=0)).reshape(3, -1))[:3, 3:]
    assert similarity.argmax(axis=1).tolist() == [0, 1, 2]
    assert similarity.diagonal().min() > 0.6
