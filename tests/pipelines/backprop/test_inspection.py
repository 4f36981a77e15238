from __future__ import annotations

import numpy as np
import pytest

from bakeoff.pipelines.backprop.inspection import layer_statistics, strongest_templates


def test_strongest_templates_come_first_in_the_shape_of_a_picture() -> None:
    weights = np.array([[0.0, 3.0], [1.0, 0.0], [0.0, 4.0], [0.0, 0.0]])
    np.testing.assert_array_equal(strongest_templates(weights, (2, 2, 1))[..., 0], [[[3, 0], [4, 0]], [[0, 1], [0, 0]]])


def test_statistics_of_a_layer_solved_by_hand() -> None:
    """Two inputs, three units: one passes x, one is never positive, one is constant."""
    weights = np.array([[1.0, -1.0, 0.0], [0.0, 0.0, 0.0]], np.float32)
    layers = [(weights, np.array([0.0, -1.0, 2.0], np.float32)), (np.ones((3, 2), np.float32), np.zeros(2, np.float32))]
    (row,) = layer_statistics(layers, np.array([[1.0, 5.0], [3.0, 5.0]], np.float32))
    outputs = np.array([[1, 0, 2], [3, 0, 2]])
    assert (row["layer"], row["activation"], row["units"]) == ("hidden 1", "ReLU", 3)
    assert row["mean"] == pytest.approx(outputs.mean())
    assert row["deviation"] == pytest.approx(outputs.std())
    assert row["dead_share"] == pytest.approx(2 / 3)
    assert row["zero_share"] == pytest.approx(2 / 6)


def test_a_linear_classifier_has_no_hidden_layer() -> None:
    layers = [(np.ones((2, 2), np.float32), np.zeros(2, np.float32))]
    assert layer_statistics(layers, np.ones((3, 2), np.float32)) == []
