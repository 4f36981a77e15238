"""Functions put together from operations: numpy's values, and derivatives that agree with differences twice over."""

import inspect
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import torch

from bakeoff.pipelines.backprop import operations as ops
from bakeoff.pipelines.backprop.arrays import FUNCTIONS, Operation
from bakeoff.pipelines.backprop.differentiate import grad, vjp
from bakeoff.pipelines.backprop.gradient_check import check_gradients

A, B, C, D, E, F = (2, 3), (2, 3, 2), (4,), (3, 3), (3,), (3, 2)

# name, shapes of the arrays, further arguments, named ones. The arrays come first, but for `einsum`.
MOVES = [
    ("squeeze", [(2, 1, 3)]), ("squeeze", [(1, 3, 1)], -1), ("expand_dims", [A], 1), ("expand_dims", [A], (0, -1)),
    ("atleast_1d", [()]), ("atleast_2d", [E]), ("atleast_3d", [E]), ("atleast_3d", [A]), ("ravel", [B]),
    ("swapaxes", [B], 0, -1), ("moveaxis", [B], -1, 0), ("moveaxis", [B], (0, 1), (-1, 0)), ("rollaxis", [B], 2, 1),
    ("flip", [B]), ("flip", [B], (0, -1)), ("fliplr", [B]), ("flipud", [B]), ("roll", [B], 2), ("rot90", [B]),
    ("roll", [B], (1, -1), (-1, 0)), ("rot90", [B], 3, (1, 2)), ("repeat", [B], 2), ("repeat", [A], [1, 0, 2], -1),
    ("tile", [A], (2, 1, 2)), ("take", [A], [2, 0, 2], -1), ("take_along_axis", [A], np.array([[1], [0]]), -1),
    ("diag", [D]), ("diag", [E], -1), ("diagflat", [A], 1), ("diagonal", [B], 1, -1, 0), ("trace", [B], -1, 0, 1),
    ("tril", [B]), ("triu", [D], 1), ("sort", [A]), ("sort", [A], 0), ("sort", [A], None), ("clip", [A], -0.7, 0.9),
    ("pad", [A], 1), ("pad", [A], ((0, 2), (1, 0)), "edge"), ("pad", [A], (2, 1), "reflect"), ("pad", [E], 2, "wrap"),
]  # fmt: skip
SEVERAL = ["concatenate", "stack", "array", "vstack", "hstack", "dstack", "column_stack", "block"]
SPLITS = [
    ("split", C, 2),
    ("split", B, [1], 1),
    ("array_split", C, 3),
    ("vsplit", C + A, 2),
    ("hsplit", C, [1, 3]),
    ("dsplit", B, 2),
]
PRODUCTS = [
    *(("dot", [a, b]) for a, b in product([(), (3,), A, (*B, 3)], [(), (3,), F, (2, 3, 2)])),
    ("inner", [E, E]), ("inner", [(), A]), ("inner", [A, (4, 3)]), ("outer", [E, C]), ("outer", [A, F]),
    ("tensordot", [A, F], 1), ("tensordot", [B, (3, 2, 4)]), ("tensordot", [E, C], 0), ("tensordot", [B, A], [-2, 1]),
    ("tensordot", [B, B], ([0, -1], [2, 0])),
]  # fmt: skip
SUBSCRIPTS = [
    ("ij->ji", A), ("ij", A), ("ba", A), ("ij,jk", A, F), ("i,i", E, E), ("i , j -> j i", E, C),
    ("ii", D), ("ii->i", D), ("iij->j", (2, 2, 3)), ("iji->ji", (2, 3, 2)), ("iii,ij", (2, 2, 2), A),
    ("...", B), ("...i->...", B), ("i...->...i", B), ("...ij,...jk->...ik", (2, 1, 2, 3), (4, 3, 2)),
    ("...ii->...", (2, 3, 3)), ("...i,...i", B, (2,)), ("i...j,j->i...", B, (2,)), ("...,...->...", A, ()),
    ("ij,ij->", A, (1, 3)), ("ij,ij->ij", A, (1, 3)), ("ij,ij->i", A, (2, 1)), ("ij,jk,kl", A, F, A),
]  # fmt: skip


