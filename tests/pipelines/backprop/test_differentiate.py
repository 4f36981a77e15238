"""Derivatives of whole functions: the lecture's examples, nesting, trees of parameters, and what is refused."""

import builtins
import doctest
import gc
import math
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.pipelines import backprop
from bakeoff.pipelines.backprop import operations as ops
from bakeoff.pipelines.backprop.arrays import Node, plain
from bakeoff.pipelines.backprop.differentiate import (
    grad,
    hessian_vector_product,
    jvp,
    leaves,
    map_tree,
    topological_order,
    value_and_grad,
    vjp,
)

DEPTH = 100_000  # a hundred times Python's recursion limit


def test_lecture_example_x_plus_y_times_z() -> None:
    """CS231n, lecture 4: f = (x + y) z at x = -2, y = 5, z = -4."""
    value, gradients = value_and_grad(lambda v: (v[0] + v[1]) * v[2])((-2.0, 5.0, -4.0))
    assert value == -12
    assert gradients == (-4, -4, 3)


@pytest.mark.parametrize(
    "sigmoid", [ops.sigmoid, lambda s: 1 / (1 + ops.exp(-1 * s))], ids=["one gate", "its four gates"]
)
def test_lecture_example_sigmoid_neuron(sigmoid) -> None:
    """CS231n, lecture 4: f = 1 / (1 + exp(-(w0 x0 + w1 x1 + w2))); the lecture rounds on the way."""

    def neuron(parameters):
        (w0, w1, w2), (x0, x1) = parameters
        return sigmoid(w0 * x0 + w1 * x1 + w2)

    value, (weights, inputs) = value_and_grad(neuron)(((2.0, -3.0, -3.0), (-1.0, -2.0)))
    assert round(value, 2) == 0.73
    np.testing.assert_allclose(weights, [-0.20, -0.39, 0.20], atol=0.005)
    np.testing.assert_allclose(inputs, [0.39, -0.59], atol=0.005)


Pair = namedtuple("Pair", "first second")
OUTPUTS = {
    "tuple": lambda y, z: (y, z),
    "list": lambda y, z: [y, z],
    "dict": lambda y, z: {"y": y, "z": z},
    "named tuple": Pair,
    "nested": lambda y, z: ({"y": [y]}, z),
    "one used by the other": lambda y, z: (y, 2.0 * y + z),
    "twice the same": lambda y, z: (z, z),
    "with a constant": lambda y, z: (y, np.ones(3)),
    "the argument itself": lambda y, z: (z, y + z),
}


@pytest.mark.parametrize("make", OUTPUTS.values(), ids=OUTPUTS.keys())
def test_functions_may_return_trees(make) -> None:
    """<J v, u> = <v, J'u>, and J v agrees with differences; nothing of the graph is left in the values."""
    rng = np.random.default_rng(0)
    x, v, *us = rng.standard_normal((4, 3))

    def function(z):
        return make(ops.sin(z) * z, z)

    def inner(left, right) -> float:
        return sum(float(np.vdot(a, b)) for a, b in zip(leaves(left), leaves(right), strict=True))

    remaining = iter(us)
    u = map_tree(lambda _: next(remaining), function(x))
    value, gradient = vjp(function, x, u)
    _, tangent = jvp(function, x, v)
    assert type(value) is type(tangent) is type(function(x))
    assert all(type(leaf) is np.ndarray for leaf in (*leaves(value), *leaves(tangent), gradient))
    assert inner(value, u) == pytest.approx(inner(function(x), u))
    difference = (inner(function(x + 1e-6 * v), u) - inner(function(x - 1e-6 * v), u)) / 2e-6
    assert np.vdot(v, gradient) == pytest.approx(inner(tangent, u), rel=1e-12)
    assert np.vdot(v, gradient) == pytest.approx(difference, rel=1e-7, abs=1e-7)
    next(leaves(value))[:] = 0  # is the caller's


def test_named_tuples_are_trees() -> None:
    gradient = grad(lambda pair: ops.sum(pair.first * pair.second))(Pair(np.array([2.0, 3.0]), 4.0))
    assert type(gradient) is Pair
    np.testing.assert_array_equal(gradient.first, [4, 4])
    assert gradient.second == 5


@pytest.mark.parametrize(
    ("function", "given"),
    [(lambda x: {1.0}, "set"), (lambda x: None, "NoneType"), (lambda x: iter([x]), "list_iterator"), (str, "<U")],
    ids=["set", "nothing", "iterator", "string"],
)
def test_what_is_no_array_is_refused(function, given: str) -> None:
    for differentiate in (grad(function), lambda x: jvp(function, x, 1.0), lambda x: vjp(function, x, 1.0)):
        with pytest.raises(TypeError, match=f"a derivative is of real arrays, .* got {given}"):
            differentiate(2.0)


