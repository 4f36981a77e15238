"""Arrays in boxes: what lets a function of plain numpy arrays be differentiated.

To differentiate f at x, x is put in a box and f is run on the box: a `Node`, which keeps its history (reverse mode),
or a `Dual`, which carries its derivative along (forward mode). What a box holds may be a box again, of a
differentiation that encloses this one. Each differentiation has a level, a serial number, so the inner one has the
higher number. An operation takes the highest level off its arguments, computes one level lower, and puts the result
back in a box. Rules, too, see their arguments one level lower: plain arrays for a first derivative, boxes of the
enclosing differentiation for a second. Nesting to any order, without mixing up two differentiations, needs no more.
"""

import itertools
import operator
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

Value = Any  # a numpy array, a number, or a box around one
Values = Sequence[Value]
FUNCTIONS: dict[
    str, Callable[..., Any]
] = {}  # operations, and `rules.composite` ones, which are put together from them
PROPERTIES = ("shape", "ndim", "size", "dtype")
CHOICES = ("argmax", "argmin", "argsort", "any", "all")
CONSTANT = """sign floor ceil rint trunc floor_divide less less_equal greater greater_equal equal not_equal logical_and
logical_or logical_not isfinite isnan isinf allclose isclose array_equal shape ndim size zeros_like ones_like"""
FLAT = {getattr(np, name) for name in (*CHOICES, *CONSTANT.split())}  # between their steps: no gradient
_numbers = itertools.count()  # of nodes, in the order in which they are made


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

    def __post_init__(self) -> None:
        FUNCTIONS[self.name] = self

    def __call__(self, *arguments: Value, **settings: Any) -> Value:
        """Compute; the result is in a box if an argument is (calls itself once per nested differentiation)."""
        outermost = max(arguments, key=level_of)
        if isinstance(outermost, Array):
            values = lower(arguments, outermost.level)
            result = self(*values, **settings)
            if getattr(result, "dtype", np.dtype(float)).kind == "c":
                raise TypeError(f"{self.name} gives complex numbers: only real ones have a derivative here")
            return outermost.extend(result, self, arguments, values, settings)
        try:
            return self.forward(*arguments, **settings)
        except (ValueError, TypeError, IndexError) as error:
            given = ", ".join(f"{np.asarray(value).dtype} {np.shape(value)}" for value in arguments)
            kind = IndexError if type(error) is IndexError else ValueError
            raise kind(f"{self.name} of {given} is not possible: {error}") from error


def level_of(value: Value) -> int:
    return value.level if isinstance(value, Array) else 0


def lower(arguments: Values, level: int) -> list[Value]:
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

    extend: Callable[..., "Array"]  # puts what an operation on this box and others gives in a box like this one
    shape, ndim, size, dtype = (property(operator.attrgetter(f"value.{name}")) for name in PROPERTIES)
    T = property(_function("transpose"))
    sum, mean, max, min, prod = map(_function, ("sum", "mean", "max", "min", "prod"))
    var, std, cumsum, clip, dot = map(_function, ("var", "std", "cumsum", "clip", "dot"))
    ravel, flatten, squeeze, swapaxes = map(_function, ("ravel", "ravel", "squeeze", "swapaxes"))
    repeat, take, trace, diagonal = map(_function, ("repeat", "take", "trace", "diagonal"))
    argmax, argmin, argsort, any, all = (_constant(getattr(np, name)) for name in CHOICES)

    def reshape(self, *shape: int | Sequence[int]) -> Value:
        return FUNCTIONS["reshape"](self, shape=shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: int | Sequence[int]) -> Value:
        return FUNCTIONS["transpose"](self, axes=axes if len(axes) > 1 else axes[0] if axes else None)

    def __getitem__(self, key: Any) -> Value:
        return FUNCTIONS["index"](self, key=key)

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
    if function in FLAT:
        return _constant(function)
    if name in FUNCTIONS and function is getattr(np, name, np.linalg.norm):  # np.linalg.trace is another one
        return FUNCTIONS[name]
    raise TypeError(f"np.{name} has no gradient here: choose from {', '.join(sorted(FUNCTIONS))}")


class Dual(Array):
    """Forward mode: a value and its derivative in the direction that is being followed."""

    __slots__ = ("tangent",)

    def __init__(self, value: Value, level: int, tangent: Value) -> None:
        super().__init__(value, level)
        self.tangent = tangent

    def extend(self, result: Value, operation: Operation, arguments: Values, values: Values, settings: Any) -> "Dual":
        """The chain rule, from the inputs on: the sum over the arguments of Jacobian times tangent."""
        contributions = (
            operation.jvp(i, argument.tangent, result, *values, **settings)
            for i, argument in enumerate(arguments)
            if isinstance(argument, Dual) and argument.level == self.level
        )
        return Dual(result, self.level, reduce(operator.add, contributions))


class Node(Array):
    """Reverse mode: a value in the graph, with the operation and the arguments that made it (none: an input).

    parents: (position, argument) of those arguments that belong to the same graph.   number: the older, the lower.
    """

    __slots__ = ("arguments", "number", "operation", "parents", "settings")

    def __init__(
        self, value: Value, level: int, operation: Operation | None = None, arguments: Values = (), settings: Any = None
    ) -> None:
        super().__init__(value, level)
        self.number, self.operation = next(_numbers), operation
        self.arguments, self.settings = arguments, settings or {}
        self.parents = [(i, a) for i, a in enumerate(arguments) if isinstance(a, Node) and a.level == level]
        for array in (*arguments, *self.settings.values()) if operation else (value,):
            recording.freeze(array)

    def extend(self, result: Value, operation: Operation, arguments: Values, values: Values, settings: Any) -> "Node":
        if isinstance(result, np.ndarray):
            result.flags.writeable = False
        return Node(result, self.level, operation, arguments, settings)


class _Recording(threading.local):
    """Arrays recorded inside are read-only until the outermost recording ends, so that no write can spoil a gradient.

    Raises ValueError if one of them is written to. One hole is left: a write through another view of the same memory
    that was there before.
    """

    def __init__(self) -> None:
        self.depth, self.frozen = 0, list[np.ndarray]()

    def freeze(self, array: Value) -> None:
        if not isinstance(array, np.ndarray) or not array.flags.writeable:
            return
        owner = array if array.base is None else array.base
        if not isinstance(owner, np.ndarray) or not owner.flags.owndata:
            return  # memory of another library: numpy could not make it writeable again
        for each in (owner, array):  # the owner first: a view can only be writeable if its owner is
            if each.flags.writeable:
                each.flags.writeable = False
                self.frozen.append(each)

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(self, kind: type | None, error: BaseException | None, _: object) -> None:
        self.depth -= 1
        spoiled = bool(self.frozen) and kind is ValueError and str(error).endswith("read-only")
        if self.depth == 0:
            for array in self.frozen:
                array.flags.writeable = True
            self.frozen.clear()
        if spoiled:
            raise ValueError(
                "in-place write into an array that the graph has recorded: its gradient would be wrong. "
                "Write into a copy, or build a new array"
            ) from error


recording = _Recording()
