"""A check that needs no second opinion: are the derivatives of a function those of its values?

For every argument, with J its Jacobian, v a random direction of the argument and u one of the output:

    forward     J v     against central differences  (f(x + h v) - f(x - h v)) / 2h
    reverse     J'u     by the dot test  <J v, u> = <v, J'u>
    order 2     the same for the function x -> J'u, which checks the derivatives of the rules themselves, and so on

A random direction sees an error in any entry (with probability 1) at the cost of one evaluation. Only when a test
fails are the entries tried one by one, to name the one that is off. Points at a kink are not for this check.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bakeoff.pipelines.backprop.arrays import Value
from bakeoff.pipelines.backprop.differentiate import jvp, vjp

STEP = 1e-5  # near the cube root of float64's precision, where truncation and rounding errors balance


@dataclass
class GradientMismatchError(Exception):
    """operation: what was checked, "gradient of ..." for a higher order.   mode: "forward" or "reverse".

    argument: its position.   index: the entry of the argument whose derivative is worst.
    error: |derivative - difference| there, relative to the larger of 1 and the difference.
    """

    operation: str
    mode: str
    argument: int
    index: tuple[int, ...]
    error: float

    def __str__(self) -> str:
        return (
            f"{self.operation}: the {self.mode} derivative for argument {self.argument} at index {self.index} "
            f"is off by {self.error:.2g}"
        )


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
        v = rng.standard_normal(np.shape(x))
        partial = _partial(function, arguments, i)
        _, tangent = jvp(partial, x, v)
        _, gradient = vjp(partial, x, u)
        if _error(tangent, _difference(partial, x, v)) > tolerance:
            raise _worst_entry(name, "forward", partial, i, x, u)
        if _error(np.vdot(v, gradient), np.vdot(tangent, u)) > tolerance:
            raise _worst_entry(name, "reverse", partial, i, x, u)
        if order > 1:
            pulled_back = _pulled_back(function, i, u)
            check_gradients(
                f"gradient of {name}", pulled_back, *arguments, rng=rng, order=order - 1, tolerance=tolerance
            )


def _partial(function: Callable[..., Value], arguments: tuple[np.ndarray, ...], i: int) -> Callable[[Value], Value]:
    """The function of argument i alone."""
    return lambda x: function(*arguments[:i], x, *arguments[i + 1 :])


def _pulled_back(function: Callable[..., Value], i: int, u: np.ndarray) -> Callable[..., Value]:
    """The function of all arguments that gives J_i' u."""
    return lambda *arguments: vjp(_partial(function, arguments, i), arguments[i], u)[1]


def _difference(function: Callable[[Value], Value], x: np.ndarray, v: np.ndarray) -> np.ndarray:
    return (function(x + STEP * v) - function(x - STEP * v)) / (2 * STEP)


def _error(derivative: ArrayLike, expected: ArrayLike) -> float:
    return float(np.max(np.abs(np.subtract(derivative, expected)) / np.maximum(1, np.abs(expected)), initial=0))


def _worst_entry(
    name: str, mode: str, function: Callable[[Value], Value], argument: int, x: np.ndarray, u: np.ndarray
) -> GradientMismatchError:
    """The entry of x for which <u, df / dx_index> in this mode is furthest from the difference."""
    _, gradient = vjp(function, x, u)
    errors = np.zeros(np.shape(x))
    for index in np.ndindex(errors.shape):
        unit = np.zeros(errors.shape)
        unit[index] = 1
        derivative = gradient[index] if mode == "reverse" else np.vdot(u, jvp(function, x, unit)[1])
        errors[index] = _error(derivative, np.vdot(u, _difference(function, x, unit)))
    worst = np.unravel_index(errors.argmax(), errors.shape)
    return GradientMismatchError(name, mode, argument, tuple(map(int, worst)), float(errors[worst]))
