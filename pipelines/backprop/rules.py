"""The kinds of Jacobian: how one short rule becomes an operation that is differentiable in both directions.

In a rule, g is what arrives - a gradient from above or a tangent from below -, y the output, a, b or x the arguments.
Rules use operations (or constants) only, so they can be differentiated in turn.
"""

from collections.abc import Callable
from typing import Any

from numpy.lib.array_utils import normalize_axis_tuple

from bakeoff.pipelines.backprop.arrays import FUNCTIONS, Operation, Value

Axis = int | tuple[int, ...] | None


def composite(function: Callable[..., Any], name: str = "") -> Callable[..., Any]:
    """Enter a function that is put together from operations: its derivatives follow from theirs."""
    function.__name__ = name or function.__name__
    FUNCTIONS[function.__name__] = function
    return function


def elementwise(forward: Callable, *rules: Callable, name: str = "") -> Operation:
    """J is diagonal, but for broadcasting: rules[i] multiplies by the diagonal, for vjp and jvp alike."""
    return Operation(
        name or forward.__name__.strip("_"),
        forward,
        vjp=lambda i, g, y, *x, **settings: sum_to(rules[i](g, y, *x, **settings), shape_of(x[i])),
        jvp=lambda i, t, y, *x, **settings: spread(rules[i](t, y, *x, **settings), shape_of(y)),
    )


def multilinear(name: str, forward: Callable, vjp: Callable) -> Operation:
    """Linear in each argument: the jvp is the operation itself, with the tangent in the argument's place."""
    operation = Operation(
        name, forward, vjp, jvp=lambda i, t, y, *x, **settings: operation(*x[:i], t, *x[i + 1 :], **settings)
    )
    return operation


def reduction(name: str, forward: Callable, slope: Callable) -> Operation:
    """y reduces x along an axis; slope(y, x, axis) = dy / dx spreads a gradient over x and gathers a tangent from x."""

    def vjp(i: int, g: Value, y: Value, x: Value, axis: Axis = None, keepdims: bool = False, **settings: Any) -> Value:
        return kept(g, x, axis) * slope(kept(y, x, axis), x, axis, **settings)

    def jvp(i: int, t: Value, y: Value, x: Value, axis: Axis = None, keepdims: bool = False, **settings: Any) -> Value:
        return FUNCTIONS["sum"](t * slope(kept(y, x, axis), x, axis, **settings), axis=axis, keepdims=keepdims)

    return Operation(name, forward, vjp, jvp)


def shape_of(x: Value) -> tuple[int, ...]:
    return getattr(x, "shape", ())


def spread(x: Value, shape: tuple[int, ...]) -> Value:
    """Broadcasting, where it is needed."""
    return x if shape_of(x) == shape else FUNCTIONS["broadcast_to"](x, shape=shape)


def sum_to(x: Value, shape: tuple[int, ...]) -> Value:
    """The transpose of broadcasting: sum over the axes that broadcasting to x.shape added or stretched."""
    if shape_of(x) == shape:
        return x
    added = x.ndim - len(shape)
    stretched = tuple(added + axis for axis, length in enumerate(shape) if length == 1)
    return FUNCTIONS["reshape"](FUNCTIONS["sum"](x, axis=(*range(added), *stretched)), shape=shape)


def kept(y: Value, x: Value, axis: Axis) -> Value:
    """y, reduced from x along axis, with the reduced axes back as axes of length 1."""
    reduced = reduced_axes(x, axis)
    return FUNCTIONS["reshape"](y, shape=tuple(1 if i in reduced else n for i, n in enumerate(shape_of(x))))


def reduced_axes(x: Value, axis: Axis) -> tuple[int, ...]:
    """The axes of x that `axis` names, from 0 on."""
    n_axes = len(shape_of(x))
    return tuple(range(n_axes)) if axis is None else normalize_axis_tuple(axis, n_axes)
