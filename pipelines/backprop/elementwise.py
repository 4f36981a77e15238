"""Elementwise operations: a line gives the name, the value, and one rule per argument (see `rules.py`)."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

import numpy as np

from bakeoff.pipelines.backprop.arrays import Operation, Value, plain
from bakeoff.pipelines.backprop.rules import composite, elementwise

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
    elementwise(f, lambda g, y, a, b: _share(g, y == a, a == b), lambda g, y, a, b: _share(g, y == b, a == b))
    for f in (np.maximum, np.minimum, np.fmax, np.fmin)
)
relu = elementwise(lambda x: np.maximum(x, 0), lambda g, y, x: where(y > 0, g, 0.0), name="relu")
leaky_relu = elementwise(
    lambda x, slope=0.01: np.where(x > 0, x, slope * x),
    lambda g, y, x, slope=0.01: where(x > 0, g, slope * g),
    name="leaky_relu",
)
elu = elementwise(
    lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    lambda g, y, x, alpha=1.0: where(x > 0, g, g * (y + alpha)),  # d/dx alpha (e^x - 1) = y + alpha
    name="elu",
)


def _share(g: Value, chosen: np.ndarray, tie: np.ndarray) -> Value:
    return where(tie, 0.5 * g, where(chosen, g, 0.0))


# a where the condition holds, else b
where: Callable[..., Value] = composite(lambda condition, a, b: _where(a, b, condition=plain(condition)), "where")
