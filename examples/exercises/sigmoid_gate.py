"""Exercise: the sigmoid gate. Check it with `bakeoff exercise sigmoid_gate FILE`."""

import numpy as np


def forward(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)) for each entry, without overflow."""
    raise NotImplementedError("compute y")


def backward(g: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The gradient for x, from the gradient g for the output y."""
    raise NotImplementedError("compute the gradient from g and y alone")
