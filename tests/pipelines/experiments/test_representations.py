from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

from bakeoff.pipelines.experiments.representations import nearest


def test_the_nearest_are_those_of_the_smallest_angle():
    vectors = np.array([[1.0, 0.0], [0.0, 5.0], [3.0, 3.0], [0.0, 0.0]])
    order, cosines = nearest(np.array([[10.0, 1.0]]), vectors, 4)
    assert order.tolist() == [[0, 2, 1, 3]]
    np.testing.assert_allclose(cosines[0], [10 / 101**0.5, 11 / 202**0.5, 1 / 101**0.5, 0], rtol=1e-6)


def test_neighbors_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    vectors, queries = rng.normal(size=(60, 5)), rng.normal(size=(20, 5))
    peer = NearestNeighbors(n_neighbors=5, metric="cosine").fit(vectors)
    np.testing.assert_array_equal(nearest(queries, vectors, 5)[0], peer.kneighbors(queries, return_distance=False))
