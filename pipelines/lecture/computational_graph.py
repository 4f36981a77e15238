"""A computational graph with the value and the gradient of every edge, as recorded by the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bakeoff.pipelines.backprop.arrays import Value, lower, plain
from bakeoff.pipelines.backprop.graph import Node, recording, topological_order
from bakeoff.pipelines.backprop.operations import exp, maximum, sigmoid

LEVEL = 1  # of the recording: nothing encloses it
SIGNS = {"add": "+", "subtract": "−", "multiply": "×", "divide": "/", "maximum": "max", "sigmoid": "σ"}


@dataclass(frozen=True)
class RecordedGraph:
    """labels (n,): name of an input or sign of a gate, in the order of computing; the last is the output.
    is_input (n,).   edges int (m, 2): from node to node.   values, gradients (m,): what flows along each edge forward
    and back.   output, output_gradient: what leaves the last node, and what arrives there.
    A value that is used more than once passes a copy gate first, which adds up the gradients."""

    labels: np.ndarray
    is_input: np.ndarray
    edges: np.ndarray
    values: np.ndarray
    gradients: np.ndarray
    output: float
    output_gradient: float


def record(function: Callable[..., Value], inputs: Mapping[str, float], output_gradient: float = 1.0) -> RecordedGraph:
    """Run a function of numbers, given by name, and walk its graph back, keeping the gradient of every use."""
    with recording():
        leaves = {name: Node(np.float64(value), LEVEL) for name, value in inputs.items()}
        output = function(**leaves)
        order = list(topological_order(output))
        flows = _edge_gradients(order, output_gradient)
    names = {id(node): name for name, node in leaves.items()}
    names |= {id(node): gate_label(node) for node in order if node.operation}
    return _with_copies(order[::-1], names, flows, float(output_gradient))


def _edge_gradients(order: list[Node], output_gradient: float) -> dict[tuple[int, int], float]:
    """(id of the node that uses, position of the argument) -> gradient of that use: the chain rule, gate by gate."""
    total = {id(node): 0.0 for node in order}
    total[id(order[0])] = output_gradient
    flows = {}
    for node in order:
        for i, parent in node.parents:
            assert node.operation is not None
            values = lower(node.arguments, node.level)
            flow = float(node.operation.vjp(i, np.float64(total[id(node)]), node.value, *values, **node.settings))
            flows[id(node), i] = flow
            total[id(parent)] += flow
    return flows


def gate_label(node: Node) -> str:
    """The gate's sign, with the constant that it works with if there is one."""
    assert node.operation is not None
    sign = SIGNS.get(node.operation.name, node.operation.name)
    constants = [(i, a) for i, a in enumerate(node.arguments) if not isinstance(a, Node)]
    if not constants:
        return sign
    position, constant = constants[0]
    number = f"{float(plain(constant)):g}".replace("-", "−")
    if node.operation.name == "divide" and position == 0:
        return f"{number}/x"
    return f"{sign}{number}"


def _with_copies(
    nodes: list[Node], names: Mapping[int, str], flows: Mapping[tuple[int, int], float], output_gradient: float
) -> RecordedGraph:
    uses = {id(node): _uses(nodes, node) for node in nodes}
    labels: list[str] = []
    source: dict[int, int] = {}  # id of a node -> the place whose value its users take
    edges: list[tuple[int, int, float, float]] = []
    for node in nodes:
        place = len(labels)
        labels.append(names[id(node)])
        source[id(node)] = place
        for i, parent in node.parents:
            edges.append((source[id(parent)], place, float(parent.value), flows[id(node), i]))
        if len(uses[id(node)]) > 1:
            labels.append("copy")
            source[id(node)] = place + 1
            edges.append((place, place + 1, float(node.value), sum(flows[key] for key in uses[id(node)])))
    is_input = [place not in {edge[1] for edge in edges} for place in range(len(labels))]
    ends, values, gradients = (
        np.array([e[:2] for e in edges]),
        np.array([e[2] for e in edges]),
        np.array([e[3] for e in edges]),
    )
    return RecordedGraph(
        np.array(labels), np.array(is_input), ends, values, gradients, float(nodes[-1].value), output_gradient
    )


def _uses(nodes: list[Node], wanted: Node) -> list[tuple[int, int]]:
    return [(id(node), i) for node in nodes for i, parent in node.parents if parent is wanted]


# Gates, each with a gradient of 2 arriving from above.
def add_gate() -> RecordedGraph:
    return record(lambda x, y: x + y, {"x": 3, "y": -4}, 2)


def multiply_gate() -> RecordedGraph:
    return record(lambda x, y: x * y, {"x": 3, "y": -4}, 2)


def max_gate() -> RecordedGraph:
    return record(lambda x, y: maximum(x, y), {"x": 3, "y": -4}, 2)


def copy_gate() -> RecordedGraph:
    return record(lambda x: x * 5 + x * -4, {"x": 3}, 2)


# The lecture's two worked examples.
def product_of_sum() -> RecordedGraph:
    """f = (x + y) z at x = -2, y = 5, z = -4."""
    return record(lambda x, y, z: (x + y) * z, {"x": -2, "y": 5, "z": -4})


def sigmoid_neuron() -> RecordedGraph:
    """f = 1 / (1 + exp(-(w0 x0 + w1 x1 + w2))) at w = (2, -3, -3), x = (-1, -2), gate by gate."""
    return record(lambda w0, x0, w1, x1, w2: 1 / (exp((w0 * x0 + w1 * x1 + w2) * -1) + 1), SIGMOID_NEURON_INPUTS)


def sigmoid_neuron_as_one_gate() -> RecordedGraph:
    """The same, with the sigmoid as one gate whose slope is y (1 - y)."""
    return record(lambda w0, x0, w1, x1, w2: sigmoid(w0 * x0 + w1 * x1 + w2), SIGMOID_NEURON_INPUTS)


SIGMOID_NEURON_INPUTS = {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}
GRAPHS: dict[str, Callable[[], Any]] = {
    "gate-add": add_gate,
    "gate-multiply": multiply_gate,
    "gate-max": max_gate,
    "gate-copy": copy_gate,
    "graph-product": product_of_sum,
    "graph-neuron": sigmoid_neuron,
    "graph-neuron-one-gate": sigmoid_neuron_as_one_gate,
}
