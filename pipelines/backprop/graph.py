"""Reverse mode: the computational graph, and the walk back through it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from bakeoff.pipelines.backprop.arrays import Array, Operation, Value, Values, lower


class Node(Array):
    """A value in the graph, with the operation and the arguments that made it (none: an input).

    parents: (position, argument) of those arguments that belong to the same graph.
    """

    __slots__ = ("arguments", "operation", "parents", "settings")

    def __init__(
        self, value: Value, level: int, operation: Operation | None = None, arguments: Values = (), settings: Any = None
    ) -> None:
        super().__init__(value, level)
        self.operation = operation
        self.arguments = arguments
        self.settings = settings or {}
        self.parents = [(i, a) for i, a in enumerate(arguments) if isinstance(a, Node) and a.level == level]
        for array in (*arguments, *self.settings.values()) if operation else (value,):
            _guard.freeze(array)

    def extend(self, result: Value, operation: Operation, arguments: Values, values: Values, settings: Any) -> Node:
        if isinstance(result, np.ndarray):
            result.flags.writeable = False
        return Node(result, self.level, operation, arguments, settings)


def topological_order(*outputs: Node) -> Iterator[Node]:
    """Every node of the graph once, after all nodes that use it; no recursion, so any depth will do."""
    roots = list({id(output): output for output in outputs}.values())
    n_uses = {id(root): 0 for root in roots}
    pending = list(roots)
    while pending:
        for _, parent in pending.pop().parents:
            if id(parent) not in n_uses:
                pending.append(parent)
            n_uses[id(parent)] = n_uses.get(id(parent), 0) + 1
    ready = [root for root in roots if n_uses[id(root)] == 0]  # the others are used by these
    while ready:
        node = ready.pop()
        yield node
        for _, parent in node.parents:
            n_uses[id(parent)] -= 1
            if n_uses[id(parent)] == 0:
                ready.append(parent)


def backpropagate(outputs: Sequence[Node], directions: Sequence[Value]) -> dict[int, Value]:
    """Gradients of the sum of <direction, output>, as id(input node) -> gradient; inputs not in the graph are absent.

    The chain rule, from the output back: a node's gradient is the sum, over the nodes that use it, of their gradient
    times the Jacobian of that use. When a node's turn comes, all its uses have had theirs.
    """
    gradients: dict[int, Value] = {}
    for output, direction in zip(outputs, directions, strict=True):
        _guard.freeze(direction)
        known = gradients.get(id(output))
        gradients[id(output)] = direction if known is None else known + direction
    for node in topological_order(*outputs):
        if node.operation is None:
            continue
        gradient = gradients.pop(id(node))
        values = lower(node.arguments, node.level)
        for i, parent in node.parents:
            contribution = node.operation.vjp(i, gradient, node.value, *values, **node.settings)
            known = gradients.get(id(parent))
            gradients[id(parent)] = contribution if known is None else known + contribution
    return gradients


class _Guard(threading.local):
    """Makes recorded arrays read-only while a graph needs them, so that no in-place write can spoil a gradient.

    One hole is left: a write through another view of the same memory that was there before.
    """

    def __init__(self) -> None:
        self.depth = 0
        self.frozen: list[np.ndarray] = []

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

    def release(self) -> None:
        for array in self.frozen:
            array.flags.writeable = True
        self.frozen.clear()


_guard = _Guard()


@contextmanager
def recording() -> Iterator[None]:
    """Arrays recorded inside are read-only until the outermost recording ends.

    Raises ValueError if one of them is written to, instead of computing a wrong gradient.
    """
    _guard.depth += 1
    try:
        yield
    except ValueError as error:
        if _guard.frozen and str(error).endswith("read-only"):
            raise ValueError(
                "in-place write into an array that the graph has recorded: its gradient would be wrong. "
                "Write into a copy, or build a new array"
            ) from error
        raise
    finally:
        _guard.depth -= 1
        if _guard.depth == 0:
            _guard.release()