def draw(shapes: list) -> list[np.ndarray]:
    """Values on a shuffled grid without 0, so that none is near a kink or a tie."""
    rng = np.random.default_rng(3)
    sizes = [int(np.prod(shape)) for shape in shapes]
    grid = rng.permutation(np.linspace(0.4, 2, sum(sizes)) * np.resize([1, -1, -1], sum(sizes)))
    parts = np.split(grid, np.cumsum(sizes)[:-1])
    return [part.reshape(shape)[()] for part, shape in zip(parts, shapes, strict=True)]


def check(name: str, function: Callable, numpy_function: Callable, arrays: list) -> None:
    """The value is numpy's, in the arrays' precision; derivatives agree with differences."""
    expected = numpy_function(*arrays)
    np.testing.assert_allclose(function(*arrays), expected, rtol=1e-12, atol=1e-12)
    for i, x in enumerate(arrays):
        recorded, _ = vjp(lambda y, i=i: function(*arrays[:i], y, *arrays[i + 1 :]), x, np.ones_like(expected))
        np.testing.assert_allclose(recorded, expected, rtol=1e-12, atol=1e-12)
        assert np.shape(recorded) == np.shape(expected)
    check_gradients(name, function, *arrays, rng=np.random.default_rng(4), tolerance=2e-6)
    halves = [np.asarray(x, np.float32)[()] for x in arrays]
    value, _ = vjp(lambda xs: function(*xs), halves, np.ones_like(expected))
    assert value.dtype == np.float32


@pytest.mark.parametrize("case", [*MOVES, *PRODUCTS], ids=str)
def test_equals_numpy_and_differences(case: tuple) -> None:
    name, shapes, *settings = case
    arrays = draw(shapes)
    check(name, lambda *xs: getattr(ops, name)(*xs, *settings), lambda *xs: getattr(np, name)(*xs, *settings), arrays)


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("axis", [None, -1])
def test_joining_equals_numpy_and_differences(name: str, axis: int | None) -> None:
    if axis is not None and "axis" not in inspect.signature(getattr(np, name, np.array)).parameters:
        axis = 0
    named = {"axis": axis} if name in ("concatenate", "stack") and axis is not None else {}
    ours, peer = getattr(ops, name), getattr(np, name)
    check(name, lambda a, b: ours([a, b, a], **named), lambda a, b: peer([a, b, a], **named), draw([A, A]))


@pytest.mark.parametrize("case", SPLITS, ids=str)
def test_splitting_equals_numpy_and_differences(case: tuple) -> None:
    name, shape, *settings = case
    (x,) = draw([shape])
    parts, expected = getattr(ops, name)(x, *settings), getattr(np, name)(x, *settings)
    assert [part.tolist() for part in parts] == [part.tolist() for part in expected]
    for k, part in enumerate(expected):
        check(name, lambda y, k=k: getattr(ops, name)(y, *settings)[k], lambda _, part=part: part, [x])


@pytest.mark.parametrize("case", SUBSCRIPTS, ids=str)
def test_einsum_equals_numpy_and_differences(case: tuple) -> None:
    subscripts, *shapes = case
    check("einsum", lambda *xs: ops.einsum(subscripts, *xs), lambda *xs: np.einsum(subscripts, *xs), draw(shapes))


AXES = [None, 0, -1, -2, (0, 2), (-1, 0), (1, -3), (0, 1, 2)]
REDUCTIONS = ["sum", "max", "min", "prod", "mean", "var", "std"]


@pytest.mark.parametrize(("name", "axis"), [*product(REDUCTIONS, AXES), *((name, ()) for name in REDUCTIONS[:-1])])
def test_reduction_equals_numpy_and_differences_over_any_axes(name: str, axis: int | tuple | None) -> None:
    ours, peer, arrays = getattr(ops, name), getattr(np, name), draw([B])
    for keepdims in (False, True):
        check(
            name,
            lambda x, keep=keepdims: ours(x, axis=axis, keepdims=keep),
            lambda x, keep=keepdims: peer(x, axis=axis, keepdims=keep),
            arrays,
        )


