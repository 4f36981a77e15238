import numpy as np
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


def test_large_pictures_give_the_components_that_an_exact_fit_gives(monkeypatch):
    """Smooth pictures, as photos are: noise at 5 x 5 points, enlarged."""
    coarse = np.random.default_rng(0).integers(0, 256, (60, 5, 5, 1), dtype=np.uint8)
    images = coarse.repeat(4, axis=1).repeat(4, axis=2)
    family = PixelPca(n_components=6)
    exact = encode_all(family, family.fit(images, 0), images)
    monkeypatch.setattr("bakeoff.pipelines.classic.families.pixels.MOST_VALUES", 100)
    monkeypatch.setattr("bakeoff.pipelines.classic.families.pixels.PICTURES_FOR_LARGE", 60)
    np.testing.assert_allclose(encode_all(family, family.fit(images, 0), images), exact, atol=0.02)


def test_pictures_of_any_size_are_taken():
    """The covariance of 96 x 96 pixels in color would have 6 GB."""
    images = np.random.default_rng(0).integers(0, 256, (12, 96, 96, 3), dtype=np.uint8)
    family = PixelPca()
    assert family.refusal((224, 224, 3)) == ""
    features = encode_all(family, family.fit(images, 0), images)
    assert features.shape == (12, 11)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-4)
