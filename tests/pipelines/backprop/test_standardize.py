"""Standardized pixels have mean 0 and deviation 1 in each channel."""

import numpy as np

from bakeoff.pipelines.backprop.standardize import fit_standardizer


def test_equals_mean_and_deviation_of_numpy() -> None:
    images = np.random.default_rng(0).integers(0, 200, (5, 4, 6, 3), dtype=np.uint8)
    standardizer = fit_standardizer(images)
    np.testing.assert_allclose(standardizer.mean, images.mean(axis=(0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(standardizer.deviation, images.std(axis=(0, 1, 2)), rtol=1e-6)
    pixels = standardizer.apply(images)
    assert pixels.shape == (5, 72)
    assert pixels.dtype == np.float32
    np.testing.assert_allclose(pixels.reshape(-1, 3).mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(pixels.reshape(-1, 3).std(axis=0), 1, atol=1e-5)


def test_counts_every_block_of_pictures(monkeypatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (50, 4, 6, 3), dtype=np.uint8)
    whole = fit_standardizer(images)
    monkeypatch.setattr("bakeoff.datasets.chosen_pictures.BLOCK_VALUES", 7 * images[0].size)
    np.testing.assert_array_equal(fit_standardizer(images).mean, whole.mean)


def test_pictures_of_one_color_stay_finite() -> None:
    images = np.full((2, 3, 3, 1), 7, dtype=np.uint8)
    np.testing.assert_array_equal(fit_standardizer(images).apply(images), np.zeros((2, 9)))
