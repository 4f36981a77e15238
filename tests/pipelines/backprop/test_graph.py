"""The walk back through the graph: every path counted once, at any depth, and nothing overwritten meanwhile."""

import gc

import numpy as np
import pytest

from bakeoff.pipelines.backprop import operations
from bakeoff.pipelines.backprop.arrays import plain
from bakeoff.pipelines.backprop.differentiate import grad, jvp, value_and_grad
from bakeoff.pipelines.backprop.graph import Node, topological_order

DEPTH = 100_000  # a hundred times Python's recursion limit


def test_topological_order_puts_every_node_after_its_uses_and_once() -> None:
    x = Node(np.array(3.0), level=1)
    left, right = operations.exp(x), operations.sin(x)
    top = left * right + x
    order = list(topological_order(top))
    assert len(order) == 5
    assert order[0] is top
    assert order[-1] is x


def test_diamond_sums_its_paths() -> None:
    def diamond(x):
        left, right = 3 * x, x * x
        return left * right  # 3 x^3

    assert grad(diamond)(2.0) == 36.0


def test_ladder_of_diamonds_visits_each_node_once() -> None:
    def ladder(x):
        for _ in range(200):  # 2^200 paths
            x = 0.5 * x + 0.5 * x
        return x

    assert grad(ladder)(7.0) == 1.0


def test_deep_chain_does_not_overflow_the_stack() -> None:
    def chain(x):
        for _ in range(DEPTH):
            x = x + 1.0
        return x * x

    assert value_and_grad(chain)(1.0) == ((DEPTH + 1.0) ** 2, 2.0 * (DEPTH + 1))
    gc.collect()  # and is freed without overflowing it


def test_write_into_a_recorded_array_is_refused_and_does_not_last() -> None:
    factor = np.ones(3)

    def spoiled(x):
        y = x * factor
        factor[0] = 5.0
        return operations.sum(y)

    with pytest.raises(ValueError, match="in-place write into an array that the graph has recorded"):
        grad(spoiled)(np.ones(3))
    factor[0] = 5.0  # free again afterwards


def test_write_into_an_intermediate_value_is_refused() -> None:
    def spoiled(x):
        y = operations.exp(x)
        plain(y)[0] = 5.0
        return operations.sum(y)

    with pytest.raises(ValueError, match="in-place write"):
        grad(spoiled)(np.ones(3))


def test_write_into_a_setting_is_refused() -> None:
    mask = np.array([True, False, True])

    def spoiled(x):
        y = operations.where(mask, x, -x)
        mask[:] = False
        return operations.sum(y)

    with pytest.raises(ValueError, match="in-place write"):
        grad(spoiled)(np.ones(3))


def test_write_to_the_owner_of_a_recorded_view_is_refused() -> None:
    owner = np.ones((2, 3))
    row = owner[0]

    def spoiled(x):
        y = x * row
        owner[...] = 5.0
        return operations.sum(y)

    with pytest.raises(ValueError, match="in-place write"):
        grad(spoiled)(np.ones(3))
    owner[...] = row[...] = 5.0


def test_array_recorded_by_an_inner_differentiation_is_guarded_until_the_outer_one_ends() -> None:
    factor = np.ones(3)

    def spoiled(x):
        slope = grad(lambda y: operations.sum(y * factor * x))(np.ones(3))
        factor[0] = 5.0
        return operations.sum(slope)

    with pytest.raises(ValueError, match="in-place write"):
        grad(spoiled)(np.ones(3))
    assert factor.flags.writeable


def test_own_errors_of_a_function_pass_unchanged() -> None:
    def fails(x):
        raise ValueError("not today")

    with pytest.raises(ValueError, match=r"^not today$"):
        grad(fails)(1.0)


def test_memory_of_another_library_is_left_alone() -> None:
    foreign = np.frombuffer(bytearray(24), dtype=np.float64)
    grad(lambda x: operations.sum(x * foreign))(np.ones(3))
    foreign[0] = 1.0


def test_tangent_sums_over_the_arguments() -> None:
    assert jvp(lambda x: x * x * x, 2.0, 1.0) == (8.0, 12.0)
