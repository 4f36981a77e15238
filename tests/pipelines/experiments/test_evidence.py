import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from bakeoff.pipelines.experiments.evidence import cell_edges, nearest, occlusion_maps

BLACK = np.zeros(1)


def brightness_of(rows: slice, columns: slice):
    """A model whose first score is the mean brightness of a part of the picture, its second is zero."""

    def predict(images: np.ndarray) -> np.ndarray:
        first = images[:, rows, columns].mean(axis=(1, 2, 3))
        return np.stack([first, np.zeros_like(first)], axis=1).astype(np.float32)

    return predict


def test_a_cell_is_the_mean_fall_over_the_windows_that_cover_it():
    # 3 x 3 cells of one pixel, windows of 2 x 2. Only the middle counts, and every window covers it: the score
    # falls from 90 to 0, less the mean of both classes 45, wherever the window lies.
    images = np.full((1, 3, 3, 1), 90, np.uint8)
    maps = occlusion_maps(brightness_of(slice(1, 2), slice(1, 2)), images, np.array([0]), BLACK, n_cells=3)
    np.testing.assert_allclose(maps, np.full((1, 3, 3), 45.0))


def test_evidence_is_where_the_model_looks_and_against_the_other_class():
    images = np.full((2, 16, 16, 1), 200, np.uint8)
    predict = brightness_of(slice(0, 4), slice(12, 16))
    speaks_for, against = occlusion_maps(predict, images, np.array([0, 1]), BLACK)
    assert np.unravel_index(speaks_for.argmax(), (8, 8)) == (0, 7)
    assert (speaks_for[4:] == 0).all()
    np.testing.assert_allclose(against, -speaks_for)


def test_a_constant_added_to_all_scores_changes_nothing():
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    weights = np.random.default_rng(1).normal(size=(192, 4)).astype(np.float32)
    plain = occlusion_maps(lambda x: x.reshape(len(x), -1) @ weights, images, np.array([0, 1, 3]), np.zeros(3))
    shifted = occlusion_maps(
        lambda x: x.reshape(len(x), -1) @ weights + x.mean(axis=(1, 2, 3))[:, None],
        images,
        np.array([0, 1, 3]),
        np.zeros(3),
    )
    np.testing.assert_allclose(plain, shifted, rtol=1e-3, atol=1e-1)


def test_the_picture_itself_is_left_as_it_was():
    images = np.full((1, 8, 8, 1), 200, np.uint8)
    occlusion_maps(brightness_of(slice(8), slice(8)), images, np.array([0]), BLACK)
    assert (images == 200).all()


def test_cells_cover_every_pixel_once():
    assert cell_edges(10, 4).tolist() == [0, 2, 5, 8, 10]


def test_more_cells_than_pixels_are_refused():
    with pytest.raises(ValueError, match="at least 8 pixels for as many cells, got 7"):
        cell_edges(7, 8)


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
