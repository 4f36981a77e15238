import re

import numpy as np
import pytest

from bakeoff.pipelines.backprop.operations import exp
from bakeoff.pipelines.lecture.computational_graph import record
from bakeoff.reports.lecture.graphs import draw_graph, lay_out

GRAPHS = {
    "product": record(lambda x, y, z: (x + y) * z, x=-2, y=5, z=-4),
    "copy": record(lambda x: x * 5 + x * -4, x=3),
    "neuron": record(lambda a, b, c, d, e: 1 / (exp((a * b + c * d + e) * -1) + 1), a=2, b=-1, c=-3, d=-2, e=-3),
}


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=list(GRAPHS))
def test_edges_run_onwards_and_no_two_nodes_touch(graph):
    edges = np.array(graph.edges)
    places = lay_out(edges, len(graph.labels))
    assert (places[edges[:, 0], 0] < places[edges[:, 1], 0]).all()
    apart = np.abs(places[:, None] - places).max(axis=2) + np.eye(len(places))
    assert apart.min() >= 1 - 1e-9


def test_an_input_stands_just_before_the_gate_that_uses_it():
    edges = np.array([[0, 2], [1, 2], [2, 4], [3, 4], [4, 5]])  # (x + y) z
    np.testing.assert_allclose(lay_out(edges, 6), [[0, 0], [0, 1], [1, 0.5], [1, 2], [2, 1.25], [3, 1.25]])


def test_gates_of_a_column_move_apart_around_their_center():
    edges = np.array([[0, 1], [0, 2], [1, 3], [2, 3], [3, 4]])  # x used twice
    np.testing.assert_allclose(lay_out(edges, 5)[:, 1], [0, -0.5, 0.5, 0, 0])


def test_every_value_and_gradient_stands_on_the_picture_with_its_step():
    _, _, picture = draw_graph(GRAPHS["product"])
    for text in ("−2", "5", "3", "−4", "−12", "1"):
        assert f">{text}</text>" in picture
    steps = {text: int(step) for step, text in re.findall(r'data-step="(\d+)">([^<]+)<', picture)}
    assert steps["−12"] < steps["1"]  # the output is known before its gradient
