import numpy as np
import pytest

from bakeoff.pipelines.backprop.differentiate import value_and_grad
from bakeoff.pipelines.backprop.operations import exp, maximum, sin
from bakeoff.pipelines.lecture import computational_graph as graphs


def at_inputs(graph):
    """name -> (value, gradient) of each input."""
    return {
        str(graph.labels[source]): (value, gradient)
        for (source, _), value, gradient in zip(graph.edges, graph.values, graph.gradients, strict=True)
        if graph.is_input[source]
    }


def test_product_of_sum_has_the_numbers_of_the_lecture():
    graph = graphs.product_of_sum()
    assert graph.output == -12
    assert at_inputs(graph) == {"x": (-2, -4), "y": (5, -4), "z": (-4, 3)}
    assert list(graph.labels) == ["x", "y", "+", "z", "×"]
    assert graph.values[2] == 3  # x + y
    assert graph.gradients[2] == -4


@pytest.mark.parametrize("neuron", [graphs.sigmoid_neuron, graphs.sigmoid_neuron_as_one_gate])
def test_sigmoid_neuron_has_the_numbers_of_the_lecture(neuron):
    graph = neuron()
    assert round(graph.output, 2) == 0.73
    gradients = {name: round(gradient, 1) for name, (_, gradient) in at_inputs(graph).items()}
    assert gradients == {"w0": -0.2, "x0": 0.4, "w1": -0.4, "x1": -0.6, "w2": 0.2}


def test_sigmoid_neuron_gate_by_gate():
    graph = graphs.sigmoid_neuron()
    assert list(graph.labels[-4:]) == ["×−1", "exp", "+1", "1/x"]
    np.testing.assert_allclose(graph.values[-4:], [1, -1, 0.37, 1.37], atol=0.005)
    np.testing.assert_allclose(graph.gradients[-4:], [0.20, -0.20, -0.53, -0.53], atol=0.005)


@pytest.mark.parametrize(
    ("gate", "output", "gradients"),
    [
        (graphs.add_gate, -1, {"x": 2, "y": 2}),
        (graphs.multiply_gate, -12, {"x": -8, "y": 6}),
        (graphs.max_gate, 3, {"x": 2, "y": 0}),
        (graphs.copy_gate, 3, {"x": 2}),
    ],
)
def test_gates_hand_back_what_they_should(gate, output, gradients):
    graph = gate()
    assert graph.output == output
    assert {name: gradient for name, (_, gradient) in at_inputs(graph).items()} == gradients


def test_a_copy_adds_up_the_gradients_of_its_uses():
    graph = graphs.copy_gate()
    copy = list(graph.labels).index("copy")
    assert graph.gradients[graph.edges[:, 0] == copy].tolist() == [10, -8]
    assert graph.gradients[graph.edges[:, 1] == copy].tolist() == [2]


def test_recorded_gradients_are_those_of_the_engine():
    def function(x, y):
        shared = sin(x) * y
        return exp(shared / 3) - maximum(shared, x) * shared

    graph = graphs.record(function, {"x": 0.7, "y": -1.3})
    value, gradient = value_and_grad(lambda pair: function(*pair))((0.7, -1.3))
    assert graph.output == pytest.approx(value, abs=1e-12)
    entering = at_inputs(graph)
    assert entering["x"][1] == pytest.approx(gradient[0], abs=1e-12)
    assert entering["y"][1] == pytest.approx(gradient[1], abs=1e-12)
