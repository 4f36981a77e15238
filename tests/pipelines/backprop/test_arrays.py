"""Boxes behave like arrays, and refuse what would lose or spoil a gradient."""

import numpy as np
import pytest

from bakeoff.pipelines.backprop import operations
from bakeoff.pipelines.backprop.arrays import plain
from bakeoff.pipelines.backprop.differentiate import grad, jvp

X = np.array([1.5, -0.5, 2.0])

EXPRESSIONS = {
    "-x": lambda x: -x,
    "abs(x)": abs,
    "x + 2": lambda x: x + 2,
    "2 - x": lambda x: 2 - x,
    "ndarray * x": lambda x: np.array([1.0, 2.0, 3.0]) * x,
    "numpy number * x": lambda x: np.float64(3) * x,
    "1 / x": lambda x: 1 / x,
    "x ** 2": lambda x: x**2,
    "2 ** x": lambda x: 2.0**x,
    "ndarray @ x": lambda x: np.arange(6.0).reshape(2, 3) @ x,
    "x @ ndarray": lambda x: x @ np.arange(6.0).reshape(3, 2),
    "x[1:].T": lambda x: x[1:].T,
    "np.tanh(x)": np.tanh,
    "np.maximum(1, x)": lambda x: np.maximum(1, x),
    "iteration": lambda x: sum(element * element for element in x),
    "branch": lambda x: x if x[0] > 1 else -x,
    "comparison": lambda x: x * (np.zeros(3) < x),
}


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS.keys())
def test_expression_of_a_box_is_that_of_its_array_with_a_derivative(expression) -> None:
    direction, step = np.array([0.3, -0.2, 0.5]), 1e-6
    value, tangent = jvp(expression, X, direction)
    np.testing.assert_array_equal(value, expression(X))
    difference = (expression(X + step * direction) - expression(X - step * direction)) / (2 * step)
    np.testing.assert_allclose(tangent, difference, rtol=1e-8, atol=1e-8)


def test_plain_takes_every_box_off() -> None:
    def inner(y: object, x: object) -> object:
        assert type(plain(x + y)) is np.float64
        return x * y

    grad(lambda x: grad(inner)(x, x))(2.0)


def write(x):
    x[0] = 1.0
    return operations.sum(x)


REFUSALS = {
    "write into a box": (write, TypeError, r"in-place write into a recorded array of shape \(3,\)"),
    "out=": (lambda x: np.exp(x, out=np.empty(3)), TypeError, r"np.exp: only plain calls .* \['out'\]"),
    "np.asarray": (np.asarray, TypeError, r"shape \(3,\) cannot become a numpy array without losing its gradient"),
    "np.array of boxes": (lambda x: np.array([x[0], x[1]]), TypeError, "cannot become a numpy array"),
    "unknown ufunc": (np.arctan, TypeError, "np.arctan has no gradient: choose from absolute, add"),
    "numpy function": (np.sum, TypeError, "np.sum has no gradient: see bakeoff.pipelines.backprop.operations"),
    "shapes": (
        lambda x: operations.matmul(x, np.ones((4, 5))),
        ValueError,
        r"matmul of float64 \(3,\), float64 \(4, 5\) is not possible: .*size 4 is different from 3",
    ),
    "axis": (lambda x: operations.sum(x, axis=1), ValueError, r"sum of float64 \(3,\) is not possible: axis 1 is out"),
    "index": (lambda x: x[7], IndexError, r"index of float64 \(3,\) is not possible: index 7 is out of bounds"),
    "einsum": (lambda x: operations.einsum("ii->i", x), ValueError, 'no index twice in one operand, got "ii->i"'),
    "labels": (
        lambda x: operations.softmax_cross_entropy(x * np.ones((2, 3)), labels=np.array([0, -1])),
        ValueError,
        r"softmax_cross_entropy of float64 \(2, 3\) is not possible: labels must not be negative, got -1",
    ),
    "linear": (
        lambda x: operations.linear(np.ones((2, 3)), np.ones((3, 4)), x),
        ValueError,
        r"linear of float64 \(2, 3\), float64 \(3, 4\), float64 \(3,\) is not possible",
    ),
}


@pytest.mark.parametrize(("function", "error", "message"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refuses_with_operation_and_shapes(function, error, message) -> None:
    with pytest.raises(error, match=message):
        grad(function)(X)
