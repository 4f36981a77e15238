"""Arrays in boxes: what lets a function of plain numpy arrays be differentiated.

To differentiate f at x, x is put in a box and f is run on the box: a `Node`, which keeps its history (reverse mode),
or a `Dual`, which carries its derivative along (forward mode). What a box holds may be a box again, of a
differentiation that encloses this one. Each differentiation has a level, a serial number, so the inner one has the
higher number. `apply` takes the highest level off its arguments, computes one level lower, and puts the result back in
a box. Gradient rules, too, see their arguments one level lower: plain arrays for a first derivative, boxes of the
enclosing differentiation for a second. Nesting to any order, without mixing up two differentiations, needs no more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

Value = Any  # a numpy array, a number, or a box around one
REAL = np.dtype(float)

OPERATIONS: dict[str, Operation] = {}  # those with rules of their own, filled by `rules.define`
FUNCTIONS: dict[str, Callable[..., Any]] = {}  # these and those put together from them
CHOICES: tuple[Callable[..., Any], ...] = (np.argmax, np.argmin, np.argsort, np.any, np.all)
CONSTANT = {*CHOICES, np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal, np.logical_and}
CONSTANT |= {np.sign, np.floor, np.ceil, np.rint, np.trunc, np.floor_divide, np.isfinite, np.isnan, np.isinf}
CONSTANT |= {np.allclose, np.isclose, np.array_equal, np.shape, np.ndim, np.size, np.zeros_like, np.ones_like}
CONSTANT |= {np.logical_or, np.logical_not}  # all flat between steps: no gradient


@dataclass(frozen=True, eq=False)
class Operation:
    """A gate: y = forward(x_0, x_1, ..., **settings), and its Jacobians J_i = dy / dx_i as linear maps.

    forward: on plain arrays.   Both rules are written in operations, so they can be differentiated in turn:
    vjp(i, g, y, x_0, x_1, ..., **settings): J_i' g, in the shape of x_i; the gradient g has the shape of y.
    jvp(i, t, y, x_0, x_1, ..., **settings): J_i t, in the shape of y; the tangent t has the shape of x_i.
    """

    name: str
    forward: Callable[..., Any]
    vjp: Callable[..., Value]
    jvp: Callable[..., Value]

    def __call__(self, *arguments: Value, **settings: Any) -> Value:
        return apply(self, arguments, settings)


def apply(operation: Operation, arguments: Sequence[Value], settings: Mapping[str, Any]) -> Value:
    """Compute an operation; the result is in a box if an argument is (recurses once per nested differentiation)."""
    outermost = max(arguments, key=level_of)
    if not isinstance(outermost, Array):
        return _compute(operation, arguments, settings)
    values = lower(arguments, outermost.level)
    result = apply(operation, values, settings)
    if getattr(result, "dtype", REAL).kind == "c":
        raise TypeError(f"{operation.name} gives complex numbers: only real ones have a derivative here")
    return outermost.extend(result, operation, arguments, values, settings)


def _compute(operation: Operation, values: Sequence[Any], settings: Mapping[str, Any]) -> Any:
    try:
        return operation.forward(*values, **settings)
    except (ValueError, TypeError, IndexError) as error:
        given = ", ".join(f"{np.asarray(value).dtype} {np.shape(value)}" for value in values)
        kind = IndexError if type(error) is IndexError else ValueError
        raise kind(f"{operation.name} of {given} is not possible: {error}") from error


def level_of(value: Value) -> int:
    return value.level if isinstance(value, Array) else 0


def lower(arguments: Sequence[Value], level: int) -> list[Value]:
    """The arguments without their boxes of this level."""
    return [x.value if isinstance(x, Array) and x.level == level else x for x in arguments]


def plain(value: Value) -> Any:
    """The numpy array or number inside all boxes: a constant for every differentiation."""
    while isinstance(value, Array):
        value = value.value
    return value


def _function(name: str) -> Callable[..., Value]:
    return lambda *arguments, **settings: FUNCTIONS[name](*arguments, **settings)


def _constant(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of plain values: its own are piecewise constant, or no numbers at all."""
    return lambda *arguments, **settings: function(*map(plain, arguments), **settings)


class Array(NDArrayOperatorsMixin):
    """A box that behaves like the array inside it. Comparisons give plain booleans: they have no gradient."""

    __slots__ = ("level", "value")

    def __init__(self, value: Value, level: int) -> None:
        self.value = value
        self.level = level

    def extend(
        self, result: Value, operation: Operation, arguments: Sequence[Value], values: Sequence[Value], settings: Any
    ) -> Array:
        """Put the result of an operation on this box (and others) in a box of the same kind and level."""
        raise NotImplementedError

    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: self.value.ndim)
    size = property(lambda self: self.value.size)
    dtype = property(lambda self: self.value.dtype)
    T = property(_function("transpose"))
    sum, mean, max, min, prod = map(_function, ("sum", "mean", "max", "min", "prod"))
    var, std, cumsum, clip, dot = map(_function, ("var", "std", "cumsum", "clip", "dot"))
    ravel, flatten, squeeze, swapaxes = map(_function, ("ravel", "ravel", "squeeze", "swapaxes"))
    repeat, take, trace, diagonal = map(_function, ("repeat", "take", "trace", "diagonal"))
    argmax, argmin, argsort, any, all = map(_constant, CHOICES)

    def reshape(self, *shape: int | Sequence[int]) -> Value:
        return OPERATIONS["reshape"](self, shape=shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: int | Sequence[int]) -> Value:
        return OPERATIONS["transpose"](self, axes=axes if len(axes) > 1 else axes[0] if axes else None)

    def __getitem__(self, key: Any) -> Value:
        return OPERATIONS["index"](self, key=key)

    def __setitem__(self, key: Any, value: Value) -> None:
        raise TypeError(
            f"in-place write into a recorded array of shape {self.shape}: its gradient would be wrong. "
            "Build a new array with `where`, `scatter` or `concatenate`"
        )

    def __len__(self) -> int:
        return len(self.value)

    def __bool__(self) -> bool:
        return bool(plain(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r}, level={self.level})"

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise TypeError(
            f"a recorded array of shape {self.shape} cannot become a numpy array without losing its gradient: "
            "use `operations.array` for a list of them, or `plain(x)` for a constant"
        )

    def __array_function__(self, function: Any, types: Any, arguments: Any, settings: Any) -> Any:
        """Lets `np.sum(box)` find the function of the same name."""
        return _found(function)(*arguments, **settings)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Value, **settings: Any) -> Value:
        """Lets operators, `ndarray * box` and `np.exp(box)` find the operation of the same name."""
        if settings and isinstance(inputs[0], Array) and settings.get("out", (None,))[0] is inputs[0]:
            del settings["out"]  # box += x: the name gets the result
        if method != "__call__" or settings:
            raise TypeError(f"np.{ufunc.__name__}: only plain calls have a gradient, not {method} {sorted(settings)}")
        return _found(ufunc)(*inputs)


@cache
def _found(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a function of numpy is on boxes."""
    name = function.__name__
    if function in CONSTANT:
        return _constant(function)
    if name in FUNCTIONS and function is getattr(np, name, np.linalg.norm):  # np.linalg.trace is another one
        return FUNCTIONS[name]
    raise TypeError(f"np.{name} has no gradient here: choose from {', '.join(sorted(FUNCTIONS))}")
