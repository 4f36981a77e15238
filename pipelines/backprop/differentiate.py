"""Derivatives of functions, to any order.

Each takes a function of a tree x - an array, or a tuple, list or dict of trees -, and of further arguments that are
constants for it. With J the Jacobian of f at x, which is never built:

    value_and_grad(f)(x, ...)                f(x), J'1     f scalar; one walk back, whatever the size of x
    vjp(f, x, u, ...)                        f(x), J'u     reverse mode
    jvp(f, x, v, ...)                        f(x), J v     forward mode
    hessian_vector_product(f, x, v, ...)     H v           forward over reverse: the directional derivative of grad f
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bakeoff.pipelines.backprop.arrays import Array, Value, level_of, plain
from bakeoff.pipelines.backprop.forward_mode import Dual
from bakeoff.pipelines.backprop.graph import Node, backpropagate, recording
from bakeoff.pipelines.backprop.rules import shape_of

Tree = Any  # an array, a number, or a tuple, list or dict of trees

_levels = itertools.count(1)  # a differentiation started inside another one has the higher level


def vjp(function: Callable[..., Value], x: Tree, direction: Value, *constants: Any) -> tuple[Any, Tree]:
    """f(x), and the gradient of <direction, f(x)> in the shape of x.

    Raises ValueError if the direction has not the shape of f(x); TypeError and ValueError as for `value_and_grad`.
    """
    return _pull_back(function, x, constants, lambda output: _direction(direction, output))


def value_and_grad(function: Callable[..., Value]) -> Callable[..., tuple[Any, Tree]]:
    """The function that gives f and its gradient with respect to its first argument.

    That raises TypeError if the argument holds anything but floating-point numbers, and ValueError if f is not a
    scalar or writes into an array that it has used.
    """
    return lambda x, *constants: _pull_back(function, x, constants, _one)


def grad(function: Callable[..., Value]) -> Callable[..., Tree]:
    """The gradient function of a scalar function; see `value_and_grad`."""
    return lambda x, *constants: value_and_grad(function)(x, *constants)[1]


def jvp(function: Callable[..., Tree], x: Tree, direction: Tree, *constants: Any) -> tuple[Tree, Tree]:
    """f(x), and its derivative in a direction, a tree like x.

    Raises ValueError if the direction has not the shapes of x, and TypeError if x is not floating-point.
    """
    level = next(_levels)
    inputs = map_tree(lambda leaf, tangent: Dual(_floating(leaf), level, _direction(tangent, leaf)), x, direction)
    output = function(inputs, *constants)
    value = map_tree(lambda leaf: leaf.value if level_of(leaf) == level else leaf, output)
    tangent = map_tree(lambda leaf: leaf.tangent if level_of(leaf) == level else _zeros_like(leaf), output)
    return value, tangent


def hessian_vector_product(function: Callable[..., Value], x: Tree, direction: Tree, *constants: Any) -> Tree:
    """The Hessian of a scalar function times a direction, at about the cost of two gradients."""
    return jvp(grad(function), x, direction, *constants)[1]


def map_tree(function: Callable[..., Any], tree: Tree, *others: Tree) -> Tree:
    """The tree of function(leaf, leaf of the other trees, ...). The other trees have the form of the first."""
    if isinstance(tree, dict):
        return {key: map_tree(function, tree[key], *(other[key] for other in others)) for key in tree}
    if isinstance(tree, tuple | list):
        return type(tree)(map_tree(function, *branches) for branches in zip(tree, *others, strict=True))
    return function(tree, *others)


def leaves(tree: Tree) -> Iterator[Any]:
    """The leaves, from left to right."""
    if isinstance(tree, dict | tuple | list):
        for branch in tree.values() if isinstance(tree, dict) else tree:
            yield from leaves(branch)
    else:
        yield tree


def _pull_back(
    function: Callable[..., Value], x: Tree, constants: tuple[Any, ...], seed: Callable[[Value], Value]
) -> tuple[Any, Tree]:
    with recording():
        level = next(_levels)
        inputs = map_tree(lambda leaf: Node(_floating(leaf), level), x)
        output = function(inputs, *constants)
        if not isinstance(output, Node) or output.level != level:  # does not depend on x
            seed(output)
            return output, map_tree(_zeros_like, inputs)
        gradients = backpropagate(output, seed(output))
        given_out: set[int] = set()
        gradient = map_tree(lambda leaf: _owned(gradients.get(id(leaf)), leaf.value, given_out), inputs)
        return _owned(output.value, output.value, given_out), gradient


def _one(output: Value) -> Any:
    if np.shape(plain(output)) != ():
        made_by = f" of {output.operation.name}" if isinstance(output, Node) and output.operation else ""
        raise ValueError(
            f"a gradient needs a scalar, got a result{made_by} of shape {output.shape}: "
            "sum it, or give `vjp` a direction"
        )
    return np.ones((), dtype=plain(output).dtype) if isinstance(output, Array) else 1.0


def _direction(direction: Value, like: Value) -> Value:
    if shape_of(direction) != shape_of(like):
        raise ValueError(f"direction must have shape {shape_of(like)}, got {shape_of(direction)}")
    return direction


def _floating(leaf: Value) -> Value:
    """The leaf as an array, if it can have a derivative."""
    leaf = leaf if isinstance(leaf, Array) else np.asarray(leaf)
    if leaf.dtype.kind != "f":
        raise TypeError(
            f"a derivative needs floating-point numbers, got {leaf.dtype} of shape {leaf.shape}: "
            "convert with .astype(np.float64)"
        )
    return leaf


def _owned(result: Value | None, value: Value, given_out: set[int]) -> Value:
    """A result in the type of a value, in memory that the caller may write to without changing anything else."""
    if result is None:
        return _zeros_like(value)
    if isinstance(result, Array):
        return result
    flags = np.asarray(result).flags  # what the graph has recorded is read-only
    sole = flags.owndata and flags.writeable and result.dtype == value.dtype and id(result) not in given_out
    given_out.add(id(result))
    return result if sole else np.array(result, dtype=value.dtype)[()]


def _zeros_like(value: Value) -> Any:
    return np.zeros_like(plain(value))[()]
