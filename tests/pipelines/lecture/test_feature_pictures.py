import numpy as np

from bakeoff.pipelines.lecture.feature_pictures import (
    HOG_CELL,
    N_COLOR_BINS,
    N_WORDS,
    color_histogram,
    hog_glyphs,
    sift_grid,
    visual_words,
)


def test_brightness_is_the_histogram_of_the_largest_channel():
    result = color_histogram()
    brightness = result.photograph.max(axis=2) / 255
    counts = np.histogram(brightness, N_COLOR_BINS, (0, 1))[0] / brightness.size
    np.testing.assert_allclose(result.brightness, counts, atol=1e-3)  # rounding at the edges of bins
    np.testing.assert_allclose([result.hue.sum(), result.saturation.sum()], 1, atol=1e-5)


def test_glyphs_of_the_sky_are_fainter_than_those_of_the_roofs():
    result = hog_glyphs()
    height, width, _ = result.photograph.shape
    assert result.histograms.shape == (height // HOG_CELL, width // HOG_CELL, 9)
    strength = np.linalg.norm(result.histograms, axis=2)
    contrast = result.photograph[: height // 8 * 8, : width // 8 * 8].mean(axis=2)
    contrast = contrast.reshape(height // 8, 8, width // 8, 8).std(axis=(1, 3))
    assert np.corrcoef(strength.ravel(), contrast.ravel())[0, 1] > 0.6


def test_sift_descriptors_have_unit_length_and_one_is_shown():
    result = sift_grid()
    lengths = np.linalg.norm(result.descriptors.reshape(len(result.positions), -1), axis=1)
    np.testing.assert_allclose(lengths[lengths > 0], 1, atol=1e-5)
    assert lengths[result.shown] > 0


def test_words_are_numbered_by_use():
    result = visual_words()
    counts = np.bincount(result.words.ravel(), minlength=N_WORDS)
    np.testing.assert_allclose(result.shares, counts / result.words.size, atol=1e-6)
    assert (np.diff(counts) <= 0).all()
    assert len(result.patches) == N_WORDS
