"""Nearest neighbors in a model's representation of pictures, by the cosine."""

from __future__ import annotations

import numpy as np
from sklearn.preprocessing import normalize


def nearest(queries: np.ndarray, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k vectors of the largest cosine to each query, the nearest first.

    queries: (n, d).   vectors: (m, d) with m >= k; a row of zeros has the cosine 0.
    Returns (int64 (n, k) rows of vectors, float (n, k) cosines).
    """
    cosines = normalize(queries) @ normalize(vectors).T
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(cosines, order, axis=1)
