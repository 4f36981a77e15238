"""k-means beside scikit-learn's and faiss's, from the same starting centers and for the same number of iterations.

All three then do the same arithmetic, so they reach the same inertia and only time differs; the largest relative
difference of the inertias is reported as the error. scikit-learn makes one more pass, for the inertia of the returned
centers; faiss and ours report that of the last assignment.
"""

import warnings

import faiss
import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from bakeoff.benchmarks.bench import Measurement, compare
from bakeoff.pipelines.classic.codebook.kmeans import fit_kmeans

# the peer, rows, dimensions, words, iterations
SETTINGS = (("sklearn.cluster.KMeans", 100_000, 64, 256, 10), ("faiss.Kmeans", 100_000, 64, 256, 10))


def measure(peer: str, n_rows: int, dimension: int, n_words: int, n_iterations: int) -> Measurement:
    generator = torch.Generator().manual_seed(0)
    mixing = torch.randn(dimension, dimension, generator=generator)
    descriptors = torch.randn(n_rows, dimension, generator=generator) @ mixing
    start = descriptors[:n_words].clone()

    def ours() -> torch.Tensor:
        return fit_kmeans(descriptors, n_words=n_words, n_iterations=n_iterations, seed=0, initialization=start).centers

    def sklearn() -> torch.Tensor:
        model = KMeans(n_words, init=start.numpy(), n_init=1, max_iter=n_iterations, tol=0, algorithm="lloyd")
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
            return torch.from_numpy(model.fit(descriptors.numpy()).cluster_centers_)

    def faiss_kmeans() -> torch.Tensor:
        faiss.omp_set_num_threads(torch.get_num_threads())
        model = faiss.Kmeans(dimension, n_words, niter=n_iterations, max_points_per_centroid=n_rows, seed=0)
        model.train(descriptors.numpy(), init_centroids=start.numpy())
        return torch.from_numpy(np.array(model.centroids))

    return compare(
        f"k-means, {n_rows} x {dimension}, {n_words} words, {n_iterations} iterations; error of inertia",
        ours,
        peer,
        faiss_kmeans if peer == "faiss.Kmeans" else sklearn,
        lambda found, theirs: abs(_inertia(descriptors, found) / _inertia(descriptors, theirs) - 1),
        operations=2 * n_rows * n_words * dimension * n_iterations,  # the scores of all rows for all words
        repeats=5,
    )


def _inertia(descriptors: torch.Tensor, centers: torch.Tensor) -> float:
    return fit_kmeans(descriptors, n_words=len(centers), n_iterations=0, seed=0, initialization=centers).inertia
