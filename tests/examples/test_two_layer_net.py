"""The twenty-line example learns, and its hand-written gradient is the engine's."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from bakeoff.pipelines.backprop.differentiate import grad
from bakeoff.pipelines.backprop.operations import relu, sum_of_squares

PATH = Path(__file__).resolve().parents[2] / "examples" / "two_layer_net.py"


@pytest.fixture(scope="module")
def names() -> dict:
    return runpy.run_path(str(PATH))


def test_is_under_twenty_lines() -> None:
    assert len(PATH.read_text().splitlines()) < 20


def test_fits_its_targets(names: dict) -> None:
    assert names["losses"][0] > 10
    assert names["losses"][-1] < 1e-9


def test_hand_written_gradient_equals_the_engine(names: dict) -> None:
    """The gradient at the last pass is what the update changed the weights by."""
    x, y, w1, w2 = (names[name] for name in ("x", "y", "w1", "w2"))
    before = [w + 0.01 * names[gradient] for w, gradient in ((w1, "grad_w1"), (w2, "grad_w2"))]
    gradients = grad(lambda ws: sum_of_squares(relu(x @ ws[0]) @ ws[1] - y) / len(x))(before)
    for gradient, name in zip(gradients, ("grad_w1", "grad_w2"), strict=True):
        np.testing.assert_allclose(gradient, names[name], rtol=1e-4, atol=1e-15)
