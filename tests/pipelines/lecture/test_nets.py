"""Nets on pictures: connections, templates, first weights, in small runs of what the chapters compute."""

import numpy as np
import pytest

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.datasets.sets.digits import load_digits
from bakeoff.pipelines.backprop.nets import initialize_layers, mlp_objective
from bakeoff.pipelines.lecture.nets import (
    digit_accuracy,
    digit_rows,
    learn_templates,
    masked,
    measure_flow,
    train_on_digits,
)


def test_a_net_has_the_share_of_connections_that_was_asked_for_and_learns():
    net = train_on_digits((48,), 0, density=0.3, n_epochs=8)
    assert sum(np.count_nonzero(weights) for weights, _ in net) / (48 * 74) == pytest.approx(0.3, abs=0.03)
    assert digit_accuracy(net) > 0.8
    assert digit_accuracy(net, noise=1.5) < digit_accuracy(net) - 0.1


def test_missing_connections_change_nothing():
    rng = np.random.default_rng(0)
    layers = initialize_layers((4, 5, 3), rng, np.float64)
    masks = [rng.random(weights.shape) < 0.5 for weights, _ in layers]
    x, labels = rng.standard_normal((7, 4)), np.arange(7) % 3
    objective = masked(mlp_objective(), masks)
    noise = [(weights + 9 * ~mask, bias) for (weights, bias), mask in zip(layers, masks, strict=True)]
    assert objective(layers, x, labels) == objective(noise, x, labels)


def test_only_weights_of_variance_two_over_n_keep_the_size_of_activations():
    train = load_digits().train
    x, labels = digit_rows(train)[:64], train.labels[:64]
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
