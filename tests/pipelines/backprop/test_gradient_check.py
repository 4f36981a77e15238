"""The check finds a wrong rule, and says where."""

import re

import numpy as np
import pytest

from bakeoff.pipelines.backprop.arrays import Operation, plain
from bakeoff.pipelines.backprop.gradient_check import GradientMismatchError, check_gradients
from bakeoff.pipelines.backprop.operations import multiply, sin


def spoil(g):
    """The gradient, 1 % too large in its entry (1, 2)."""
    return g * (1 + 0.01 * (np.arange(6).reshape(2, 3) == 5))


def product(vjp_rule=None, jvp_rule=None) -> Operation:
    """A product of its own, with a rule replaced."""
    return Operation("product", np.multiply, vjp_rule or multiply.vjp, jvp_rule or multiply.jvp)


def check(function) -> None:
    rng = np.random.default_rng(0)
    check_gradients("product", function, *rng.uniform(1, 2, (2, 2, 3)), rng=rng)


def test_passes_right_rules() -> None:
    check(product())


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("argument", [0, 1])
def test_names_operation_mode_argument_and_index(mode: str, argument: int) -> None:
    right = multiply.jvp if mode == "forward" else multiply.vjp

    def rule(i, g, y, a, b):
        return spoil(right(i, g, y, a, b)) if i == argument else right(i, g, y, a, b)

    wrong = product(jvp_rule=rule) if mode == "forward" else product(vjp_rule=rule)
    with pytest.raises(GradientMismatchError) as caught:
        check(wrong)
    place = re.escape(f"product: the {mode} derivative for argument {argument} at index (1, 2)")
    assert 0.001 < float(re.fullmatch(f"{place} is off by (.*)", str(caught.value))[1]) < 0.1


def test_finds_a_rule_that_is_right_but_whose_own_derivative_is_wrong() -> None:
    """A slope treated as a constant: only the second order can tell."""
    frozen = Operation("sine", np.sin, vjp=lambda i, g, y, x: g * np.cos(plain(x)), jvp=sin.jvp)
    with pytest.raises(GradientMismatchError, match="gradient of sine: the forward derivative for argument"):
        check_gradients("sine", frozen, np.array([0.3, 1.2]), rng=np.random.default_rng(0))
    check_gradients("sine", frozen, np.array([0.3, 1.2]), rng=np.random.default_rng(0), order=1)
