"""Exercise: the softmax loss. Check it with `bakeoff exercise softmax_loss FILE`."""

import numpy as np


def loss(scores: np.ndarray, labels: np.ndarray) -> float:
    """Mean over the rows of log sum_k exp(s_k) - s_label, without overflow. scores (n, k), labels (n,)."""
    raise NotImplementedError("compute the loss")


def gradient(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Its gradient for the scores (n, k)."""
    raise NotImplementedError("compute the gradient")
