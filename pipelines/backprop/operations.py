"""All that has a derivative, under numpy's names, on numpy arrays and boxes alike.

Here are the functions that are put together from the operations of `primitives`: their derivatives follow from theirs.
`from ... import *` brings all but `sum`, `max` and `min`, which would hide Python's own.
"""

# ruff: noqa: F405 (names of the table)
import builtins
import math
import string
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from bakeoff.pipelines.backprop.arrays import FUNCTIONS, Array, Value, plain
from bakeoff.pipelines.backprop.differentiate import Tree, leaves, map_tree
from bakeoff.pipelines.backprop.primitives import *  # noqa: F403
from bakeoff.pipelines.backprop.rules import Axis, composite, reduced_axes, shape_of


def _rearranged(function: Callable[..., Any], x: Tree, *settings: Any, **named: Any) -> Any:
    """What a numpy function gives that moves, copies, leaves out or sets to 0 the entries of a tree: it is run on their
    places instead; nothing else need be known of it."""
    parts = list(leaves(x))
    if not any(isinstance(part, Array) for part in parts):
        return function(x, *settings, **named)
    sizes = [math.prod(shape_of(part)) for part in parts]
    numbers = iter(np.split(np.arange(1, 1 + np.sum(sizes)), np.cumsum(sizes)[:-1]))
    places = function(map_tree(lambda part: next(numbers).reshape(shape_of(part)), x), *settings, **named)
    entries = concatenate([np.zeros(1, dtype=bool), *map(ravel, parts)])  # place 0 holds a 0
    return map_tree(lambda place: entries[place], places)


def _reshaped(function: Callable[..., Any], x: Value, *settings: Any, **named: Any) -> Value:
    """What a numpy function gives that changes the shape alone: it is asked for the shape."""
    return reshape(x, shape=function(np.broadcast_to(0, shape_of(x)), *settings, **named).shape)


def _transposed(function: Callable[..., Any], x: Value, *settings: Any, **named: Any) -> Value:
    """What a numpy function gives that permutes the axes: it is run on axes of the lengths 0, 1, 2 ..."""
    return transpose(x, axes=function(np.empty(tuple(range(x.ndim))), *settings, **named).shape)


def _family(rule: Callable[..., Any], *functions: Callable[..., Any]) -> list[Callable[..., Any]]:
    return [composite(partial(rule, function), function.__name__) for function in functions]


squeeze, expand_dims = _family(_reshaped, np.squeeze, np.expand_dims)
atleast_1d, atleast_2d, atleast_3d = _family(_reshaped, np.atleast_1d, np.atleast_2d, np.atleast_3d)
swapaxes, moveaxis, rollaxis = _family(_transposed, np.swapaxes, np.moveaxis, np.rollaxis)
flip, fliplr, flipud, roll, rot90 = _family(_rearranged, np.flip, np.fliplr, np.flipud, np.roll, np.rot90)
repeat, tile, take, take_along_axis = _family(_rearranged, np.repeat, np.tile, np.take, np.take_along_axis)
diag, diagflat, diagonal, tril, triu = _family(_rearranged, np.diag, np.diagflat, np.diagonal, np.tril, np.triu)
array, stack, block = _family(_rearranged, np.array, np.stack, np.block)
vstack, hstack, dstack, column_stack = _family(_rearranged, np.vstack, np.hstack, np.dstack, np.column_stack)
split, array_split, vsplit = _family(_rearranged, np.split, np.array_split, np.vsplit)
hsplit, dsplit = _family(_rearranged, np.hsplit, np.dsplit)
ravel = composite(lambda x: reshape(x, shape=-1), "ravel")
concatenate = composite(lambda parts, axis=0: join(*parts, axis=axis), "concatenate")
clip = composite(lambda x, a_min, a_max: minimum(maximum(x, a_min), a_max), "clip")
sort = composite(lambda x, axis=-1: take_along_axis(x, np.argsort(plain(x), axis, kind="stable"), axis), "sort")
trace = composite(lambda x, *settings, **named: sum(diagonal(x, *settings, **named), axis=-1), "trace")


@composite
def pad(x: Value, pad_width: Any, mode: str = "constant") -> Value:
    """As np.pad with zeros or with entries of x; ValueError for a mode that computes new ones."""
    if mode not in ("constant", "edge", "reflect", "symmetric", "wrap"):
        raise ValueError(f'mode must be "constant", "edge", "reflect", "symmetric" or "wrap", got "{mode}"')
    return _rearranged(np.pad, x, pad_width, mode=mode)


@composite
def mean(x: Value, axis: Axis = None, keepdims: bool = False, *, ddof: int = 0) -> Value:
    """Sum / (n - ddof). Raises ValueError unless n > ddof."""
    count = math.prod(shape_of(x)[i] for i in reduced_axes(x, axis))
    if count <= ddof:
        raise ValueError(f"a mean needs at least {ddof + 1} entries, got {count}: axis={axis} of shape {shape_of(x)}")
    return sum(x, axis=axis, keepdims=keepdims) * (1 / (count - ddof))