def test_gradient_of_a_tree_is_refused() -> None:
    with pytest.raises(ValueError, match="a gradient needs a scalar, got tuple: sum it, or give `vjp` a direction"):
        grad(lambda x: (x, x))(2.0)


@pytest.mark.parametrize("direction", [(1.0,), {"y": 1.0}, 1.0], ids=["short", "dict", "number"])
def test_direction_of_another_form_is_refused(direction) -> None:
    with pytest.raises(ValueError, match="trees must have one form: tuple or list of 2 against"):
        vjp(lambda x: (x, x), 2.0, direction)
    with pytest.raises(ValueError, match="trees must have one form: tuple or list of 2 against"):
        jvp(lambda pair: pair[0] * pair[1], (2.0, 3.0), direction)


@pytest.mark.parametrize("differentiate", [vjp, jvp])
def test_complex_direction_is_refused(differentiate) -> None:
    with pytest.raises(TypeError, match=r"a derivative is of real arrays, .* got complex128"):
        differentiate(ops.exp, 1.0, 1j)


@pytest.mark.parametrize("direction", [1.0, 1, np.float32(1)])
def test_direction_of_another_type_of_number(direction) -> None:
    for value, derivative in (vjp(lambda x: x + 1.0, 2.0, direction), jvp(lambda x: x + 1.0, 2.0, direction)):
        assert (value, derivative) == (3.0, 1.0)


def test_documentation_of_the_package_holds() -> None:
    result = doctest.testmod(backprop)
    assert result.attempted > 4
    assert result.failed == 0


@pytest.mark.parametrize("module", ["bakeoff.pipelines.backprop", "bakeoff.pipelines.backprop.operations"])
def test_star_import_shadows_nothing(module: str) -> None:
    names: dict = {}
    exec(f"from {module} import *", names)
    brought = set(names) - {"__builtins__"}
    assert not brought & set(dir(builtins))
    assert not brought & {"np", "math", "Any", "Value", "partial"}
    assert brought >= ({"grad", "vjp"} if module.endswith("backprop") else {"einsum", "relu", "where", "norm"})


def test_package_alone_is_enough() -> None:
    program = "from bakeoff.pipelines.backprop import grad; print(grad(lambda x: x * x)(3.0))"
    root = Path(__file__).resolve().parents[3]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True).stdout == "6.0\n"


def test_nests_to_any_order() -> None:
    derivative = ops.sin
    for order in range(1, 7):
        derivative = grad(derivative)
        assert derivative(0.4) == pytest.approx(math.sin(0.4 + order * math.pi / 2), abs=1e-14)


@pytest.mark.parametrize("outer", ["reverse", "forward"])
@pytest.mark.parametrize("inner", ["reverse", "forward"])
def test_modes_nest_in_each_other_without_confusion(outer: str, inner: str) -> None:
    """d/dx x (d/dy x y^2 at y = 2) = d/dx 4 x^2 = 8 x: x is a constant for the inner derivative only."""
    derivatives = {"reverse": grad, "forward": lambda f: lambda x, *rest: jvp(f, x, 1.0, *rest)[1]}
    inside = derivatives[inner](lambda y, x: x * y * y)
    assert derivatives[outer](lambda x: x * inside(2.0, x))(3.0) == 24


def test_hessian_vector_product_equals_the_hessian_of_a_quadratic() -> None:
    rng = np.random.default_rng(0)
    matrix, x, v = rng.standard_normal((4, 4)), rng.standard_normal(4), rng.standard_normal(4)
    product = hessian_vector_product(lambda y: y @ matrix @ y, x, v)
    np.testing.assert_allclose(product, (matrix + matrix.T) @ v, rtol=1e-12)


