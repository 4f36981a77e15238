"""Nets, losses and regularizers against loops, torch and cases solved by hand; training gives torch's loss curves."""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional

from bakeoff.pipelines.backprop import operations as ops
from bakeoff.pipelines.backprop.differentiate import grad, leaves
from bakeoff.pipelines.backprop.gradient_check import check_gradients
from bakeoff.pipelines.backprop.nets import (
    AdamW,
    Layers,
    Momentum,
    Objective,
    cosine_schedule,
    draw_batches,
    hinge,
    initialize_layers,
    maxout,
    mlp_objective,
    mlp_scores,
    training_steps,
)
from bakeoff.pipelines.backprop.operations import softmax_cross_entropy

N_STEPS, BATCH_SIZE = 100, 32


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Products this small only wait for each other on several threads."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture
def task() -> tuple[np.ndarray, np.ndarray]:
    """Pictures of 20 numbers in 4 classes, told apart by a random three-layer net."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((320, 20))
    return x, mlp_scores(initialize_layers((20, 16, 8, 4), rng, np.float64), x).argmax(axis=1)


def batch_order() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [batch for _ in range(N_STEPS * BATCH_SIZE // 320) for batch in draw_batches(320, BATCH_SIZE, rng)]


def start() -> Layers:
    return initialize_layers((20, 32, 16, 4), np.random.default_rng(2), np.float64)


def our_curve(task, layers: Layers, objective: Objective, optimizer) -> list[float]:
    x, labels = task
    batches = ((x[batch], labels[batch]) for batch in batch_order())
    return list(training_steps(layers, objective, optimizer, batches, cosine_schedule(N_STEPS, 0.05)))


def torch_curve(task, make_optimizer, l2: float, penalty: float) -> list[float]:
    """W3 max(0, W2 max(0, W1 x + b1) + b2) + b3 by torch.autograd and torch.optim."""
    x, labels = (torch.tensor(array) for array in task)
    w1, b1, w2, b2, w3, b3 = parameters = [torch.tensor(p, requires_grad=True) for p in leaves(start())]
    optimizer = make_optimizer(parameters)
    losses = []
    for step, batch in enumerate(batch_order()):
        inputs = x[batch].requires_grad_()
        scores = torch.relu(torch.relu(inputs @ w1 + b1) @ w2 + b2) @ w3 + b3
        cross_entropies = functional.cross_entropy(scores, labels[batch], reduction="none")
        loss = cross_entropies.mean() + l2 / 2 * sum((w**2).sum() for w in (w1, w2, w3))
        if penalty:
            (slopes,) = torch.autograd.grad(cross_entropies.sum(), inputs, create_graph=True)
            loss = loss + penalty * (slopes**2).sum(dim=1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.param_groups[0]["lr"] = 0.05 * 0.5 * (1 + math.cos(math.pi * step / N_STEPS))
        optimizer.step()
        losses.append(loss.item())
    return losses


OPTIMIZERS = {
    "momentum": (
        lambda parameters: Momentum(parameters, momentum=0.9),
        lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9),
    ),
    "adamw": (
        lambda parameters: AdamW(parameters, decay=0.1),
        lambda parameters: torch.optim.AdamW(parameters, lr=0.05, weight_decay=0.1),
    ),
}


@pytest.mark.parametrize(("ours", "peer"), OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
@pytest.mark.parametrize(("l2", "penalty"), [(1e-3, 0.0), (1e-3, 0.1)], ids=["plain", "second order"])
def test_loss_curve_equals_torch(task, ours, peer, l2: float, penalty: float) -> None:
    layers = start()
    curve = our_curve(task, layers, mlp_objective(l2, penalty), ours(leaves(layers)))
    np.testing.assert_allclose(curve, torch_curve(task, peer, l2, penalty), rtol=0, atol=1e-5)
    assert np.mean(curve[-10:]) < 0.6 * curve[0]


def test_gradient_penalty_trains_a_net_that_is_flatter_around_its_pictures(task) -> None:
    x, labels = task

    def mean_squared_slope(layers: Layers) -> float:
        slopes = grad(lambda inputs: softmax_cross_entropy(mlp_scores(layers, inputs), labels=labels))(x)
        return float(np.sum((len(x) * slopes) ** 2) / len(x))

    trained = {}
    for penalty in (0.0, 0.3):
        layers = start()
        our_curve(task, layers, mlp_objective(input_gradient_penalty=penalty), Momentum(leaves(layers)))
        trained[penalty] = layers
    assert mean_squared_slope(trained[0.3]) < 0.5 * mean_squared_slope(trained[0.0])
    assert (mlp_scores(trained[0.3], x).argmax(axis=1) == labels).mean() > 0.8


def test_momentum_step_solved_by_hand() -> None:
    weight = np.array([1.0])
    optimizer = Momentum([weight], momentum=0.5)
    optimizer.step([np.array([2.0])], learning_rate=0.1)  # v = 2, w = 1 - 0.2
    optimizer.step([np.array([1.0])], learning_rate=0.1)  # v = 2, w = 0.8 - 0.2
    np.testing.assert_allclose(weight, 0.6)


def test_batches_are_a_permutation_in_nearly_equal_parts() -> None:
    batches = draw_batches(103, 25, np.random.default_rng(0))
    assert {len(batch) for batch in batches} == {20, 21}
    np.testing.assert_array_equal(np.sort(np.concatenate(batches)), np.arange(103))


def test_schedule_falls_from_the_peak_to_nearly_zero() -> None:
    rates = list(cosine_schedule(100, 0.5))
    assert rates[0] == 0.5
    assert rates[50] == pytest.approx(0.25)
    assert rates == sorted(rates, reverse=True)
    assert 0 < rates[-1] < 0.001


def test_initial_weights_keep_the_size_of_activations() -> None:
    layers = initialize_layers((1000, 1000, 1000, 1000), np.random.default_rng(0))
    scores = mlp_scores(layers, np.random.default_rng(1).standard_normal((50, 1000)).astype(np.float32))
    assert scores.dtype == np.float32
    assert np.mean(scores**2) == pytest.approx(2, rel=0.1)  # E[s^2] = 2 / n_in * sum E[h^2], and E[h^2] stays 1


def test_loss_that_is_not_finite_stops_with_its_step(task) -> None:
    layers = start()
    batches = [(task[0], task[1]), (task[0] * np.nan, task[1])]
    steps = training_steps(layers, mlp_objective(), Momentum(leaves(layers)), batches, cosine_schedule(2, 0.1))
    with pytest.raises(FloatingPointError, match="the objective is nan at step 1: lower the learning rate"):
        list(steps)


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


def test_weight_penalty_leaves_biases_free(rng: np.random.Generator) -> None:
    layers = [(np.array([[1.0, 2.0]]), np.array([1.0, 3.0])), (np.array([[2.0], [0.0]]), np.array([7.0]))]
    x, labels = rng.standard_normal((4, 1)), np.zeros(4, int)
    penalized, plain = (mlp_objective(l2=l2)(layers, x, labels) for l2 in (1.0, 0.0))
    assert penalized - plain == pytest.approx((1 + 4 + 4) / 2)


def test_fused_cross_entropy_equals_its_parts(rng: np.random.Generator) -> None:
    z, labels = rng.standard_normal((5, 3)), np.array([0, 1, 2, 2, 1])
    parts = ops.mean(ops.log_sum_exp(z, axis=1) - z[np.arange(5), labels])
    assert ops.softmax_cross_entropy(z, labels=labels) == pytest.approx(parts, rel=1e-12)


def test_gradient_penalty_of_a_linear_classifier(rng: np.random.Generator) -> None:
    """The loss of picture x has the gradient W (p - one-hot label): of it the mean squared length."""
    weights, x, labels = rng.standard_normal((4, 3)), rng.standard_normal((5, 4)), np.array([0, 1, 2, 2, 1])
    layers = [(weights, np.zeros(3))]
    slopes = (ops.softmax(x @ weights) - np.eye(3)[labels]) @ weights.T
    penalized, plain = (mlp_objective(input_gradient_penalty=p)(layers, x, labels) for p in (1.0, 0.0))
    assert penalized - plain == pytest.approx(np.mean(np.sum(slopes**2, axis=1)), rel=1e-12)
