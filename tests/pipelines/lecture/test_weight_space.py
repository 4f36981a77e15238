import numpy as np
import pytest

from bakeoff.pipelines.backprop.nets import hinge, initialize_layers, mlp_objective
from bakeoff.pipelines.backprop.operations import relu, softmax_cross_entropy
from bakeoff.pipelines.lecture.toy import draw_spirals, train_classifier
from bakeoff.pipelines.lecture.weight_space import (
    TOLERANCE,
    chord_excess,
    filter_normalized_direction,
    moved,
    scan_loss,
    walk_lines,
)
from bakeoff.pipelines.lecture.weight_space import T as T21

T = np.linspace(0, 1, 9)


@pytest.mark.parametrize("values", [T**2, np.abs(T - 0.4), 3 * T, np.exp(-T)])
def test_convex_functions_have_no_excess(values):
    assert chord_excess(values, T).max() <= 1e-15


def test_excess_of_a_hill_is_its_height_above_the_chord_of_its_ends():
    np.testing.assert_allclose(chord_excess(T * (1 - T), T), T * (1 - T), atol=1e-15)


def test_excess_finds_a_dent_that_the_chord_of_the_ends_does_not_show():
    valley = np.array([9.0, 1.0, 2.0, 1.0, 9.0])
    np.testing.assert_allclose(chord_excess(valley, np.arange(5.0)), [0, 0, 1, 0, 0])


@pytest.fixture
def draw():
    rng = np.random.default_rng(0)
    return lambda: rng.standard_normal((6, 3))


X = np.random.default_rng(1).standard_normal((20, 6))
LABELS = np.arange(20) % 3


@pytest.mark.parametrize(
    "function",
    [lambda w: hinge(X @ w, LABELS), lambda w: softmax_cross_entropy(X @ w, labels=LABELS), lambda w: relu(X @ w)],
)
def test_linear_losses_and_the_outputs_of_a_relu_layer_are_convex_on_every_line(draw, function):
    values, excesses, violations = walk_lines(function, draw, n_lines=30)
    assert violations == 0
    assert excesses.max() < TOLERANCE
    assert np.abs(values).max() <= 1


def test_a_loss_on_a_relu_layer_is_not(draw):
    _, excesses, violations = walk_lines(lambda w: softmax_cross_entropy(relu(X @ w), labels=LABELS), draw, n_lines=30)
    assert 0 < violations == (excesses > TOLERANCE).any(axis=1).sum()


def test_of_several_outputs_the_worst_is_kept():
    points = iter([np.array([-1.0, 0.0]), np.array([1.0, 0.0])])
    values, _, violations = walk_lines(lambda w: np.stack([w[0] ** 2, -(w[0] ** 2)]), lambda: next(points), n_lines=1)
    assert violations == 1
    np.testing.assert_allclose(values[0], -((2 * T21 - 1) ** 2), atol=1e-12)


def make_net(seed=0):
    return initialize_layers((2, 6, 5, 2), np.random.default_rng(seed), np.float64)


def test_weights_into_each_unit_are_as_long_as_the_nets_and_biases_stay():
    layers = make_net()
    for (weights, _), (u, b) in zip(layers, filter_normalized_direction(layers, np.random.default_rng(1)), strict=True):
        np.testing.assert_allclose(np.linalg.norm(u, axis=0), np.linalg.norm(weights, axis=0))
        assert not b.any()


def test_scaling_a_relu_layer_up_and_the_next_down_does_not_change_the_picture():
    layers, scaled = make_net(), make_net()
    scaled[0] = (10 * scaled[0][0], scaled[0][1])
    scaled[1] = (scaled[1][0] / 10, scaled[1][1])
    x, labels = draw_spirals(30, np.random.default_rng(2))
    losses = []
    for net in (layers, scaled):
        u, v = (filter_normalized_direction(net, np.random.default_rng(seed)) for seed in (3, 4))
        losses.append(mlp_objective()(moved(net, u, 0.4, v, -0.7), x, labels))
    assert np.isclose(*losses, rtol=1e-12)


def test_the_middle_of_the_square_is_the_trained_net():
    losses = scan_loss((2, 6, 2), np.linspace(-1, 1, 3), seed=1, n_training=30)
    x, labels = draw_spirals(200, np.random.default_rng(0), turns=1.0)
    net = train_classifier((2, 6, 2), x, labels, seed=1, n_steps=30, learning_rate=0.01)
    np.testing.assert_allclose(losses[1, 1], mlp_objective()(net.layers, x, labels))
    assert losses.shape == (3, 3)
