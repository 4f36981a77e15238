"""Computational graphs with the value and the gradient of every edge, as recorded by the engine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bakeoff.pipelines.backprop.arrays import Node, Value, plain, recording
from bakeoff.pipelines.backprop.differentiate import backpropagate, topological_order

LEVEL = 1  # of the recording: nothing encloses it
SIGNS = {"add": "+", "subtract": "−", "multiply": "×", "divide": "/", "maximum": "max", "sigmoid": "σ", "matmul": "@"}
SIGNS |= {"sum_of_squares": "Σ w²", "softmax_cross_entropy": "softmax loss"}


@dataclass(frozen=True)
class RecordedGraph:
    """labels (n,): name of an input or sign of a gate, in the order of computing; the last is the output, f.
    is_gate (n,).   edges int (m, 2): from node to node.   values, gradients (m,): what flows along each edge forward
    and back, as text: a number, or the shape of an array.   A value that is used more than once passes a copy gate
    first, which adds up the gradients."""

    labels: Sequence[str]
    is_gate: Sequence[bool]
    edges: Sequence[tuple[int, int]]
    values: Sequence[str]
    gradients: Sequence[str]


def record(function: Callable[..., Value], output_gradient: ArrayLike = 1.0, **inputs: ArrayLike) -> RecordedGraph:
    """Run a function of arrays, given by name, and walk its graph back, keeping the gradient of every use."""
    with recording:
        leaves = {name: Node(np.asarray(value, float)[()], LEVEL) for name, value in inputs.items()}
        output, flows = function(**leaves), dict[tuple[int, int], Any]()
        backpropagate([(output, np.asarray(output_gradient, float)[()])], flows)
    order = topological_order(output)
    names = {id(node): gate_label(node) for node in order if node.operation}
    names |= {id(node): name for name, node in leaves.items()}
    return _with_copies(order[::-1], names, flows, output_gradient)


def gate_label(node: Node) -> str:
    """The gate's sign, with the constant that it works with if that is one number."""
    assert node.operation is not None
    sign = SIGNS.get(node.operation.name, node.operation.name)
    constants = [(i, a) for i, a in enumerate(node.arguments) if not isinstance(a, Node) and np.ndim(a) == 0]
    if not constants:
        return sign
    position, constant = constants[0]
    number = f"{float(plain(constant)):g}".replace("-", "−")
    if position == 0 and node.operation.name in ("divide", "subtract"):
        return f"{number}/x" if sign == "/" else f"{number}−x"
    return f"{sign}{number}"


def describe(value: Any) -> str:
    """A number to two digits (one, if it is small), or the shape of an array: −0.53, 64 numbers, 64 × 10."""
    if np.ndim(value):
        return " × ".join(map(str, np.shape(value))) + " numbers" * (np.ndim(value) == 1)
    form = ".0f" if value == round(float(value)) else ".2f" if abs(value) >= 0.005 else ".1g"
    return f"{value:{form}}".replace("-", "−")


def _with_copies(
    nodes: list[Node], names: Mapping[int, str], flows: Mapping[tuple[int, int], Any], output_gradient: ArrayLike
) -> RecordedGraph:
    labels: list[str] = []
    place: dict[int, int] = {}  # of a node: where its users take its value
    edges: list[tuple[tuple[int, int], str, str]] = []
    for node in nodes:
        for i, parent in node.parents:
            edge = place[id(parent)], len(labels)
            edges.append((edge, describe(parent.value), describe(flows[id(node), i])))
        labels.append(names[id(node)])
        uses = [flows[id(user), i] for user in nodes for i, parent in user.parents if parent is node]
        if len(uses) > 1:
            edges.append(((len(labels) - 1, len(labels)), describe(node.value), describe(sum(uses))))
            labels.append("copy")
        place[id(node)] = len(labels) - 1
    edges.append(((len(labels) - 1, len(labels)), describe(nodes[-1].value), describe(output_gradient)))
    pairs, values, gradients = zip(*edges, strict=True)
    is_gate = [any(target == i for _, target in pairs) for i in range(len(labels))]
    return RecordedGraph([*labels, "f"], [*is_gate, False], pairs, values, gradients)
