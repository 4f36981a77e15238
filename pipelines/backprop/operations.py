"""The table of operations: what each computes, and its Jacobian in both directions, side by side.

A line gives name, value, and one rule per argument; `rules.py` says what a rule means for each kind of operation.
Each works on numpy arrays and on boxes alike.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from bakeoff.pipelines.backprop.arrays import Operation, Value, plain
from bakeoff.pipelines.backprop.rules import (
    Axis,
    define,
    each,
    elementwise,
    kept,
    multilinear,
    reduction,
    spread,
    sum_to,
    symmetric,
)

# Arithmetic.
add = elementwise("add", np.add, lambda g, y, a, b: g, lambda g, y, a, b: g)
subtract = elementwise("subtract", np.subtract, lambda g, y, a, b: g, lambda g, y, a, b: -g)
multiply = elementwise("multiply", np.multiply, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)
divide = elementwise("divide", np.divide, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b)
power = elementwise(
    "power",
    operator.pow,
    lambda g, y, a, b: g * b * a ** (b - (b != 0)),  # at b = 0 the slope is 0, even where a = 0
    lambda g, y, a, b: g * y * log(a),
)
negative = elementwise("negative", np.negative, lambda g, y, x: -g)
absolute = elementwise("absolute", np.absolute, lambda g, y, x: g * np.sign(plain(x)))

# Smooth functions.
exp = elementwise("exp", np.exp, lambda g, y, x: g * y)
log: Operation = elementwise("log", np.log, lambda g, y, x: g / x)
sqrt = elementwise("sqrt", np.sqrt, lambda g, y, x: g / (2 * y))
sin = elementwise("sin", np.sin, lambda g, y, x: g * cos(x))
cos: Operation = elementwise("cos", np.cos, lambda g, y, x: -g * sin(x))
tanh = elementwise("tanh", np.tanh, lambda g, y, x: g * (1 - y * y))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(x))  # at most 1: no overflow
    return np.where(x >= 0, 1, small) / (1 + small)


sigmoid = elementwise("sigmoid", _sigmoid, lambda g, y, x: g * y * (1 - y))

# Choices: the gradient goes to whoever was chosen; a tie between two arguments shares it.
_where = elementwise(
    "where",
    lambda a, b, condition: np.where(condition, a, b),
    lambda g, y, a, b, condition: where(condition, g, 0.0),
    lambda g, y, a, b, condition: where(condition, 0.0, g),
)
maximum = elementwise(
    "maximum", np.maximum, lambda g, y, a, b: _share(g, a > b, a == b), lambda g, y, a, b: _share(g, b > a, a == b)
)
minimum = elementwise(
    "minimum", np.minimum, lambda g, y, a, b: _share(g, a < b, a == b), lambda g, y, a, b: _share(g, b < a, a == b)
)
relu = elementwise("relu", lambda x: np.maximum(x, 0), lambda g, y, x: where(y > 0, g, 0.0))
leaky_relu = elementwise(
    "leaky_relu",
    lambda x, slope=0.01: np.where(x > 0, x, slope * x),
    lambda g, y, x, slope=0.01: where(x > 0, g, slope * g),
)
elu = elementwise(
    "elu",
    lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    lambda g, y, x, alpha=1.0: where(x > 0, g, g * (y + alpha)),  # d/dx alpha (e^x - 1) = y + alpha
)


def _share(g: Value, chosen: np.ndarray, tie: np.ndarray) -> Value:
    return where(chosen, g, where(tie, 0.5 * g, 0.0))


def where(condition: Value, a: Value, b: Value) -> Value:
    """a where the condition holds, else b; the condition is a constant."""
    return _where(a, b, condition=plain(condition))


# Reductions over `axis` (all axes if None); with keepdims they stay as axes of length 1.
def _winners(y: Value, x: Value, axis: Axis) -> np.ndarray:
    """1 at the maximum, 0 elsewhere; equal maxima share the 1."""
    winners = x == y
    return np.divide(winners, winners.sum(axis=axis, keepdims=True), dtype=x.dtype)


sum = multilinear("sum", np.sum, lambda i, g, y, x, axis=None, keepdims=False: spread(kept(g, x, axis), x.shape))
max = reduction("max", np.max, _winners)
log_sum_exp = reduction(
    "log_sum_exp",
    lambda x, axis=None, keepdims=False: np.logaddexp.reduce(x, axis=axis, keepdims=keepdims),
    lambda y, x, axis: exp(x - y),
)
sum_of_squares = define(
    "sum_of_squares",
    lambda x: np.vdot(x, x),
    vjp=lambda i, g, y, x: 2 * g * x,
    jvp=lambda i, t, y, x: 2 * sum(x * t),
)


def mean(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    total = sum(x, axis=axis, keepdims=keepdims)
    return total * (math.prod(total.shape) / x.size)


# Shapes: the transpose of each is another.
reshape: Operation = multilinear(
    "reshape", lambda x, shape: np.reshape(x, shape), lambda i, g, y, x, shape: reshape(g, shape=x.shape)
)
transpose: Operation = multilinear(
    "transpose",
    lambda x, axes=None: np.transpose(x, axes),
    lambda i, g, y, x, axes=None: transpose(g, axes=None if axes is None else np.argsort(axes)),
)
broadcast_to = multilinear(
    "broadcast_to", lambda x, shape: np.broadcast_to(x, shape), lambda i, g, y, x, shape: sum_to(g, x.shape)
)
index = multilinear("index", lambda x, key: x[key], lambda i, g, y, x, key: scatter(g, key=key, shape=x.shape))


def _scatter(x: np.ndarray, key: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Zeros, with x added at the key; what falls on the same place adds up."""
    total = np.zeros(shape, dtype=x.dtype)
    np.add.at(total, key, x)
    return total


