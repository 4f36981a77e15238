from __future__ import annotations

import numpy as np
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from bakeoff.pipelines.experiments.representations import map_points, nearest, unit_length, vote


def test_the_nearest_are_those_of_the_smallest_angle():
    vectors = np.array([[1.0, 0.0], [0.0, 5.0], [3.0, 3.0], [0.0, 0.0]])
    order, cosines = nearest(np.array([[10.0, 1.0]]), vectors, 3)
    assert order.tolist() == [[0, 2, 1]]
    np.testing.assert_allclose(cosines[0], [10 / 101**0.5, 11 / 202**0.5, 1 / 101**0.5], rtol=1e-6)


def test_neighbors_and_their_vote_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    vectors, queries, labels = rng.normal(size=(60, 5)), rng.normal(size=(20, 5)), rng.integers(0, 2, 60)
    order, _ = nearest(queries, vectors, 5)
    peer = NearestNeighbors(n_neighbors=5, metric="cosine").fit(vectors)
    np.testing.assert_array_equal(order, peer.kneighbors(queries, return_distance=False))
    voting = KNeighborsClassifier(5, metric="cosine").fit(vectors, labels)
    np.testing.assert_array_equal(vote(labels[order]), voting.predict(queries))


def test_of_equal_votes_the_nearest_wins():
    assert vote(np.array([[3, 1, 1, 3, 2], [0, 2, 2, 1, 1], [4, 4, 4, 0, 0]])).tolist() == [3, 2, 4]


def test_rows_of_zeros_have_no_direction():
    np.testing.assert_array_equal(
        unit_length(np.array([[0.0, 0.0], [3.0, 4.0]])), np.array([[0, 0], [0.6, 0.8]], np.float32)
    )


def test_a_map_keeps_groups_apart_fits_its_frame_and_comes_again():
    rng = np.random.default_rng(0)
    vectors = np.repeat(np.eye(3, 40), 12, axis=0) + rng.normal(0, 0.05, (36, 40))
    points = map_points(vectors, seed=0)
    assert points.shape == (36, 2)
    assert np.abs(points).max() == 1
    nearest_other = NearestNeighbors(n_neighbors=2).fit(points).kneighbors(points, return_distance=False)[:, 1]
    assert (nearest_other // 12 == np.arange(36) // 12).all()
    np.testing.assert_array_equal(map_points(vectors, seed=0), points)
    assert map_points(vectors[:, :1], seed=0).shape == (36, 2)
