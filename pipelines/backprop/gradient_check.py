"""A check that needs no second opinion: are the derivatives of a function those of its values?

For every argument, with J its Jacobian, v a random direction of the argument and u one of the output:

    forward     <u, J v>     against central differences  <u, f(x + h v) - f(x - h v)> / 2h
    reverse     <J'u, v>     against the same
    order 2     the same for the function x -> J'u, which checks the derivatives of the rules themselves, and so on

Random directions see an error in any entry (with probability 1) at the cost of one evaluation. Only when a test fails
are the entries tried one by one, to name the one that is off. Points at a kink are not for this check.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bakeoff.pipelines.backprop.arrays import Value
from bakeoff.pipelines.backprop.differentiate import jvp, vjp

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
    u = rng.standard_normal(np.shape(function(*arguments)))
    for i, x in enumerate(arguments):
        partial = _partial(function, arguments, i)
        for mode, error in _errors(partial, x, u, rng.standard_normal(np.shape(x))).items():
            if error > tolerance:
                errors = {index: _errors(partial, x, u, _unit(x, index))[mode] for index in np.ndindex(np.shape(x))}
                worst = max(errors, key=lambda index: errors[index])
                place = f"the {mode} derivative for argument {i} at index {worst}"
                raise GradientMismatchError(f"{name}: {place} is off by {errors[worst]:.2g}")
        if order > 1:
            check_gradients(
                f"gradient of {name}",
                _pulled_back(function, i, u),
                *arguments,
                rng=rng,
                order=order - 1,
                tolerance=tolerance,
            )


def _partial(function: Callable[..., Value], arguments: tuple[Value, ...], i: int) -> Callable[[Value], Value]:
    """The function of argument i alone."""
    return lambda x: function(*arguments[:i], x, *arguments[i + 1 :])


def _pulled_back(function: Callable[..., Value], i: int, u: np.ndarray) -> Callable[..., Value]:
    """The function of all arguments that gives J_i' u."""
    return lambda *arguments: vjp(_partial(function, arguments, i), arguments[i], u)[1]


def _errors(function: Callable[[Value], Value], x: np.ndarray, u: np.ndarray, v: np.ndarray) -> dict[str, float]:
    """Of u'J v in each mode, relative to the larger of 1 and the difference."""
    expected = np.vdot(u, (function(x + STEP * v) - function(x - STEP * v)) / (2 * STEP))
    found = {"forward": np.vdot(u, jvp(function, x, v)[1]), "reverse": np.vdot(vjp(function, x, u)[1], v)}
    return {mode: float(abs(value - expected) / max(1, abs(expected))) for mode, value in found.items()}


def _unit(x: np.ndarray, index: tuple[int, ...]) -> np.ndarray:
    unit = np.zeros(np.shape(x))
    unit[index] = 1
    return unit