scatter: Operation = multilinear("scatter", _scatter, lambda i, g, y, x, key, shape: g[key])


def _place(i: int, parts: Sequence[Value], axis: int) -> tuple[slice, ...]:
    """Where part i lies in the parts joined along an axis."""
    ends = np.cumsum([part.shape[axis] for part in parts])
    return (*[slice(None)] * (axis % parts[i].ndim), slice(ends[i] - parts[i].shape[axis], ends[i]))


_concatenate = define(
    "concatenate",
    lambda *parts, axis: np.concatenate(parts, axis),
    vjp=lambda i, g, y, *parts, axis: g[_place(i, parts, axis)],
    jvp=lambda i, t, y, *parts, axis: scatter(t, key=_place(i, parts, axis), shape=y.shape),
)


def concatenate(parts: Sequence[Value], axis: int = 0) -> Value:
    return _concatenate(*parts, axis=axis)


# Products.
def _matmul_vjp(i: int, g: Value, y: Value, a: Value, b: Value) -> Value:
    row = reshape(a, shape=(1, *a.shape)) if a.ndim == 1 else a  # (..., n, k): a vector on the left is a row
    column = reshape(b, shape=(*b.shape, 1)) if b.ndim == 1 else b  # (..., k, m): on the right, a column
    batch = np.broadcast_shapes(row.shape[:-2], column.shape[:-2])
    g = reshape(g, shape=(*batch, row.shape[-2], column.shape[-1]))  # (..., n, m)
    if i == 0:
        return reshape(sum_to(g @ _swapped(column), row.shape), shape=a.shape)
    return reshape(sum_to(_swapped(row) @ g, column.shape), shape=b.shape)


def _swapped(x: Value) -> Value:
    """Every matrix of a stack, transposed."""
    return transpose(x, axes=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _einsum_vjp(i: int, g: Value, y: Value, *operands: Value, subscripts: str) -> Value:
    """The gradient of an operand is an einsum itself: of g and the other operands, with its own indices as output."""
    inputs, output = subscripts.split("->")
    letters = inputs.split(",")
    others = [operand for j, operand in enumerate(operands) if j != i]
    given = [output, *(letters[j] for j in range(len(operands)) if j != i)]
    for axis, letter in enumerate(letters[i]):
        if letter not in "".join(given):  # summed away: its gradient does not depend on it
            given.append(letter)
            others.append(np.ones(operands[i].shape[axis], dtype=g.dtype))
    return sum_to(einsum(f"{','.join(given)}->{letters[i]}", g, *others), operands[i].shape)


matmul = multilinear("matmul", np.matmul, _matmul_vjp)
_einsum = multilinear("einsum", lambda *x, subscripts: np.einsum(subscripts, *x, optimize=len(x) > 1), _einsum_vjp)


def einsum(subscripts: str, *operands: Value) -> Value:
    """As np.einsum, with an explicit output, no ellipsis, and no index twice in one operand.

    Raises ValueError for other subscripts.
    """
    inputs, arrow, _ = subscripts.replace(" ", "").partition("->")
    repeated = [letters for letters in inputs.split(",") if len(set(letters)) < len(letters)]
    if not arrow or repeated:
        raise ValueError(f'einsum needs subscripts like "ij,jk->ik", no index twice in one operand, got "{subscripts}"')
    return _einsum(*operands, subscripts=subscripts.replace(" ", ""))


def _affine(x: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    y = x @ weights
    y += bias
    return y


linear = define(  # x (n, d) @ weights (d, k) + bias (k,)
    "linear",
    _affine,
    vjp=each(
        lambda g, y, x, weights, bias: g @ weights.T,
        lambda g, y, x, weights, bias: x.T @ g,
        lambda g, y, x, weights, bias: sum(g, axis=0),
    ),
    jvp=each(
        lambda t, y, x, weights, bias: t @ weights,
        lambda t, y, x, weights, bias: x @ t,
        lambda t, y, x, weights, bias: spread(t, y.shape),
    ),
)


# Classification.
def _softmax(x: np.ndarray) -> np.ndarray:
    """e^x_j / sum_k e^x_k along the last axis."""
    numerators = np.exp(x - x.max(axis=-1, keepdims=True))  # at most 1: no overflow
    return numerators / numerators.sum(axis=-1, keepdims=True)


def _cross_entropy(logits: np.ndarray, labels: np.ndarray) -> Any:
    """Mean over the rows of  log sum_k e^z_k - z_label."""
    if np.any(labels < 0):
        raise ValueError(f"labels must not be negative, got {labels.min()}")
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels])


def _cross_entropy_slope(logits: Value, labels: np.ndarray) -> Value:
    """(probabilities - one-hot labels) / n: both exponentials and logarithm are gone."""
    one_hot = np.arange(logits.shape[1]) == labels[:, None]  # (n, k)
    return (softmax(logits) - one_hot) / len(labels)


softmax = symmetric("softmax", _softmax, lambda g, y, x: y * (g - sum(g * y, axis=-1, keepdims=True)))
softmax_cross_entropy = define(
    "softmax_cross_entropy",
    _cross_entropy,
    vjp=lambda i, g, y, logits, labels: g * _cross_entropy_slope(logits, labels),
    jvp=lambda i, t, y, logits, labels: sum(t * _cross_entropy_slope(logits, labels)),
)
