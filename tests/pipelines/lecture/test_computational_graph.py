import numpy as np
import pytest

from bakeoff.pipelines.backprop.differentiate import value_and_grad
from bakeoff.pipelines.backprop.operations import exp, maximum, relu, sigmoid, sin
from bakeoff.pipelines.lecture.computational_graph import describe, record

NEURON = {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}


def at_inputs(graph):
    """name -> (value, gradient) of each input, as text."""
    return {
        graph.labels[source]: (value, gradient)
        for (source, _), value, gradient in zip(graph.edges, graph.values, graph.gradients, strict=True)
        if not graph.is_gate[source]
    }


def test_product_of_sum_has_the_numbers_of_the_lecture():
    graph = record(lambda x, y, z: (x + y) * z, x=-2, y=5, z=-4)
    assert at_inputs(graph) == {"x": ("−2", "−4"), "y": ("5", "−4"), "z": ("−4", "3")}
    assert graph.labels == ["x", "y", "z", "+", "×", "f"]
    sum_to_product = graph.edges.index((3, 4))
    assert (graph.values[sum_to_product], graph.gradients[sum_to_product]) == ("3", "−4")
    assert (graph.values[-1], graph.gradients[-1]) == ("−12", "1")


@pytest.mark.parametrize("activate", [sigmoid, lambda s: 1 / (exp(s * -1) + 1)])
def test_sigmoid_neuron_has_the_numbers_of_the_lecture(activate):
    graph = record(lambda w0, x0, w1, x1, w2: activate(w0 * x0 + w1 * x1 + w2), **NEURON)
    assert graph.values[-1] == "0.73"
    gradients = {name: gradient for name, (_, gradient) in at_inputs(graph).items()}
    assert gradients == {"w0": "−0.20", "x0": "0.39", "w1": "−0.39", "x1": "−0.59", "w2": "0.20"}


def test_sigmoid_neuron_gate_by_gate():
    graph = record(lambda w0, x0, w1, x1, w2: 1 / (exp((w0 * x0 + w1 * x1 + w2) * -1) + 1), **NEURON)
    assert graph.labels[-5:] == ["×−1", "exp", "+1", "1/x", "f"]
    assert graph.values[-5:] == ("1", "−1", "0.37", "1.37", "0.73")
    assert graph.gradients[-5:] == ("0.20", "−0.20", "−0.53", "−0.53", "1")


@pytest.mark.parametrize(
    ("gate", "output", "gradients"),
    [
        (lambda x, y: x + y, "−1", ("2", "2")),
        (lambda x, y: x * y, "−12", ("−8", "6")),
        (lambda x, y: maximum(x, y), "3", ("2", "0")),
    ],
)
def test_gates_hand_back_what_they_should(gate, output, gradients):
    graph = record(gate, 2, x=3, y=-4)
    assert graph.values[-1] == output
    assert tuple(gradient for _, gradient in at_inputs(graph).values()) == gradients


def test_a_copy_adds_up_the_gradients_of_its_uses():
    graph = record(lambda x: x * 5 + x * -4, 2, x=3)
    copy = graph.labels.index("copy")
    flows = dict(zip(graph.edges, graph.gradients, strict=True))
    assert [flow for (source, _), flow in flows.items() if source == copy] == ["10", "−8"]
    assert [flow for (_, target), flow in flows.items() if target == copy] == ["2"]


def test_recorded_gradients_are_those_of_the_engine():
    def function(x, y):
        shared = sin(x) * y
        return exp(shared / 3) - maximum(shared, x) * shared

    graph = record(function, x=0.7, y=-1.3)
    value, gradients = value_and_grad(lambda pair: function(*pair))((0.7, -1.3))
    assert graph.values[-1] == describe(value)
    assert [gradient for _, gradient in at_inputs(graph).values()] == [describe(gradient) for gradient in gradients]


def test_arrays_stand_as_their_shapes_and_gradients_have_the_same():
    graph = record(lambda x, w: relu(1 - x @ w), np.ones((5, 3)), x=np.ones((5, 2)), w=np.ones((2, 3)))
    assert graph.labels == ["x", "w", "@", "1−x", "relu", "f"]
    assert graph.values == graph.gradients == ("5 × 2", "2 × 3", "5 × 3", "5 × 3", "5 × 3")
    assert describe(np.ones(5)) == "5 numbers"


def test_a_small_number_does_not_stand_as_zero():
    assert [describe(value) for value in (0.0, -0.0005, 0.0156, 3.0)] == ["0", "−0.0005", "0.02", "3"]
