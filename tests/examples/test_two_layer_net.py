"""The twenty-line example learns, and its hand-written gradient is the engine's."""

import re
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


def test_readme_shows_it_and_the_same_gradients_by_the_engine(names: dict) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (PATH.parents[1] / "README.md").read_text(), flags=re.DOTALL)
    by_hand = next(block for block in blocks if "grad_hidden" in block)
    assert PATH.read_text().endswith(by_hand)
    by_engine = next(block for block in blocks if "bakeoff.pipelines.backprop" in block)
    given = {name: names[name] for name in ("x", "y")}
    given |= {"w1": names["w1"] + 0.01 * names["grad_w1"], "w2": names["w2"] + 0.01 * names["grad_w2"]}
    exec(by_engine, given)
    for name in ("grad_w1", "grad_w2"):
        np.testing.assert_allclose(given[name], names[name], rtol=1e-4, atol=1e-15)


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
