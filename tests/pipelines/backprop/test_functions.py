"""Nets, losses and regularizers against loops, torch and cases solved by hand."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional

from bakeoff.pipelines.backprop import operations as ops
from bakeoff.pipelines.backprop.differentiate import grad
from bakeoff.pipelines.backprop.functions import gradient_penalty, hinge, maxout, mlp_scores, weight_penalty
from bakeoff.pipelines.backprop.gradient_check import check_gradients


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_maxout_takes_the_largest_of_neighbors() -> None:
    np.testing.assert_array_equal(maxout(np.array([[1.0, 5.0, 3.0, -1.0, -2.0, -3.0]]), 3), [[5, -1]])


def test_hinge_of_the_lecture() -> None:
    """CS231n, lecture 3: cat, car and frog with losses 2.9, 0 and 12.9, mean 5.27."""
    scores = np.array([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
    assert hinge(scores, np.array([0, 1, 2])) == pytest.approx((2.9 + 0 + 12.9) / 3)


def test_hinge_equals_torch(rng: np.random.Generator) -> None:
    scores, labels = rng.standard_normal((6, 4)), rng.integers(0, 4, 6)
    z = torch.tensor(scores, requires_grad=True)
    expected = functional.multi_margin_loss(z, torch.tensor(labels)) * 4  # torch divides by the number of classes
    expected.backward()
    assert hinge(scores, labels) == pytest.approx(expected.item(), rel=1e-12)
    np.testing.assert_allclose(grad(hinge)(scores, labels), z.grad, atol=1e-12)


@pytest.mark.parametrize(
    "activation",
    [ops.relu, ops.sigmoid, ops.tanh, ops.leaky_relu, ops.elu, lambda z: maxout(ops.concatenate([z, -0.5 * z], 1), 2)],
    ids=["relu", "sigmoid", "tanh", "leaky_relu", "elu", "maxout"],
)
def test_three_layer_net_passes_the_gradient_check(activation, rng: np.random.Generator) -> None:
    widths = (4, 6, 5, 3)
    shapes = [shape for n_in, n_out in pairwise(widths) for shape in ((n_in, n_out), (n_out,))]
    parameters = [rng.standard_normal(shape) for shape in shapes]
    labels = np.array([0, 2])

    def loss(x, *arrays):
        layers = list(zip(arrays[::2], arrays[1::2], strict=True))
        return ops.softmax_cross_entropy(mlp_scores(layers, x, activation), labels=labels)

    check_gradients("net", loss, rng.standard_normal((2, 4)), *parameters, rng=rng)


def test_three_layer_net_solved_by_hand() -> None:
    layers = [
        (np.array([[1.0, -1.0]]), np.array([0.0, 0.5])),
        (np.array([[2.0], [3.0]]), np.array([-1.0])),
        (np.array([[4.0]]), np.array([0.25])),
    ]
    # x = 2: hidden (2, max(0, -1.5)) = (2, 0), then 2 * 2 - 1 = 3, then 4 * 3 + 0.25.
    assert mlp_scores(layers, np.array([[2.0]])) == [[12.25]]


def test_weight_penalty_leaves_biases_free() -> None:
    assert weight_penalty([(np.array([[1.0, 2.0]]), np.array([100.0])), (np.array([[2.0]]), np.array([7.0]))]) == 4.5


def test_fused_cross_entropy_equals_its_parts(rng: np.random.Generator) -> None:
    z, labels = rng.standard_normal((5, 3)), np.array([0, 1, 2, 2, 1])
    parts = ops.mean(ops.log_sum_exp(z, axis=1) - z[np.arange(5), labels])
    assert ops.softmax_cross_entropy(z, labels=labels) == pytest.approx(parts, rel=1e-12)


def test_gradient_penalty_of_a_quadratic() -> None:
    """f = |x|^2 / 2 has gradient x: its penalty is |x|^2, with gradient 2 x."""
    x = np.array([3.0, 4.0])
    penalty = gradient_penalty(lambda y: 0.5 * ops.sum_of_squares(y))
    assert penalty(x) == 25
    np.testing.assert_array_equal(grad(penalty)(x), 2 * x)
