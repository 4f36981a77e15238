"""The table of operations: what has rules of its own. A line gives the name, the value, and a rule per argument."""

import math
import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from bakeoff.pipelines.backprop.arrays import Array, Operation, Value, plain
from bakeoff.pipelines.backprop.rules import composite, elementwise, kept, multilinear, reduction, spread, sum_to

LN2, LN10 = math.log(2), math.log(10)
DEGREE = math.pi / 180  # in radians

# Arithmetic.
add = elementwise(np.add, lambda g, y, a, b: g, lambda g, y, a, b: g)
subtract = elementwise(np.subtract, lambda g, y, a, b: g, lambda g, y, a, b: -g)
multiply = elementwise(np.multiply, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)
divide = elementwise(np.divide, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b)
remainder = elementwise(np.remainder, lambda g, y, a, b: g, lambda g, y, a, b: -g * np.floor_divide(plain(a), plain(b)))
power = elementwise(
    operator.pow,
    lambda g, y, a, b: g * b * a ** np.subtract(b, np.not_equal(b, 0)),  # at b = 0 the slope is 0, even where a = 0
    lambda g, y, a, b: g * y * log(where(np.equal(a, 0), 1.0, a)),  # 0^b is flat in b > 0; at b = 0 that side is taken
    name="power",
)
negative = elementwise(np.negative, lambda g, y, x: -g)
absolute, fabs = (elementwise(f, lambda g, y, x: g * np.sign(plain(x))) for f in (np.absolute, np.fabs))
square = elementwise(np.square, lambda g, y, x: 2 * g * x)
reciprocal = elementwise(np.reciprocal, lambda g, y, x: -g * y * y)

# Smooth functions.
exp = elementwise(np.exp, lambda g, y, x: g * y)
exp2 = elementwise(np.exp2, lambda g, y, x: g * y * LN2)
expm1 = elementwise(np.expm1, lambda g, y, x: g * (y + 1))
log: Operation = elementwise(np.log, lambda g, y, x: g / x)
log2 = elementwise(np.log2, lambda g, y, x: g / (x * LN2))
log10 = elementwise(np.log10, lambda g, y, x: g / (x * LN10))
log1p = elementwise(np.log1p, lambda g, y, x: g / (x + 1))
sqrt = elementwise(np.sqrt, lambda g, y, x: g / (2 * y))
sin = elementwise(np.sin, lambda g, y, x: g * cos(x))
cos: Operation = elementwise(np.cos, lambda g, y, x: -g * sin(x))
tan = elementwise(np.tan, lambda g, y, x: g * (1 + y * y))
arcsin = elementwise(np.arcsin, lambda g, y, x: g / sqrt(1 - x * x))
arccos = elementwise(np.arccos, lambda g, y, x: -g / sqrt(1 - x * x))
arctan = elementwise(np.arctan, lambda g, y, x: g / (1 + x * x))
arctan2 = elementwise(
    np.arctan2, lambda g, y, a, b: g * b / (a * a + b * b), lambda g, y, a, b: -g * a / (a * a + b * b)
)
sinh = elementwise(np.sinh, lambda g, y, x: g * cosh(x))
cosh: Operation = elementwise(np.cosh, lambda g, y, x: g * sinh(x))
tanh = elementwise(np.tanh, lambda g, y, x: g * (1 - y * y))
arcsinh = elementwise(np.arcsinh, lambda g, y, x: g / sqrt(x * x + 1))
arccosh = elementwise(np.arccosh, lambda g, y, x: g / sqrt(x * x - 1))
arctanh = elementwise(np.arctanh, lambda g, y, x: g / (1 - x * x))
deg2rad, radians = (elementwise(f, lambda g, y, x: g * DEGREE) for f in (np.deg2rad, np.radians))
rad2deg, degrees = (elementwise(f, lambda g, y, x: g / DEGREE) for f in (np.rad2deg, np.degrees))
hypot = elementwise(np.hypot, lambda g, y, a, b: g * a / y, lambda g, y, a, b: g * b / y)
logaddexp = elementwise(np.logaddexp, lambda g, y, a, b: g * exp(a - y), lambda g, y, a, b: g * exp(b - y))
logaddexp2 = elementwise(np.logaddexp2, lambda g, y, a, b: g * exp2(a - y), lambda g, y, a, b: g * exp2(b - y))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(x))  # at most 1: no overflow
    return np.where(x >= 0, 1, small) / (1 + small)


