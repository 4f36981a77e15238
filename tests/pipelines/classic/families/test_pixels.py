from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from bakeoff.pipelines.classic.families.family import encode_all
from bakeoff.pipelines.classic.families.pixels import PixelPca


def test_agrees_with_sklearn_up_to_the_sign_of_a_component():
    images = np.random.default_rng(0).integers(0, 256, (40, 5, 6, 3), dtype=np.uint8)
    family = PixelPca(n_components=4)
    found = encode_all(family, family.fit(images, 0), images)
    expected = PCA(4, whiten=True, svd_solver="full").fit_transform(images.reshape(40, -1) / 255)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-4)


def test_pictures_on_a_line_get_one_component_by_hand():
    """Three gray levels 0, 1, 2 (times a picture): centered they are -1, 0, 1, at unit length -1, 0, 1 again."""
    images = np.array([0, 50, 100], np.uint8).repeat(4).reshape(3, 2, 2, 1)
    family = PixelPca(n_components=1)
    np.testing.assert_allclose(encode_all(family, family.fit(images, 0), images)[:, 0], [-1, 0, 1], atol=1e-3)


def test_keeps_no_more_dimensions_than_pictures_allow():
    images = np.random.default_rng(0).integers(0, 256, (6, 4, 4, 3), dtype=np.uint8)
    family = PixelPca(n_components=128)
    assert encode_all(family, family.fit(images, 0), images).shape == (6, 5)


def test_blocks_of_a_map_that_cannot_be_written_to_give_the_same_components(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (40, 5, 6, 3), dtype=np.uint8)
    whole = PixelPca(n_components=4).fit(images, 0)
    images.flags.writeable = False
    monkeypatch.setattr("bakeoff.pipelines.classic.families.pixels.BLOCK_VALUES", 7 * images[0].size)
    np.testing.assert_allclose(PixelPca(n_components=4).fit(images, 0).components, whole.components, atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "refused"),
    [((32, 32, 3), False), ((48, 48, 3), False), ((64, 128, 1), False), ((64, 129, 1), True), ((224, 224, 3), True)],
)
def test_pictures_whose_covariance_would_fill_the_memory_are_refused(shape, refused):
    assert bool(PixelPca().refusal(shape)) == refused


def test_the_refusal_says_how_large_pictures_may_be():
    assert PixelPca().refusal((224, 224, 3)) == (
        "its covariance is for at most 8,192 values a picture, and these pictures have 150,528"
    )
