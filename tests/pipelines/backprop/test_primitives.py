"""Every operation of the table: values and derivatives to second order against torch, and against differences."""

import numpy as np
import pytest
import torch

from bakeoff.pipelines.backprop import operations, primitives
from bakeoff.pipelines.backprop.arrays import Operation
from bakeoff.pipelines.backprop.differentiate import grad, jvp, value_and_grad, vjp
from bakeoff.pipelines.backprop.gradient_check import check_gradients
from bakeoff.tests.pipelines.backprop.operation_cases import CASES, Case

OPERATIONS = {value.name: value for value in vars(primitives).values() if isinstance(value, Operation)}
EXACT = {"rtol": 1e-10, "atol": 1e-10}


def test_table_is_covered_by_the_cases() -> None:
    assert {case.operation for case in CASES} == set(OPERATIONS)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_equals_torch_to_second_order(case: Case) -> None:
    rng = np.random.default_rng(1)
    operation = OPERATIONS[case.operation]
    arguments = tuple(case.arguments())
    tensors = tuple(torch.tensor(argument, requires_grad=True) for argument in arguments)
    directions = tuple(rng.standard_normal(argument.shape) for argument in arguments)

    def ours(values: tuple) -> np.ndarray:
        return operation(*values, **case.settings)

    expected = case.torch_function(*tensors)
    u = rng.standard_normal(expected.shape)
    np.testing.assert_allclose(ours(arguments), expected.detach(), **EXACT)

    value, gradients = vjp(ours, arguments, u)
    expected_gradients = torch.autograd.grad(expected, tensors, torch.tensor(u), create_graph=True)
    np.testing.assert_allclose(value, expected.detach(), **EXACT)
    for gradient, expected_gradient in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(gradient, expected_gradient.detach(), **EXACT)

    torch_directions = tuple(map(torch.tensor, directions))
    _, expected_tangent = torch.autograd.functional.jvp(case.torch_function, tensors, torch_directions)
    np.testing.assert_allclose(jvp(ours, arguments, directions)[1], expected_tangent, **EXACT)

    # Second order: the gradient of <J'u, direction>, backwards through the backward pass, and forwards through it.
    def slope(values: tuple) -> np.ndarray:
        pulled_back = vjp(ours, values, u)[1]
        return sum(operations.sum(g * d) for g, d in zip(pulled_back, directions, strict=True))

    expected_slope = sum((g * d).sum() for g, d in zip(expected_gradients, torch_directions, strict=True))
    expected_second = (
        torch.autograd.grad(expected_slope, tensors, materialize_grads=True)
        if expected_slope.requires_grad
        else [torch.zeros_like(tensor) for tensor in tensors]
    )
    forward_over_reverse = jvp(lambda values: vjp(ours, values, u)[1], arguments, directions)[1]
    for over_reverse in (grad(slope)(arguments), forward_over_reverse):
        for second, expected_each in zip(over_reverse, expected_second, strict=True):
            np.testing.assert_allclose(second, expected_each.numpy(force=True), **EXACT)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_agrees_with_differences_to_second_order(case: Case) -> None:
    operation = OPERATIONS[case.operation]
    check_gradients(
        case.operation,
        lambda *arguments: operation(*arguments, **case.settings),
        *case.arguments(),
        rng=np.random.default_rng(2),
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_stays_in_float32(case: Case) -> None:
    operation = OPERATIONS[case.operation]
    arguments = tuple(argument.astype(np.float32) for argument in case.arguments())
    value = operation(*arguments, **case.settings)
    assert value.dtype == np.float32
    pieces = [operation.vjp(i, value, value, *arguments, **case.settings) for i in range(len(arguments))]
    pieces += [operation.jvp(i, x, value, *arguments, **case.settings) for i, x in enumerate(arguments)]
    assert {piece.dtype for piece in pieces} == {np.dtype(np.float32)}


def test_gradient_of_a_tie_is_shared() -> None:
    np.testing.assert_array_equal(grad(operations.max)(np.array([3.0, 1.0, 3.0])), [0.5, 0, 0.5])
    assert grad(lambda pair: operations.maximum(*pair))((2.0, 2.0)) == (0.5, 0.5)


@pytest.mark.parametrize(("exponent", "slope"), [(0, 0.0), (1, 1.0), (2, 0.0)])
def test_power_has_its_slope_at_zero(exponent: int, slope: float) -> None:
    assert grad(lambda x: x**exponent)(0.0) == slope


def test_power_of_zero_is_flat_in_its_exponent() -> None:
    exponents = np.array([0.0, 0.5, 1.0, 3.0])
    value, slope = value_and_grad(lambda x: operations.sum(0.0**x))(exponents)
    assert value == 1
    np.testing.assert_array_equal(slope, np.zeros(4))
    np.testing.assert_array_equal(jvp(lambda x: 0.0**x, exponents, np.ones(4))[1], np.zeros(4))


def test_gates_keep_their_precision_for_large_arguments() -> None:
    value, gradient = value_and_grad(operations.sigmoid)(-800.0)
    assert (value, gradient) == (0.0, 0.0)
    logits = np.array([[1000.0, 0.0], [0.0, 1000.0]])
    loss, slope = value_and_grad(lambda z: operations.softmax_cross_entropy(z, labels=np.array([0, 0])))(logits)
    assert loss == 500
    np.testing.assert_array_equal(slope, [[0, 0], [-0.5, 0.5]])
