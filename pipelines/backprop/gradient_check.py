"""A check that needs no second opinion: are the derivatives of a function those of its values?

With J the Jacobian for all arguments together, v a random direction of them and u one of the output:

    forward     <u, J v>     against central differences  <u, f(x + h v) - f(x - h v)> / 2h
    reverse     <J'u, v>     against the same
    order 2     the same for the function x -> J'u, which checks the derivatives of the rules themselves, and so on

Random directions see an error in any entry (with probability 1) at the cost of one evaluation. Only when a test fails
are the entries tried one by one, to name the one that is off. Points at a kink are not for this check.
"""

from collections.abc import Callable

import numpy as np

from bakeoff.pipelines.backprop.arrays import Value
from bakeoff.pipelines.backprop.differentiate import Tree, jvp, map_tree, vjp
from bakeoff.pipelines.backprop.operations import concatenate, ravel

STEP = 1e-5  # near the cube root of float64's precision, where truncation and rounding errors balance


class GradientMismatchError(Exception):
    """Names what was checked, the mode, the argument, its worst entry, and the relative error there."""


def check_gradients(
    name: str,
    function: Callable[..., Value],
    *arguments: np.ndarray,
    rng: np.random.Generator,
    order: int = 2,
    tolerance: float = 1e-6,
) -> None:
    """Check a function of float64 arrays at the given arguments.

    Raises GradientMismatchError if a derivative of an order up to `order` is further from the differences than the
    tolerance, relative to the larger of 1 and the derivative.
    """

    def of_tree(x: Tree) -> Value:
        return function(*x)

    def pulled_back(*x: Value) -> Value:  # J'u as one row
        return concatenate([ravel(gradient) for gradient in vjp(of_tree, x, u)[1]])

    u = rng.standard_normal(np.shape(function(*arguments)))
    v = tuple(rng.standard_normal(np.shape(x)) for x in arguments)
    for mode, error in _errors(of_tree, arguments, u, v).items():
        if error > tolerance:
            raise GradientMismatchError(f"{name}: the {mode} derivative for {_worst(of_tree, arguments, u, mode)}")
    if order > 1:
        check_gradients(f"gradient of {name}", pulled_back, *arguments, rng=rng, order=order - 1, tolerance=tolerance)


def _errors(function: Callable[[Tree], Value], x: Tree, u: np.ndarray, v: Tree) -> dict[str, float]:
    """Of u'J v in each mode, relative to the larger of 1 and the difference."""
    ahead, behind = (function(map_tree(lambda a, b, h=h: a + h * b, x, v)) for h in (STEP, -STEP))
    expected = np.vdot(u, (ahead - behind) / (2 * STEP))
    found = {"forward": np.vdot(u, jvp(function, x, v)[1]), "reverse": sum(map(np.vdot, vjp(function, x, u)[1], v))}
    return {mode: float(abs(value - expected) / max(1, abs(expected))) for mode, value in found.items()}


def _worst(function: Callable[[Tree], Value], x: Tree, u: np.ndarray, mode: str) -> str:
    """The entry whose derivative is furthest from the difference."""
    errors = {}
    for i, argument in enumerate(x):
        for index in np.ndindex(np.shape(argument)):
            unit = tuple(np.zeros(np.shape(each)) for each in x)
            unit[i][index] = 1
            errors[i, index] = _errors(function, x, u, unit)[mode]
    i, index = max(errors, key=errors.__getitem__)
    return f"argument {i} at index {index} is off by {errors[i, index]:.2g}"