@given(st.integers(0, 2**32 - 1))
def test_hessian_is_symmetric(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((3, 5))
    x, u, v = rng.standard_normal((3, 5))

    def function(y):
        return ops.log_sum_exp(ops.tanh(weights @ y)) * ops.sum_of_squares(y)

    left = u @ hessian_vector_product(function, x, v)
    assert left == pytest.approx(v @ hessian_vector_product(function, x, u), rel=1e-9, abs=1e-9)


def test_no_jacobian_is_built() -> None:
    """With 300,000 unknowns it would take 720 GB. The Hessian of sum sin(x)^2 is diagonal, 2 cos 2x."""
    x, v = np.random.default_rng(0).standard_normal((2, 300_000))
    _, tangent = jvp(ops.sin, x, v)
    np.testing.assert_allclose(tangent, np.cos(x) * v, atol=1e-12)
    product = hessian_vector_product(lambda y: ops.sum_of_squares(ops.sin(y)), x, v)
    np.testing.assert_allclose(product, 2 * np.cos(2 * x) * v, atol=1e-12)


def test_gradient_has_the_form_of_its_argument() -> None:
    parameters = {"layers": [(np.ones((2, 3)), np.zeros(3))], "scale": 2.0, "unused": np.ones(4)}

    def function(p, x):
        ((weights, bias),) = p["layers"]
        return p["scale"] * ops.sum(x @ weights + bias)

    gradient = grad(function)(parameters, np.ones((5, 2)))
    assert gradient["scale"] == 30
    np.testing.assert_array_equal(gradient["layers"][0][0], np.full((2, 3), 10.0))
    np.testing.assert_array_equal(gradient["layers"][0][1], np.full(3, 10.0))
    np.testing.assert_array_equal(gradient["unused"], np.zeros(4))


def test_function_that_ignores_its_argument_has_gradient_zero() -> None:
    assert value_and_grad(lambda x: 3.0)(2.0) == (3.0, 0.0)
    assert jvp(lambda x: 3.0, 2.0, 1.0) == (3.0, 0.0)
    assert grad(lambda x: grad(lambda y: 5.0 * y)(x))(2.0) == 0.0


def test_results_share_no_memory() -> None:
    u = np.ones(3)
    value, (first, second) = vjp(lambda pair: pair[0] + pair[1], (np.zeros(3), np.zeros(3)), u)
    value += 1
    first += 1
    np.testing.assert_array_equal(second, np.ones(3))
    np.testing.assert_array_equal(u, np.ones(3))


def test_gradients_of_two_terms_of_a_sum_share_no_memory() -> None:
    first, second = grad(lambda pair: ops.sum(3.0 * (pair[0] + pair[1])))((np.zeros(3), np.zeros(3)))
    first += 1
    np.testing.assert_array_equal(second, np.full(3, 3.0))


def test_gradient_has_the_type_of_its_argument() -> None:
    x = np.ones(3, dtype=np.float32)
    assert grad(lambda y: ops.sum(y * np.arange(3.0)))(x).dtype == np.float32


def test_gradient_of_a_non_scalar_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"a gradient needs a scalar, got a result of multiply of shape \(3,\): sum it"
    ):
        grad(lambda x: 2 * x)(np.ones(3))
    with pytest.raises(ValueError, match=r"a gradient needs a scalar, got a result of shape \(2,\)"):
        grad(lambda x: np.ones(2))(np.ones(3))


@pytest.mark.parametrize("differentiate", [vjp, jvp])
def test_direction_of_another_shape_is_refused(differentiate) -> None:
    with pytest.raises(ValueError, match=r"direction must have shape \(3,\), got \(2,\)"):
        differentiate(ops.exp, np.ones(3), np.ones(2))


@pytest.mark.parametrize("differentiate", [grad(ops.sum), lambda x: jvp(ops.sum, x, x)])
def test_whole_numbers_are_refused(differentiate) -> None:
    with pytest.raises(TypeError, match=r"floating-point numbers, got int64 of shape \(3,\): convert with .astype"):
        differentiate(np.arange(3))


def test_topological_order_puts_every_node_after_its_uses_and_once() -> None:
    x = Node(np.array(3.0), level=1)
    left, right = ops.exp(x), ops.sin(x)
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
        return ops.sum(y)

    with pytest.raises(ValueError, match="in-place write into an array that the graph has recorded"):
        grad(spoiled)(np.ones(3))
    factor[0] = 5.0  # free again afterwards


def test_write_into_an_intermediate_value_is_refused() -> None:
    def spoiled(x):
        y = ops.exp(x)
        plain(y)[0] = 5.0
        return ops.sum(y)

    with pytest.raises(ValueError, match="in-place write"):
        grad(spoiled)(np.ones(3))


def test_write_into_a_setting_is_refused() -> None:
    mask = np.array([True, False, True])

    def spoiled(x):
        y = ops.where(mask, x, -x)
        mask[:] = False
        return ops.sum(y)

    with pytest.raises(ValueError, match="in-place write"):
        grad(spoiled)(np.ones(3))


def test_write_to_the_owner_of_a_recorded_view_is_refused() -> None:
    owner = np.ones((2, 3))
    row = owner[0]

    def spoiled(x):
        y = x * row
        owner[...] = 5.0
        return ops.sum(y)

    with pytest.raises(ValueError, match="in-place write"):
        grad(spoiled)(np.ones(3))
    owner[...] = row[...] = 5.0


def test_array_recorded_by_an_inner_differentiation_is_guarded_until_the_outer_one_ends() -> None:
    factor = np.ones(3)

    def spoiled(x):
        slope = grad(lambda y: ops.sum(y * factor * x))(np.ones(3))
        factor[0] = 5.0
        return ops.sum(slope)

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
    grad(lambda x: ops.sum(x * foreign))(np.ones(3))
    foreign[0] = 1.0


def test_tangent_sums_over_the_arguments() -> None:
    assert jvp(lambda x: x * x * x, 2.0, 1.0) == (8.0, 12.0)
