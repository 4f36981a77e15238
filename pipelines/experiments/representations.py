"""Nearest neighbors, their vote, and a t-SNE map of a model's representation of pictures."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

MAP_COMPONENTS = 50  # before t-SNE, as van der Maaten and Hinton 2008 do
PERPLEXITY = 30.0  # about how many neighbors a point is placed by; the usual value


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """float32 (n, d), rows of length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def nearest(queries: np.ndarray, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k vectors of the largest cosine to each query, the nearest first.

    queries: (n, d).   vectors: (m, d) with m >= k.   Returns (int64 (n, k) rows of vectors, float32 (n, k) cosines).
    """
    cosines = unit_length(queries) @ unit_length(vectors).T
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(cosines, order, axis=1)


def vote(labels: np.ndarray) -> np.ndarray:
    """int64 (n,): the class of most neighbors; of equal ones that of the nearest.

    labels: int (n, k), the neighbors' classes, the nearest first.
    """
    counts = (labels[:, :, None] == labels[:, None, :]).sum(axis=2)  # (n, k): neighbors of the same class
    return labels[np.arange(len(labels)), counts.argmax(axis=1)]


def map_points(vectors: np.ndarray, seed: int) -> np.ndarray:
    """float64 (n, 2): t-SNE of the principal components of vectors of unit length; centered, the farthest at 1.

    vectors: (n, d), n at least 4.   Source: van der Maaten, Hinton, JMLR 2008.
    """
    n_components = min(MAP_COMPONENTS, len(vectors) - 1, vectors.shape[1])
    components = PCA(n_components, random_state=seed).fit_transform(unit_length(vectors).astype(np.float64))
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    points = TSNE(perplexity=perplexity, init="random" if n_components < 2 else "pca", random_state=seed)
    places = points.fit_transform(components).astype(np.float64)
    places -= places.mean(axis=0)
    return places / max(float(np.abs(places).max()), 1e-12)
