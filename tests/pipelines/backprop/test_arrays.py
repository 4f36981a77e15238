"""Boxes behave like arrays, and refuse what would lose or spoil a gradient."""

import numpy as np
import pytest

from bakeoff.pipelines.backprop import operations
from bakeoff.pipelines.backprop.arrays import plain
from bakeoff.pipelines.backprop.differentiate import grad, jvp

X = np.array([1.5, -0.5, 2.0])


def add_in_place(x):
    y = 1.0 * x
    y += 2.0  # of a box, the name gets the sum
    return y * x


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
    "x @ list": lambda x: x @ [1.0, 2.0, 3.0],
    "list @ x": lambda x: [[1.0, 2.0, 3.0]] @ x,
    "abs(x) ** list": lambda x: abs(x) ** [2, 0, 1.5],
    "list ** x": lambda x: [2.0, 3.0, 0.5] ** x,
    "x * list": lambda x: x * [1.0, 2.0, 3.0],
    "x % 1.7": lambda x: x % 1.7,
    "x // 1.7": lambda x: x * (x // 1.7),
    "+=": lambda x: add_in_place(x),
    "1.7 % x": lambda x: 1.7 % x,
    "x[1:].T": lambda x: x[1:].T,
    "x.sum()": lambda x: (x * x).sum(),
    "x.mean(axis)": lambda x: (x * x).reshape(3, 1).mean(0),
    "x.reshape(tuple)": lambda x: x.reshape((3, 1)).transpose(1, 0),
    "x.transpose()": lambda x: x.reshape(1, -1).transpose(),
    "x.max(keepdims)": lambda x: x.max(0, keepdims=True) * x.min(),
    "x.var, std, prod": lambda x: x.var() * x.std(ddof=1) + x.prod(),
    "x.ravel, flatten, squeeze": lambda x: x.reshape(1, 3).squeeze(0) * x.ravel() * x.flatten(),
    "x.swapaxes, dot": lambda x: x.reshape(1, 3).swapaxes(0, 1).dot(x.reshape(1, 3)),
    "x.trace, diagonal": lambda x: x.reshape(3, 1).dot(x.reshape(1, 3)).trace() * np.outer(X, X).diagonal() * x,
    "x.cumsum, clip, repeat, take": lambda x: x.cumsum().clip(0.0, 1.2).repeat(2).take([0, 1, 5]),
    "x[x.argmax()]": lambda x: x[x.argmax()] * x[x.argsort()[0]],
    "x.any, all": lambda x: x * x if (x > 0).any() and not x.all() else -x,
    "flat steps": lambda x: x * np.sign(x) * np.floor(1.1 * x) * np.argmin(x) * np.shape(x)[0] + np.zeros_like(x),
    "np.tanh(x)": np.tanh,
    "np.maximum(1, x)": lambda x: np.maximum(1, x),
    "np.sum, np.stack, np.where": lambda x: np.sum(np.stack([x, np.where(X > 0, x, 2 * x)]), axis=0),
    "np.linalg.norm, np.trace": lambda x: np.linalg.norm(x) * np.trace(np.outer(x, X)),
    "iteration": lambda x: sum(element * element for element in x),
    "branch": lambda x: x if x[0] > 1 else -x,
    "comparison": lambda x: x * (np.zeros(3) < x),
}


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS.keys())
def test_expression_of_a_box_is_that_of_its_array_with_a_derivative(expression) -> None:
    direction, step = np.array([0.3, -0.2, 0.5]), 1e-6
    value, tangent = jvp(expression, X, direction)
    np.testing.assert_allclose(value, expression(X), rtol=1e-13)
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
    "unknown ufunc": (np.cbrt, TypeError, "np.cbrt has no gradient here: choose from absolute, add"),
    "numpy function of another meaning": (np.linalg.trace, TypeError, "np.trace has no gradient here"),
    "unknown numpy function": (np.linalg.inv, TypeError, "np.inv has no gradient here"),
    "reduction": (np.add.reduce, TypeError, "np.add: only plain calls have a gradient, not reduce"),
    "complex constant": (lambda x: operations.sum(x * 1j), TypeError, "multiply gives complex numbers: only real ones"),
    "complex constant inside": (lambda x: operations.sum(abs(1 + 2j * x)), TypeError, "multiply gives complex numbers"),
    "shapes": (
        lambda x: operations.matmul(x, np.ones((4, 5))),
        ValueError,
        r"matmul of float64 \(3,\), float64 \(4, 5\) is not possible: .*size 4 is different from 3",
    ),
    "axis": (lambda x: operations.sum(x, axis=1), ValueError, r"sum of float64 \(3,\) is not possible: axis 1 is out"),
    "index": (lambda x: x[7], IndexError, r"index of float64 \(3,\) is not possible: index 7 is out of bounds"),
    "einsum": (lambda x: operations.einsum("ii->i", x), ValueError, "correct number of indices for operand 0"),
    "einsum operands": (lambda x: operations.einsum("i,i", x), ValueError, "must be equal to the number of operands"),
    "tensordot": (
        lambda x: operations.tensordot(x, np.ones((1, 3)), axes=1),
        ValueError,
        r"tensordot of \(3,\), \(1, 3\): axes 0 and 0 differ in length",
    ),
    "mean of nothing": (
        lambda x: x[:0].mean(),
        ValueError,
        r"needs at least 1 entries, got 0: axis=None of shape \(0,\)",
    ),
    "loss of nothing": (
        lambda x: operations.softmax_cross_entropy(x.reshape(1, 3)[:0], labels=np.zeros(0, int)),
        ValueError,
        r"softmax_cross_entropy of float64 \(0, 3\), .*|the mean over no rows",
    ),
    "variance of one": (lambda x: x[:1].var(ddof=1), ValueError, "needs at least 2 entries, got 1"),
    "norm": (
        lambda x: operations.norm(x.reshape(3, 1), "nuc"),
        ValueError,
        "norm with ord='nuc' over 2 axes is not there",
    ),
    "pad": (lambda x: operations.pad(x, 1, mode="mean"), ValueError, 'mode must be "constant", .* got "mean"'),
    "labels": (
        lambda x: operations.softmax_cross_entropy(x * np.ones((2, 3)), labels=np.array([0, -1])),
        ValueError,
        r"softmax_cross_entropy of float64 \(2, 3\) is not possible: labels must not be negative, got -1",
    ),
}


@pytest.mark.parametrize(("function", "error", "message"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refuses_with_operation_and_shapes(function, error, message) -> None:
    with pytest.raises(error, match=message):
        grad(function)(X)
