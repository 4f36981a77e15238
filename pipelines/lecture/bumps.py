"""Universal approximation with ReLUs: bumps written down by formula."""

from collections.abc import Callable

import numpy as np

from bakeoff.pipelines.backprop.arrays import Value
from bakeoff.pipelines.backprop.nets import Layers, fit, initialize_layers, mlp_scores
from bakeoff.pipelines.backprop.operations import mean

STEEPEST = 4.5 * np.pi


def wave(x: np.ndarray) -> np.ndarray:
    """sin(2 pi x) + sin(5 pi x) / 2 on 0..1: its slope is at most 4.5 pi."""
    return np.sin(2 * np.pi * x) + 0.5 * np.sin(5 * np.pi * x)


def build_bumps(n: int, function: Callable[[np.ndarray], np.ndarray] = wave) -> Layers:
    """A net with one hidden layer of 4 n ReLUs that approximates a function on 0..1; nothing is learned.

    Bump i rises, stays at 1 and falls again around its center c_i = (i + 1/2) / n:

        bump_i(x) = (relu(x - a) - relu(x - b) - relu(x - c) + relu(x - d)) / (h / 2),   h = 1 / n,

    with corners a < b <= c < d; the fall of one is the rise of the next, so that the bumps add up to 1. The net is
    sum_i f(c_i) bump_i(x): everywhere a mean of values of f at most h away, so |net - f| <= h max |f'|.
    """
    h = 1 / n
    centers = (np.arange(n) + 0.5) * h
    corners = centers[:, None] + h * np.array([-0.75, -0.25, 0.25, 0.75])  # (n, 4)
    corners[0, :2] -= h  # the first bump has risen before 0, the last falls after 1
    corners[-1, 2:] += h
    heights = function(centers)[:, None] / (h / 2) * np.array([1, -1, -1, 1])
    first = np.ones((1, 4 * n)), -corners.ravel()
    return [first, (heights.reshape(-1, 1), np.zeros(1))]


def single_bumps(net: Layers, x: np.ndarray) -> np.ndarray:
    """What each group of four units adds to the output: (n_bumps, len(x))."""
    (weights, bias), (heights, _) = net
    parts = np.maximum(x[:, None] * weights + bias, 0) * heights[:, 0]  # (len(x), 4 n_bumps)
    return parts.reshape(len(x), -1, 4).sum(axis=2).T


def learn_curve(n_units: int, x: np.ndarray, target: np.ndarray, seed: int = 0, n_steps: int = 1500) -> Layers:
    """Least squares by one hidden layer of ReLUs, from a start with the kinks of the units spread over 0..1."""
    rng = np.random.default_rng(seed)
    layers = initialize_layers((1, n_units, 1), rng, np.float64)
    layers[0][1][:] = -layers[0][0][0] * rng.uniform(0, 1, n_units)

    def squared_error(layers: Layers, x: np.ndarray, target: np.ndarray) -> Value:
        return mean((mlp_scores(layers, x) - target) ** 2)

    fit(layers, squared_error, [(x[:, None], target[:, None])] * n_steps, 0.02)
    return layers
