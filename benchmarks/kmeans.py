"""k-means beside scikit-learn's and faiss's, from the same starting centers and for the same number of iterations.

All three then do the same arithmetic, so they reach the same inertia and only time differs; the largest relative
difference of the inertias is reported as the error. scikit-learn makes one more pass, for the inertia of the returned
centers; faiss and ours report that of the last assignment.
"""

from __future__ import annotations

import warnings

import faiss
import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from bakeoff.benchmarks.measurement import Measurement, compare
from bakeoff.pipelines.classic.codebook.kmeans import fit_kmeans

N_ROWS, DIMENSION, N_WORDS, N_ITERATIONS = 100_000, 64, 256, 10


def measure() -> list[Measurement]:
    """Fits a second beside each peer: 100,000 x 64, 256 words, 10 Lloyd iterations."""
    generator = torch.Generator().manual_seed(0)
    mixing = torch.randn(DIMENSION, DIMENSION, generator=generator)
    descriptors = torch.randn(N_ROWS, DIMENSION, generator=generator) @ mixing
    start = descriptors[:N_WORDS].clone()

    def ours() -> torch.Tensor:
        return fit_kmeans(descriptors, n_words=N_WORDS, n_iterations=N_ITERATIONS, seed=0, initialization=start).centers

    def sklearn() -> torch.Tensor:
        model = KMeans(N_WORDS, init=start.numpy(), n_init=1, max_iter=N_ITERATIONS, tol=0, algorithm="lloyd")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return torch.from_numpy(model.fit(descriptors.numpy()).cluster_centers_)

    def faiss_kmeans() -> torch.Tensor:
        faiss.omp_set_num_threads(torch.get_num_threads())
        model = faiss.Kmeans(DIMENSION, N_WORDS, niter=N_ITERATIONS, max_points_per_centroid=N_ROWS, seed=0)
        model.train(descriptors.numpy(), init_centroids=start.numpy())
        return torch.from_numpy(np.array(model.centroids))

    return [
        compare(
            f"k-means, {N_ROWS} x {DIMENSION}, {N_WORDS} words, {N_ITERATIONS} iterations; error of inertia",
            ours,
            name,
            peer,
            lambda found, theirs: abs(_inertia(descriptors, found) / _inertia(descriptors, theirs) - 1),
            operations=2 * N_ROWS * N_WORDS * DIMENSION * N_ITERATIONS,  # the scores of all rows for all words
            repeats=5,
        )
        for name, peer in (("sklearn.cluster.KMeans", sklearn), ("faiss.Kmeans", faiss_kmeans))
    ]


def _inertia(descriptors: torch.Tensor, centers: torch.Tensor) -> float:
    return fit_kmeans(descriptors, n_words=len(centers), n_iterations=0, seed=0, initialization=centers).inertia
