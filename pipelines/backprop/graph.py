"""The two kinds of box - nodes of the computational graph, and duals - and the walk back through the graph."""

from __future__ import annotations

import itertools
import operator
import threading
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from bakeoff.pipelines.backprop.arrays import Array, Operation, Value, lower

Values = Sequence[Value]
_numbers = itertools.count()  # of nodes, in the order in which they are made


class Dual(Array):
    """Forward mode: a value and its derivative in the direction that is being followed."""

    __slots__ = ("tangent",)

    def __init__(self, value: Value, level: int, tangent: Value) -> None:
        super().__init__(value, level)
        self.tangent = tangent

    def extend(self, result: Value, operation: Operation, arguments: Values, values: Values, settings: Any) -> Dual:
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
        self.number = next(_numbers)
        self.operation = operation
        self.arguments = arguments
        self.settings = settings or {}
        self.parents = [(i, a) for i, a in enumerate(arguments) if isinstance(a, Node) and a.level == level]
        for array in (*arguments, *self.settings.values()) if operation else (value,):
            recording.freeze(array)

    def extend(self, result: Value, operation: Operation, arguments: Values, values: Values, settings: Any) -> Node:
        if isinstance(result, np.ndarray):
            result.flags.writeable = False
        return Node(result, self.level, operation, arguments, settings)


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


def backpropagate(seeds: Sequence[tuple[Node, Value]]) -> dict[int, Value]:
    """Gradients of the sum of <output, direction>, as id(input node) -> gradient; inputs not in the graph are absent.

    The chain rule, from the output back: a node's gradient is the sum, over the nodes that use it, of their gradient
    times the Jacobian of that use. When a node's turn comes, all its uses have had theirs.
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
                add(parent, node.operation.vjp(i, gradient, node.value, *values, **node.settings))
    return gradients


class _Recording(threading.local):
    """Arrays recorded inside are read-only until the outermost recording ends, so that no write can spoil a gradient.

    Raises ValueError if one of them is written to. One hole is left: a write through another view of the same memory
    that was there before.
    """

    depth = 0

    def __init__(self) -> None:
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