@composite
def var(x: Value, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Value:
    return mean((x - mean(x, axis, keepdims=True)) ** 2, axis, keepdims, ddof=ddof)


def _root(x: Value) -> Value:
    """Square root whose slope at 0, the tip of a cone, is 0: the least of its subgradients."""
    return where(x == 0, 0.0, sqrt(where(x == 0, 1.0, x)))


std = composite(lambda x, axis=None, ddof=0, keepdims=False: _root(var(x, axis, ddof, keepdims)), "std")


@composite
def norm(x: Value, ord: float | str | None = None, axis: Axis = None, keepdims: bool = False) -> Value:
    """As np.linalg.norm: (sum |x|^ord)^(1 / ord) of vectors, the Frobenius norm of matrices; ValueError for others."""
    n_axes = len(reduced_axes(x, axis))
    if ord is None or (ord == "fro" and n_axes == 2) or (ord == 2 and n_axes == 1):
        return _root(sum(x * x, axis=axis, keepdims=keepdims))
    if n_axes != 1 or not isinstance(ord, int | float) or ord == 0:
        raise ValueError(f"norm with ord={ord!r} over {n_axes} axes is not there: matrices have ord=None or 'fro' only")
    if math.isinf(ord):
        return getattr(absolute(x), "max" if ord > 0 else "min")(axis, keepdims=keepdims)
    return sum(absolute(x) ** ord, axis=axis, keepdims=keepdims) ** (1 / ord)


@composite
def prod(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """Product, by halves: its derivatives are right where factors are 0 as well."""
    axes = reduced_axes(x, axis)
    empty = 0 in (shape_of(x)[i] for i in axes)
    for i in axes:
        while n := x.shape[i] // 2:
            left, right, rest = (x[along(i, x.ndim, slice(*part))] for part in ((0, n), (n, 2 * n), (2 * n, None)))
            x = concatenate([left * right, rest], axis=i)
    return sum(x, axis=axis, keepdims=keepdims) + empty  # of one factor, or of none


@composite
def einsum(subscripts: str, *operands: Value) -> Value:
    """As np.einsum: with ellipsis, with an index twice in one operand (a diagonal), with or without "->".

    Raises ValueError for subscripts that do not fit the operands.
    """
    report = np.einsum_path(subscripts, *(np.broadcast_to(0.0, shape_of(x)) for x in operands), optimize=False)[1]
    inputs, output = report.split("\n")[0].split()[-1].split("->")  # with letters for the ellipsis, and an output
    letters = inputs.split(",")
    once = ["".join(dict.fromkeys(own)) for own in letters]  # of a letter that comes twice, the diagonal
    singles = [
        x if own == single else _rearranged(partial(np.einsum, f"{own}->{single}"), x)
        for x, own, single in zip(operands, letters, once, strict=True)
    ]
    return contract(*singles, subscripts=f"{','.join(once)}->{output}")


@composite
def tensordot(a: Value, b: Value, axes: Any = 2) -> Value:
    """As np.tensordot: sum over the last `axes` axes of a with the first of b, or over two lists of axes."""
    if isinstance(axes, int):
        axes = range(len(shape_of(a)) - axes, len(shape_of(a))), range(axes)
    left = list(string.ascii_lowercase[: len(shape_of(a))])
    right = list(string.ascii_uppercase[: len(shape_of(b))])
    for i, j in zip(*map(np.atleast_1d, axes), strict=True):
        if shape_of(a)[i] != shape_of(b)[j]:
            raise ValueError(f"tensordot of {shape_of(a)}, {shape_of(b)}: axes {i} and {j} differ in length")
        right[j] = left[i]
    output = "".join(letter for letter in (*left, *right) if (letter in left) != (letter in right))
    return einsum(f"{''.join(left)},{''.join(right)}->{output}", a, b)


@composite
def dot(a: Value, b: Value) -> Value:
    """As np.dot: over the last axis of a and the last but one of b."""
    n_axes = len(shape_of(a)), len(shape_of(b))
    if 0 in n_axes:
        return a * b
    return a @ b if n_axes[0] <= 2 >= n_axes[1] else tensordot(a, b, axes=(-1, -2 if n_axes[1] > 1 else -1))


inner = composite(lambda a, b: tensordot(a, b, axes=(-1, -1)) if shape_of(a) and shape_of(b) else a * b, "inner")
outer = composite(lambda a, b: reshape(a, shape=(-1, 1)) * reshape(b, shape=(1, -1)), "outer")

__all__ = [name for name in FUNCTIONS if not hasattr(builtins, name)]
