"""Arrays in boxes: what lets a function of plain numpy arrays be differentiated.

To differentiate f at x, x is put in a box and f is run on the box. There are two kinds of box:

    graph.Node            reverse mode: keeps its history, to be walked backwards later
    forward_mode.Dual     forward mode: carries its directional derivative along

What a box holds may be a box again, of a differentiation that encloses this one. Each differentiation has a level,
a serial number, so the inner one has the higher number. `apply` takes the highest level off its arguments, computes
one level lower, and puts the result back in a box. Gradient rules, too, see their arguments one level lower: plain
numpy arrays for a first derivative, boxes of the enclosing differentiation for a second. Nesting to any order, and
never mixing up two differentiations, needs nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Value = Any  # a numpy array, a number, or a box around one

OPERATIONS: dict[str, Operation] = {}  # filled by operations.py
COMPARISONS = (np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal)


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
    return [argument.value if level_of(argument) == level else argument for argument in arguments]


def plain(value: Value) -> Any:
    """The numpy array or number inside all boxes: a constant for every differentiation."""
    while isinstance(value, Array):
        value = value.value
    return value


def _operator(name: str) -> Callable[..., Value]:
    return lambda *operands: OPERATIONS[name](*operands)


def _reflected(name: str) -> Callable[..., Value]:
    return lambda right, left: OPERATIONS[name](left, right)


def _comparison(compare: np.ufunc) -> Callable[..., Any]:
    return lambda left, right: compare(plain(left), plain(right))


class Array:
    """A box that behaves like the array inside it. Comparisons give plain booleans: they have no gradient."""

    __slots__ = ("level", "value")
    __hash__ = None  # type: ignore[assignment]  # == compares element by element

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
    T = property(_operator("transpose"))

    __neg__, __abs__ = _operator("negative"), _operator("absolute")
    __add__, __radd__ = _operator("add"), _reflected("add")
    __sub__, __rsub__ = _operator("subtract"), _reflected("subtract")
    __mul__, __rmul__ = _operator("multiply"), _reflected("multiply")
    __truediv__, __rtruediv__ = _operator("divide"), _reflected("divide")
    __pow__, __rpow__ = _operator("power"), _reflected("power")
    __matmul__, __rmatmul__ = _operator("matmul"), _reflected("matmul")
    __lt__, __le__, __gt__, __ge__, __eq__, __ne__ = map(_comparison, COMPARISONS)

    def __len__(self) -> int:
        return len(self.value)

    def __bool__(self) -> bool:
        return bool(plain(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r}, level={self.level})"

    def __getitem__(self, key: Any) -> Value:
        return OPERATIONS["index"](self, key=key)

    def __setitem__(self, key: Any, value: Value) -> None:
        raise TypeError(
            f"in-place write into a recorded array of shape {self.shape}: its gradient would be wrong. "
            "Build a new array with `where`, `scatter` or `concatenate`"
        )

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise TypeError(
            f"a recorded array of shape {self.shape} cannot become a numpy array without losing its gradient: "
            "use the functions of bakeoff.pipelines.backprop.operations, or `plain(x)` for its value as a constant"
        )

    def __array_function__(self, function: Any, types: Any, arguments: Any, settings: Any) -> Any:
        raise TypeError(
            f"np.{function.__name__} has no gradient: see bakeoff.pipelines.backprop.operations for what has one"
        )

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Value, **settings: Any) -> Value:
        """Lets `ndarray * box` and `np.exp(box)` find the operation of the same name."""
        if method != "__call__" or settings:
            raise TypeError(f"np.{ufunc.__name__}: only plain calls have a gradient, not {method} {sorted(settings)}")
        if ufunc in COMPARISONS:
            return ufunc(*map(plain, inputs))
        if ufunc.__name__ not in OPERATIONS:
            raise TypeError(f"np.{ufunc.__name__} has no gradient: choose from {', '.join(sorted(OPERATIONS))}")
        return OPERATIONS[ufunc.__name__](*inputs)
