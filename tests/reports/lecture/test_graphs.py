import numpy as np
import pytest

from bakeoff.pipelines.lecture.computational_graph import GRAPHS
from bakeoff.reports.lecture.graphs import draw_graph, lay_out


@pytest.mark.parametrize("name", GRAPHS)
def test_edges_run_to_the_right_and_no_two_nodes_touch(name):
    graph = GRAPHS[name]()
    places = lay_out(graph.edges, len(graph.labels))
    assert (places[graph.edges[:, 0], 0] < places[graph.edges[:, 1], 0]).all()
    apart = np.abs(places[:, None] - places).max(axis=2) + np.eye(len(places))
    assert apart.min() >= 1 - 1e-9


def test_an_input_stands_just_before_the_gate_that_uses_it():
    edges = np.array([[0, 2], [1, 2], [2, 4], [3, 4]])  # (x + y) z
    np.testing.assert_allclose(lay_out(edges, 5), [[0, 0], [0, 1], [1, 0.5], [1, 2], [2, 1.25], [3, 1.25]])


def test_gates_of_a_column_move_apart_around_their_center():
    edges = np.array([[0, 1], [0, 2], [1, 3], [2, 3]])  # x used twice
    np.testing.assert_allclose(lay_out(edges, 4)[:, 1], [0, -0.5, 0.5, 0, 0])


def test_every_value_and_gradient_stands_on_the_picture():
    graph = GRAPHS["graph-product"]()
    picture = draw_graph(vars(graph), "graph-product", "caption").picture
    for text in ("−2", "5", "3", "−4", "−12", "1"):
        assert f">{text}</text>" in picture
