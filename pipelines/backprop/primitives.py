"""Operations with rules of their own, beside the elementwise ones: shapes, sums and extremes, products, a loss."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from bakeoff.pipelines.backprop.arrays import Array, Operation, Value
from bakeoff.pipelines.backprop.elementwise import exp
from bakeoff.pipelines.backprop.rules import define, each, kept, multilinear, reduced_axes, reduction, spread, sum_to

# Shapes: the transpose of each is another.
reshape: Operation = multilinear(
    "reshape", lambda x, shape: np.reshape(x, shape), lambda i, g, y, x, shape: reshape(g, shape=x.shape)
)
transpose: Operation = multilinear(
    "transpose",
    lambda x, axes=None: np.transpose(x, axes),
    lambda i, g, y, x, axes=None: transpose(g, axes=None if axes is None else np.argsort(reduced_axes(x, axes))),
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


def along(axis: int, n_axes: int, part: slice) -> tuple[slice, ...]:
    """The key of a part of one axis and all of the others."""
    return (*[slice(None)] * (axis % n_axes), part)


def _place(i: int, parts: Sequence[Value], axis: int) -> tuple[slice, ...]:
    """Where part i lies in the parts joined along an axis."""
    ends = np.cumsum([part.shape[axis] for part in parts])
    return along(axis, parts[i].ndim, slice(ends[i] - parts[i].shape[axis], ends[i]))


join = define(
    "concatenate",
    lambda *parts, axis: np.concatenate(parts, axis),
    vjp=lambda i, g, y, *parts, axis: g[_place(i, parts, axis)],
    jvp=lambda i, t, y, *parts, axis: scatter(t, key=_place(i, parts, axis), shape=y.shape),
)


# Reductions.
def _winners(y: Value, x: Value, axis: Any) -> np.ndarray:
    """1 at the extremum, 0 elsewhere; equal ones share the 1."""
    winners = x == y
    return np.divide(winners, winners.sum(axis=axis, keepdims=True), dtype=x.dtype)


sum = multilinear("sum", np.sum, lambda i, g, y, x, axis=None, keepdims=False: spread(kept(g, x, axis), x.shape))
max = reduction("max", np.max, _winners)
min = reduction("min", np.min, _winners)
log_sum_exp = reduction("log_sum_exp", partial(np.logaddexp.reduce, axis=None), lambda y, x, axis: exp(x - y))
sum_of_squares = define(
    "sum_of_squares", lambda x: np.vdot(x, x), lambda i, g, y, x: 2 * g * x, lambda i, t, y, x: 2 * sum(x * t)
)


def _sums_of_rest(g: Value, axis: int | None) -> Value:
    """The sum of g from each place to the end of the axis."""
    back = along(axis or 0, g.ndim, slice(None, None, -1))
    return cumsum(g[back], axis=axis)[back]


cumsum: Operation = multilinear(
    "cumsum", np.cumsum, lambda i, g, y, x, axis=None: reshape(_sums_of_rest(g, axis), shape=x.shape)
)


# Products.
def _matmul_vjp(i: int, g: Value, y: Value, a: Value, b: Value) -> Value:
    a, b = (x if isinstance(x, Array) else np.asarray(x) for x in (a, b))
    row = a.reshape((1, *a.shape)) if a.ndim == 1 else a  # (..., n, k): a vector on the left is a row
    column = b.reshape((*b.shape, 1)) if b.ndim == 1 else b  # (..., k, m): on the right, a column
    batch = np.broadcast_shapes(row.shape[:-2], column.shape[:-2])
    g = reshape(g, shape=(*batch, row.shape[-2], column.shape[-1]))  # (..., n, m)
    if i == 0:
        return sum_to(g @ column.swapaxes(-1, -2), row.shape).reshape(a.shape)
    return sum_to(row.swapaxes(-1, -2) @ g, column.shape).reshape(b.shape)


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
    gradient = contract(g, *others, subscripts=f"{','.join(given)}->{letters[i]}")
    shape = operands[i].shape  # an axis of length 1 may have been stretched to that of another operand, or another's
    return sum_to(spread(gradient, np.broadcast_shapes(gradient.shape, shape)), shape)


matmul = multilinear("matmul", np.matmul, _matmul_vjp)
contract: Operation = multilinear(
    "einsum", lambda *x, subscripts: np.einsum(subscripts, *x, optimize=len(x) > 1), _einsum_vjp
)


linear = define(  # x (n, d) @ weights (d, k) + bias (k,)
    "linear",
    lambda x, weights, bias: np.add(y := x @ weights, bias, out=y),
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
    if len(labels) == 0:
        raise ValueError("the mean over no rows")
    if np.any(labels < 0):
        raise ValueError(f"labels must not be negative, got {labels.min()}")
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels])


def _cross_entropy_slope(logits: Value, labels: np.ndarray) -> Value:
    """(probabilities - one-hot labels) / n: both exponentials and logarithm are gone."""
    one_hot = np.arange(logits.shape[1]) == labels[:, None]  # (n, k)
    return (softmax(logits) - one_hot) / len(labels)


_softmax_rule = each(lambda g, y, x: y * (g - sum(g * y, axis=-1, keepdims=True)))
softmax = define("softmax", _softmax, vjp=_softmax_rule, jvp=_softmax_rule)  # the Jacobian is symmetric
softmax_cross_entropy = define(
    "softmax_cross_entropy",
    _cross_entropy,
    vjp=lambda i, g, y, logits, labels: g * _cross_entropy_slope(logits, labels),
    jvp=lambda i, t, y, logits, labels: sum(t * _cross_entropy_slope(logits, labels)),
)
