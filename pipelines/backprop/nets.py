"""Nets on the engine: activations, losses and regularizers put together from operations, and how they are trained.

The other five activations - relu, sigmoid, tanh, leaky_relu, elu - are among the operations.
"""

import itertools
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce

import numpy as np

from bakeoff.pipelines.backprop.arrays import Value
from bakeoff.pipelines.backprop.differentiate import Tree, grad, leaves, value_and_grad
from bakeoff.pipelines.backprop.operations import max, relu, reshape, softmax_cross_entropy, sum, sum_of_squares

Layers = Sequence[tuple[Value, Value]]  # (weights (n_in, n_out), bias (n_out,)) of each layer
Batch = tuple[np.ndarray, np.ndarray]  # (inputs (n, d), labels (n,))
Objective = Callable[[Layers, np.ndarray, np.ndarray], Value]


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


def initialize_layers(widths: Sequence[int], rng: np.random.Generator, dtype: type = np.float32) -> Layers:
    """Weights N(0, 2 / n_in), biases 0, for layers widths[0] -> widths[1] -> ... Source: He et al., ICCV 2015."""
    return [
        ((rng.standard_normal((n_in, n_out)) * math.sqrt(2 / n_in)).astype(dtype), np.zeros(n_out, dtype))
        for n_in, n_out in itertools.pairwise(widths)
    ]


def mlp_objective(
    l2: float = 0.0, input_gradient_penalty: float = 0.0, activation: Callable[[Value], Value] = relu
) -> Objective:
    """The objective of layers on a batch of n pictures x_i with labels:

    mean_i loss_i  +  l2 / 2 sum |W|^2  +  input_gradient_penalty mean_i |d loss_i / d x_i|^2,

    with loss_i the cross-entropy of the softmax of the scores; biases are free. The last term rewards scores that
    change little around a picture; its own gradient is of second order, by a second walk back.
    Source of that: Drucker and LeCun, "Improving generalization performance using double backpropagation", 1992.
    """

    def loss(x: Value, layers: Layers, labels: np.ndarray) -> Value:
        return softmax_cross_entropy(mlp_scores(layers, x, activation), labels=labels)

    def objective(layers: Layers, x: np.ndarray, labels: np.ndarray) -> Value:
        total = loss(x, layers, labels)
        if l2:
            total = total + 0.5 * l2 * _squared_norm([weights for weights, _ in layers])
        if input_gradient_penalty:  # loss is a mean over n, so n |d loss / d x|^2 is the mean of the squared norms
            total = total + input_gradient_penalty * len(x) * _squared_norm(grad(loss)(x, layers, labels))
        return total

    return objective


def draw_batches(n: int, batch_size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """One epoch: the indices 0 .. n-1 in random order, in batches that differ in size by at most one."""
    return np.array_split(rng.permutation(n), math.ceil(n / batch_size))


def cosine_schedule(n_steps: int, peak: float) -> Iterator[float]:
    """Learning rates that fall from the peak to 0 along half a cosine. Source: Loshchilov and Hutter, ICLR 2017."""
    return (peak * 0.5 * (1 + math.cos(math.pi * step / n_steps)) for step in range(n_steps))


class Momentum:
    """v <- momentum v + g;  w <- w - learning_rate v; the parameters that it was made for change in place."""

    def __init__(self, parameters: Iterable[np.ndarray], momentum: float = 0.9) -> None:
        self.parameters = list(parameters)
        self.momentum = momentum
        self.velocities = [np.zeros_like(w) for w in self.parameters]

    def step(self, gradients: Iterable[np.ndarray], learning_rate: float) -> None:
        for w, v, g in zip(self.parameters, self.velocities, gradients, strict=True):
            v *= self.momentum
            v += g
            w -= learning_rate * v


class AdamW:
    """m <- b1 m + (1 - b1) g;  s <- b2 s + (1 - b2) g^2;  w <- (1 - r decay) w - r m' / (sqrt(s') + epsilon).

    r is the learning rate; m' = m / (1 - b1^t) and s' = s / (1 - b2^t) undo the start from 0 at step t = 1, 2 ...
    Source: Loshchilov and Hutter, ICLR 2019.
    """

    b1, b2, epsilon = 0.9, 0.999, 1e-8

    def __init__(self, parameters: Iterable[np.ndarray], decay: float = 0.01) -> None:
        self.parameters = list(parameters)
        self.decay = decay
        self.means = [np.zeros_like(w) for w in self.parameters]
        self.squares = [np.zeros_like(w) for w in self.parameters]
        self.n_steps = 0

    def step(self, gradients: Iterable[np.ndarray], learning_rate: float) -> None:
        self.n_steps += 1
        b1, b2 = self.b1, self.b2
        for w, m, s, g in zip(self.parameters, self.means, self.squares, gradients, strict=True):
            m += (1 - b1) * (g - m)
            s += (1 - b2) * (g * g - s)
            w *= 1 - learning_rate * self.decay
            deviation = np.sqrt(s / (1 - b2**self.n_steps)) + self.epsilon
            w -= learning_rate / (1 - b1**self.n_steps) * m / deviation


def training_steps(
    layers: Layers,
    objective: Objective,
    optimizer: Momentum | AdamW,
    batches: Iterable[Batch],
    learning_rates: Iterator[float],
) -> Iterator[float]:
    """Take one step per batch, changing the layers in place; yields the objective before each step.

    learning_rates: one per step.   Raises FloatingPointError, naming the step, if the objective is not finite.
    """
    step_objective = value_and_grad(objective)
    for step, (x, labels) in enumerate(batches):
        value, gradients = step_objective(layers, x, labels)
        if not np.isfinite(value):
            raise FloatingPointError(f"the objective is {value} at step {step}: lower the learning rate")
        optimizer.step(leaves(gradients), next(learning_rates))
        yield float(value)


def fit(layers: Layers, objective: Objective, batches: Sequence[Batch], learning_rate: float) -> float:
    """Change the layers in place, by AdamW without decay on a cosine schedule; the objective before the last step.

    Without batches it is not a number. Raises as `training_steps`.
    """
    optimizer = AdamW(leaves(layers), decay=0.0)
    steps = training_steps(layers, objective, optimizer, batches, cosine_schedule(len(batches), learning_rate))
    return [math.nan, *steps][-1]
