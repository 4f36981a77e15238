"""Activation functions and their derivatives, six of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bakeoff.pipelines.backprop.arrays import Value
from bakeoff.pipelines.backprop.differentiate import vjp
from bakeoff.pipelines.backprop.functions import maxout
from bakeoff.pipelines.backprop.operations import elu, leaky_relu, linear, relu, reshape, sigmoid, tanh

MAXOUT_WEIGHTS, MAXOUT_BIAS = np.array([[-0.5, 0.8]]), np.array([-0.5, 0.0])


def maxout_of_two_lines(x: Value) -> Value:
    """max(-0.5 x - 0.5, 0.8 x) for each number of x (n,)."""
    lines = linear(reshape(x, shape=(len(x), 1)), MAXOUT_WEIGHTS, MAXOUT_BIAS)  # (n, 2)
    return reshape(maxout(lines, n_pieces=2), shape=(len(x),))


ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "ReLU": relu,
    "leaky ReLU": leaky_relu,
    "maxout": maxout_of_two_lines,
    "ELU": elu,
}


@dataclass(frozen=True)
class Activations:
    """names (6,).   x (n,).   values, slopes (6, n): each activation and its derivative at x."""

    names: np.ndarray
    x: np.ndarray
    values: np.ndarray
    slopes: np.ndarray


def differentiate_activations(n: int = 401) -> Activations:
    """The slopes come from the engine: J'1 is the derivative, as each output depends on its own input only."""
    x = np.linspace(-5, 5, n)
    pairs = [vjp(activation, x, np.ones(n)) for activation in ACTIVATIONS.values()]
    values, slopes = (np.stack(column) for column in zip(*pairs, strict=True))
    return Activations(np.array(list(ACTIVATIONS)), x, values, slopes)
