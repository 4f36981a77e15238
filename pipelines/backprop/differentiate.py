"""Derivatives of functions, to any order.

Each takes a function of a tree x - an array, or a tuple, list or dict of trees -, and of further arguments that are
constants for it. f gives a scalar, or for `vjp` and `jvp` a tree. With J the Jacobian of f at x, which is never built:

    value_and_grad(f)(x, ...)                f(x), J'1     f scalar; one walk back, whatever the size of x
    vjp(f, x, u, ...)                        f(x), J'u     reverse mode
    jvp(f, x, v, ...)                        f(x), J v     forward mode
    hessian_vector_product(f, x, v, ...)     H v           forward over reverse: the directional derivative of grad f
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from bakeoff.pipelines.backprop.arrays import Array, Dual, Node, Value, level_of, lower, plain, recording
from bakeoff.pipelines.backprop.rules import shape_of

Tree = Any  # an array, a number, or a tuple (named or not), list or dict of trees

_levels = itertools.count(1)  # a differentiation started inside another one has the higher level


def vjp(function: Callable[..., Tree], x: Tree, direction: Tree, *constants: Any) -> tuple[Any, Tree]:
    """f(x), and the gradient of <direction, f(x)>, a tree like x; the direction is one like f(x).

    Raises ValueError if the direction has not the form and shapes of f(x), else as `value_and_grad`.
    """
    return _pull_back(function, x, constants, lambda output: _directions(direction, output))


def value_and_grad(function: Callable[..., Value]) -> Callable[..., tuple[Any, Tree]]:
    """The function that gives f and its gradient with respect to its first argument.

    That raises TypeError if the argument holds anything but floating-point numbers or f gives or computes anything
    but real ones, and ValueError if f is not a scalar or writes into an array that it has used.
    """
    return lambda x, *constants: _pull_back(function, x, constants, _one)


def grad(function: Callable[..., Value]) -> Callable[..., Tree]:
    """The gradient function of a scalar function; see `value_and_grad`."""
    return lambda x, *constants: value_and_grad(function)(x, *constants)[1]


def jvp(function: Callable[..., Tree], x: Tree, direction: Tree, *constants: Any) -> tuple[Tree, Tree]:
    """f(x), and its derivative in a direction, a tree like x.

    Raises ValueError if the direction has not the form and shapes of x, else as `value_and_grad`.
    """
    level = next(_levels)
    inputs = map_tree(lambda leaf, tangent: Dual(_floating(leaf), level, tangent), x, _directions(direction, x))
    output = map_tree(_real, function(inputs, *constants))
    value = map_tree(lambda leaf: leaf.value if level_of(leaf) == level else leaf, output)
    return value, map_tree(lambda leaf: leaf.tangent if level_of(leaf) == level else _zeros_like(leaf), output)


def hessian_vector_product(function: Callable[..., Value], x: Tree, direction: Tree, *constants: Any) -> Tree:
    """The Hessian of a scalar function times a direction, at about the cost of two gradients."""
    return jvp(grad(function), x, direction, *constants)[1]


def map_tree(function: Callable[..., Any], tree: Tree, *others: Tree) -> Tree:
    """The tree of function(leaf, leaf of the other trees, ...).

    Raises ValueError if another tree has not the form of the first.
    """
    if not isinstance(tree, dict | tuple | list):
        return function(tree, *others)
    for other in others:
        if _branches(other) != _branches(tree):
            raise ValueError(f"trees must have one form: {_branches(tree)} against {_branches(other)}")
    if isinstance(tree, dict):
        return {key: map_tree(function, tree[key], *(other[key] for other in others)) for key in tree}
    branches = [map_tree(function, *branch) for branch in zip(tree, *others, strict=True)]
    return type(tree)(*branches) if hasattr(tree, "_fields") else type(tree)(branches)


def leaves(tree: Tree) -> Iterator[Any]:
    """The leaves, from left to right."""
    if isinstance(tree, dict | tuple | list):
        for branch in tree.values() if isinstance(tree, dict) else tree:
            yield from leaves(branch)
    else:
        yield tree


def _branches(tree: Tree) -> str:
    """What two trees must share at the top: the keys of a dict, the length of a tuple or list."""
    if isinstance(tree, tuple | list):
        return f"tuple or list of {len(tree)}"
    return f"dict of {sorted(tree, key=str)}" if isinstance(tree, dict) else "one array"


def _pull_back(
    function: Callable[..., Tree], x: Tree, constants: tuple[Any, ...], seed: Callable[[Tree], Tree]
) -> tuple[Any, Tree]:
    with recording:
        level = next(_levels)
        inputs = map_tree(lambda leaf: Node(_floating(leaf), level), x)
        output = map_tree(_real, function(inputs, *constants))
        pairs = zip(leaves(output), leaves(seed(output)), strict=True)
        gradients = backpropagate([pair for pair in pairs if level_of(pair[0]) == level])  # others are constants
        given_out: set[int] = set()
        gradient = map_tree(lambda leaf: _owned(gradients.get(id(leaf)), leaf.value, given_out), inputs)
        values = map_tree(lambda leaf: leaf.value if level_of(leaf) == level else leaf, output)
        return map_tree(lambda leaf: _owned(leaf, leaf, given_out), values), gradient


def topological_order(*outputs: Node) -> list[Node]:
    """Every node of the graph once, the youngest first: so after all that use it. No recursion: any depth will do."""
    found: dict[int, Node] = {}
    pending = list(outputs)
    while pending:
        node = pending.pop()
        if node.number not in found:
            found[node.number] = node
            pending += [parent for _, parent in node.parents]
    return [found[number] for number in sorted(found, reverse=True)]


def backpropagate(
    seeds: Sequence[tuple[Node, Value]], flows: dict[tuple[int, int], Value] | None = None
) -> dict[int, Value]:
    """Gradients of the sum of <output, direction>, as id(input node) -> gradient; inputs not in the graph are absent.

    The chain rule, from the output back: a node's gradient is the sum, over the nodes that use it, of their gradient
    times the Jacobian of that use. When a node's turn comes, all its uses have had theirs.
    flows: to be filled with what comes back from each use, as (id(node that uses), position of the argument) -> it.
    """
    gradients: dict[int, Value] = {}

    def add(node: Node, gradient: Value) -> None:
        known = gradients.get(id(node))
        gradients[id(node)] = gradient if known is None else known + gradient

    for output, direction in seeds:
        recording.freeze(direction)
        add(output, direction)
    for node in topological_order(*(output for output, _ in seeds)):
        if node.operation is not None:
            gradient, values = gradients.pop(id(node)), lower(node.arguments, node.level)
            for i, parent in node.parents:
                flow = node.operation.vjp(i, gradient, node.value, *values, **node.settings)
                add(parent, flow)
                if flows is not None:
                    flows[id(node), i] = flow
    return gradients


def _one(output: Tree) -> Any:
    if isinstance(output, tuple | list | dict) or np.shape(plain(output)) != ():
        made_by = f" of {output.operation.name}" if isinstance(output, Node) and output.operation else ""
        shape = f"a result{made_by} of shape {output.shape}" if hasattr(output, "shape") else type(output).__name__
        raise ValueError(f"a gradient needs a scalar, got {shape}: sum it, or give `vjp` a direction")
    return np.ones((), dtype=plain(output).dtype) if isinstance(output, Array) else 1.0


def _directions(directions: Tree, like: Tree) -> Tree:
    for leaf, direction in zip(leaves(like), leaves(map_tree(lambda _, tree: tree, like, directions)), strict=True):
        if shape_of(_real(direction)) != shape_of(leaf):
            raise ValueError(f"direction must have shape {shape_of(leaf)}, got {shape_of(direction)}")
    return directions


def _real(leaf: Value) -> Value:
    """The leaf, if it is a real number or an array of them."""
    dtype = leaf.dtype if hasattr(leaf, "dtype") else np.asarray(leaf).dtype
    if dtype.kind not in "biuf":
        given = type(leaf).__name__ if dtype.kind == "O" else dtype
        raise TypeError(f"a derivative is of real arrays, and of tuples, lists and dicts of them, got {given}")
    return leaf


def _floating(leaf: Value) -> Value:
    """The leaf as an array, if it can have a derivative."""
    leaf = leaf if isinstance(leaf, Array) else np.asarray(leaf)
    if leaf.dtype.kind != "f":
        given = f"{leaf.dtype} of shape {leaf.shape}"
        raise TypeError(f"a derivative needs floating-point numbers, got {given}: convert with .astype(np.float64)")
    return leaf


def _owned(result: Value | None, value: Value, given_out: set[int]) -> Value:
    """A result in the type of a value, in memory that the caller may write to without changing anything else."""
    if result is None or isinstance(result, Array):
        return _zeros_like(value) if result is None else result
    flags, dtype = np.asarray(result).flags, np.asarray(plain(value)).dtype
    sole = flags.owndata and flags.writeable and id(result) not in given_out and np.asarray(result).dtype == dtype
    given_out.add(id(result))
    return result if sole else np.array(result, dtype=dtype)[()]  # what the graph has recorded is read-only


def _zeros_like(value: Value) -> Any:
    return np.zeros_like(plain(value))[()]
