"""Exercise: a two-layer net. Check it with `bakeoff exercise two_layer_net FILE`."""

import numpy as np


def scores(x: np.ndarray, w1: np.ndarray, w2: np.ndarray) -> np.ndarray:
    """max(0, x w1) w2: (n, k)."""
    raise NotImplementedError("compute the scores")


def gradients(x: np.ndarray, w1: np.ndarray, w2: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradients for w1 and w2 of sum (scores - y)^2 / n."""
    raise NotImplementedError("compute both gradients")
