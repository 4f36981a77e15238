"""Warped space, boundaries, templates, first weights: small runs of what the chapters compute."""

import numpy as np

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.lecture.capacity import compare_width_and_l2
from bakeoff.pipelines.lecture.initialization import measure_gradient_flow
from bakeoff.pipelines.lecture.templates import learn_templates
from bakeoff.pipelines.lecture.warping import square_grid, warp_spirals


def test_the_separator_is_a_straight_line_in_the_last_layer():
    result = warp_spirals(n_points=60, n_steps=250, n_seeds=2)
    last = result.separator[-1]
    last = last[np.isfinite(last).all(axis=1)]
    centered = last - last.mean(axis=0)
    thickness, length = np.linalg.svd(centered / len(last) ** 0.5, compute_uv=False)[::-1]
    assert len(last) > 50
    assert thickness < 5e-3 * length  # the contour is found between the points of a mesh
    np.testing.assert_array_equal(result.lines[0], square_grid())


def test_more_units_fit_better_and_a_penalty_flattens_the_margin():
    result = compare_width_and_l2(widths=(1, 20), penalties=(0.0, 0.1), n_steps=100, n_mesh=20)
    assert result.train_accuracies[1, 0] > result.train_accuracies[0, 0]
    assert np.abs(result.fields[1, 1]).max() < np.abs(result.fields[1, 0]).max()


def test_only_weights_of_variance_two_over_n_keep_the_size_of_activations():
    result = measure_gradient_flow(n_pictures=64, n_seeds=1)
    growth = dict(zip(result.names, result.activations[:, -1] / result.activations[:, 0], strict=True))
    assert 0.3 < growth["sqrt(2 / n), He"] < 3
    assert growth["1 / sqrt(n), Xavier"] < 0.1
    assert growth["too small"] < 1e-3
    assert growth["too large"] > 100


def test_a_linear_template_looks_like_its_class():
    rng = np.random.default_rng(0)
    prototypes = rng.integers(60, 200, (3, 4, 4, 1))
    labels = np.arange(300) % 3
    images = (prototypes[labels] + rng.integers(-20, 20, (300, 4, 4, 1))).astype(np.uint8)
    split = Split(images, labels)
    result = learn_templates(Dataset("prototypes", ("a", "b", "c"), split, split, split), n_epochs=40, n_shown=5)
    assert result.accuracies.tolist() == [1, 1, 1]
    assert result.two_layers.shape == result.three_layers.shape == (5, 4, 4, 1)
    similarity = np.corrcoef(result.linear.reshape(3, -1), (prototypes - prototypes.mean(axis=0)).reshape(3, -1))[
        :3, 3:
    ]
    assert similarity.argmax(axis=1).tolist() == [0, 1, 2]
    assert similarity.diagonal().min() > 0.6