@pytest.mark.parametrize(
    ("order", "axis"),
    [(None, None), (2, 1), ("fro", (0, -1)), (None, (0, 1)), (1, -1), (3, 0), (2.5, 2), (np.inf, 0), (-np.inf, -1)],
)
def test_norm_equals_numpy_and_differences(order, axis) -> None:
    for keepdims in (False, True):
        settings = {"ord": order, "axis": axis, "keepdims": keepdims}
        check("norm", lambda x, s=settings: ops.norm(x, **s), lambda x, s=settings: np.linalg.norm(x, **s), draw([B]))


def test_product_has_its_derivatives_where_factors_are_zero() -> None:
    """d/dx_i is the product of the others, to second order: no division by a factor."""
    np.testing.assert_array_equal(grad(ops.prod)(np.array([2.0, 0.0, 3.0])), [0, 6, 0])
    np.testing.assert_array_equal(grad(ops.prod)(np.array([0.0, 0.0, 3.0])), [0, 0, 0])
    x = np.array([[0.0, 2.0, 0.0, 5.0, 3.0]])
    check_gradients("prod", lambda y: ops.prod(y, axis=1), x, rng=np.random.default_rng(0), order=3)
    assert ops.prod(np.ones((0, 2)), axis=0).tolist() == [1, 1]


def test_slope_at_the_tip_of_a_norm_or_deviation_is_zero() -> None:
    np.testing.assert_array_equal(grad(ops.norm)(np.zeros(3)), np.zeros(3))
    np.testing.assert_array_equal(grad(ops.std)(np.ones(3)), np.zeros(3))


def test_mean_over_an_axis_of_an_empty_array() -> None:
    assert ops.mean(np.zeros((0, 3)), axis=1).shape == (0,)
    with pytest.raises(ValueError, match=r"a mean needs at least 1 entries, got 0: axis=0 of shape \(0, 3\)"):
        ops.mean(np.zeros((0, 3)), axis=0)


def test_array_of_numbers_of_the_graph() -> None:
    gradient = grad(lambda x: ops.sum(ops.array([[x, 2.0], [x * x, x]]) * np.array([[1.0, 9], [10, 100]])))(3.0)
    assert gradient == 1 + 60 + 100


def test_every_composite_is_covered() -> None:
    here = {case[0] for case in (*MOVES, *PRODUCTS, *SPLITS)} | {*SEVERAL, "einsum", "norm", "where"}
    composites = {name for name, function in FUNCTIONS.items() if not isinstance(function, Operation)}
    assert composites - here == {"prod", "mean", "var", "std", "leaky_relu", "elu"}


@pytest.mark.parametrize(
    ("ours", "peer"),
    [
        (lambda x: ops.leaky_relu(x, slope=0.1), lambda x: torch.nn.functional.leaky_relu(x, 0.1)),
        (lambda x: ops.elu(x, alpha=0.7), lambda x: torch.nn.functional.elu(x, 0.7)),
        (ops.leaky_relu, torch.nn.functional.leaky_relu),
        (ops.elu, torch.nn.functional.elu),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_leaky_relu_and_elu_agree_with_torch_also_at_0(ours, peer, dtype) -> None:
    x = np.array([-800, -5, -0.5, 0, 0.5, 3], dtype)
    tensor = torch.tensor(x, requires_grad=True)
    expected = peer(tensor)
    expected.sum().backward()
    value, gradient = vjp(ours, x, np.ones(6, dtype))
    assert value.dtype == gradient.dtype == dtype
    np.testing.assert_allclose(value, expected.detach(), rtol=1e-6)
    np.testing.assert_allclose(gradient, tensor.grad, rtol=1e-6)
    away = np.array([-2.0, -0.3, 0.4])
    check_gradients("activation", ours, away, rng=np.random.default_rng(0))