sigmoid = elementwise(_sigmoid, lambda g, y, x: g * y * (1 - y))

# Choices: the gradient goes to whoever was chosen; a tie between two arguments shares it.
_where = elementwise(
    lambda a, b, condition: np.where(condition, a, b),
    lambda g, y, a, b, condition: where(condition, g, 0.0),
    lambda g, y, a, b, condition: where(condition, 0.0, g),
    name="where",
)
maximum, minimum, fmax, fmin = (
    elementwise(f, *(lambda g, y, *x, i=i: where(x[0] == x[1], 0.5 * g, where(y == x[i], g, 0.0)) for i in (0, 1)))
    for f in (np.maximum, np.minimum, np.fmax, np.fmin)
)
relu = elementwise(lambda x: np.maximum(x, 0), lambda g, y, x: where(y > 0, g, 0.0), name="relu")
leaky_relu = composite(lambda x, slope=0.01: where(x > 0, x, slope * x), "leaky_relu")
elu = composite(lambda x, alpha=1.0: where(x > 0, x, alpha * expm1(where(x > 0, 0.0, x))), "elu")

# a where the condition holds, else b
where: Callable[..., Value] = composite(lambda condition, a, b: _where(a, b, condition=plain(condition)), "where")

# Shapes: the transpose of each is another.
reshape: Operation = multilinear(
    "reshape", lambda x, shape: np.reshape(x, shape), lambda i, g, y, x, shape: reshape(g, shape=x.shape)
)
transpose: Operation = multilinear(
    "transpose",
    np.transpose,
    lambda i, g, y, x, axes=None: transpose(g, axes=None if axes is None else np.argsort(np.mod(axes, x.ndim))),
)
broadcast_to = multilinear("broadcast_to", np.broadcast_to, lambda i, g, y, x, shape: sum_to(g, x.shape))
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


join = Operation(
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
sum_of_squares = Operation(
    "sum_of_squares", lambda x: np.vdot(x, x), lambda i, g, y, x: 2 * g * x, lambda i, t, y, x: 2 * sum(x * t)
)


def _sums_to_the_end(i: int, g: Value, y: Value, x: Value, axis: int | None = None) -> Value:
    back = along(axis or 0, g.ndim, slice(None, None, -1))
    return reshape(cumsum(g[back], axis=axis)[back], shape=x.shape)


cumsum: Operation = multilinear("cumsum", np.cumsum, _sums_to_the_end)


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


# Classification.
def _softmax(x: np.ndarray) -> np.ndarray:
    numerators = np.exp(x - x.max(axis=-1, keepdims=True))  # at most 1: no overflow
    return numerators / numerators.sum(axis=-1, keepdims=True)


def _cross_entropy(logits: np.ndarray, labels: np.ndarray) -> Any:
    """Mean over the rows of  log sum_k e^z_k - z_label; its slope: (probabilities - one-hot labels) / n."""
    if len(labels) == 0:
        raise ValueError("the mean over no rows")
    if np.any(labels < 0):
        raise ValueError(f"labels must not be negative, got {labels.min()}")
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels])


def _softmax_rule(i: int, g: Value, y: Value, x: Value) -> Value:
    """The Jacobian is symmetric: one rule for both directions."""
    return y * (g - sum(g * y, axis=-1, keepdims=True))


softmax = Operation("softmax", _softmax, _softmax_rule, _softmax_rule)
softmax_cross_entropy = reduction(
    "softmax_cross_entropy",
    _cross_entropy,
    lambda y, x, axis, labels: (softmax(x) - (np.arange(x.shape[1]) == labels[:, None])) / len(labels),
)
