"""Exercise: one round of k-means. Check it with `bakeoff exercise kmeans FILE`."""

import numpy as np


def assign(points: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """The index of the nearest center of each point: (n,). points (n, d), centers (k, d)."""
    raise NotImplementedError("find the nearest centers")


def update(points: np.ndarray, words: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """The mean of each center's points: (k, d); a center without points stays."""
    raise NotImplementedError("compute the means")
