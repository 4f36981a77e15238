"""Functions put together from operations: activations, nets, losses and regularizers.

The other five activations - relu, sigmoid, tanh, leaky_relu, elu - are among the operations.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np

from bakeoff.pipelines.backprop.arrays import Value
from bakeoff.pipelines.backprop.differentiate import Tree, grad, leaves
from bakeoff.pipelines.backprop.operations import max, relu, reshape, sum, sum_of_squares

Layers = Sequence[tuple[Value, Value]]  # (weights (n_in, n_out), bias (n_out,)) of each layer


def maxout(x: Value, n_pieces: int) -> Value:
    """The largest of each n_pieces neighboring linear outputs: (n, units * n_pieces) -> (n, units).

    Source: Goodfellow et al., "Maxout networks", ICML 2013.
    """
    return max(reshape(x, shape=(len(x), -1, n_pieces)), axis=2)  # (n, units, n_pieces)


def mlp_scores(layers: Layers, x: Value, activation: Callable[[Value], Value] = relu) -> Value:
    """W3 a(W2 a(W1 x + b1) + b2) + b3 for each row x, and so on for any number of layers: (n, d) -> (n, n_classes)."""
    weights, bias = layers[-1]
    return hidden_units(layers, x, activation) @ weights + bias


def hidden_units(layers: Layers, x: Value, activation: Callable[[Value], Value] = relu) -> Value:
    """What the last layer reads: (n, d) -> (n, n_in of the last layer)."""
    for weights, bias in layers[:-1]:
        x = activation(x @ weights + bias)
    return x


def hinge(scores: Value, labels: np.ndarray, margin: float = 1.0) -> Value:
    """Mean over the rows of  sum over the wrong classes j of max(0, s_j - s_label + margin).

    scores: (n, n_classes).   labels: integers (n,).   Source: Weston and Watkins, ESANN 1999.
    """
    n = len(labels)
    correct = reshape(scores[np.arange(n), labels], shape=(n, 1))
    return sum(relu(scores - correct + margin)) / n - margin  # the true class itself adds its margin to every row


def _squared_norm(tree: Tree) -> Value:
    return reduce(operator.add, map(sum_of_squares, leaves(tree)))


def weight_penalty(layers: Layers) -> Value:
    """Half the sum of squared weights; biases are free."""
    return 0.5 * _squared_norm([weights for weights, _ in layers])


def gradient_penalty(function: Callable[..., Value]) -> Callable[..., Value]:
    """The function |df / dx|^2 of a scalar function f(x, ...): differentiable in turn, by a second walk back.

    Source: Drucker and LeCun, "Improving generalization performance using double backpropagation", 1992.
    """
    return lambda x, *constants: _squared_norm(grad(function)(x, *constants))
