import colorsys

import numpy as np
import pytest
from numpy.random import RandomState
from scipy import stats

from bakeoff.datasets.sets.cues import (
    CLASS_NAMES,
    CUES,
    HOLES,
    LAYOUTS,
    OUTLINES,
    SPACING,
    _to_rgb,
    draw_factors,
    draw_parts,
    draw_texture,
    load_cues,
    render,
)

CHANCE = 1 / 6


@pytest.fixture(scope="module")
def sample():
    """1,800 pictures with independent factors."""
    random = RandomState(3)
    factors = draw_factors(300, random, agree=False)
    return factors, render(factors, random)


def nearest_class_accuracy(descriptors, labels):
    """Fit class means on the first two thirds, weighted by the inverse of the shared variance; test on the rest."""
    n_train = len(labels) * 2 // 3
    descriptors = descriptors / (descriptors[:n_train].std(axis=0) + 1e-9)
    train, known = descriptors[:n_train], labels[:n_train]
    means = np.stack([train[known == label].mean(axis=0) for label in range(6)])
    distances = ((descriptors[n_train:, None] - means) ** 2).sum(axis=2)
    return (distances.argmin(axis=1) == labels[n_train:]).mean()


def color_histograms(images):
    cells = (images // 64).astype(int) @ [16, 4, 1]  # 4 x 4 x 4 cells
    return np.sqrt(np.stack([np.bincount(cell.ravel(), minlength=64) for cell in cells]))


def gray_histograms(images):
    return np.stack([np.bincount(image.ravel() // 8, minlength=32) for image in images.mean(axis=3).astype(int)])


def test_a_color_histogram_sees_color(sample):
    factors, images = sample
    assert nearest_class_accuracy(color_histograms(images), factors["color"]) > 0.6


@pytest.mark.parametrize("n_bins", [6, 7, 8])
def test_no_number_of_hue_bins_has_its_edges_on_the_classes(sample, n_bins):
    """In a picture's most saturated pixels: the hues of two classes never fall half and half into one bin."""
    factors, images = sample
    hsv = np.array([[colorsys.rgb_to_hsv(*pixel) for pixel in brightest(image)] for image in images[:300] / 255])
    bins = np.median(np.floor(hsv[..., 0] * n_bins), axis=1).astype(int)
    table = np.histogram2d(factors["color"][:300], bins, bins=(6, n_bins), range=((0, 6), (0, n_bins)))[0]
    assert (table.max(axis=0).sum() / 300) > 0.75


def brightest(image):
    """The 20 pixels of a picture with the largest difference between their channels."""
    pixels = image.reshape(-1, 3)
    return pixels[np.argsort(np.ptp(pixels, axis=1))[-20:]]


@pytest.mark.parametrize("cue", ["texture", "shape", "layout"])
@pytest.mark.parametrize("describe", [color_histograms, gray_histograms])
def test_histograms_of_color_and_gray_see_nothing_else(sample, cue, describe):
    factors, images = sample
    assert nearest_class_accuracy(describe(images), factors[cue]) < CHANCE + 0.06  # 600 pictures: 4 standard errors


def test_factors_are_balanced_and_independent():
    factors = draw_factors(200, RandomState(0), agree=False)
    for values in factors.values():
        assert np.bincount(values).tolist() == [200] * 6
    names = list(factors)
    for number, first in enumerate(names):
        for second in names[number + 1 :]:
            table = np.histogram2d(factors[first], factors[second], bins=6)[0]
            assert stats.chi2_contingency(table).pvalue > 1e-3


def test_factors_agree_when_asked_to():
    values = list(draw_factors(5, RandomState(0), agree=True).values())
    assert all((value == values[0]).all() for value in values)


def test_every_texture_is_dark_on_half_of_the_pixels():
    textures = np.repeat(np.arange(6), 20)
    field = draw_texture(textures, RandomState(0))
    assert set(np.unique(field)) == {-1, 1}
    assert abs(field.mean(axis=(1, 2))).max() <= 4 / 1024  # a few equal values at the median


def test_stripes_repeat_along_one_direction_only():
    field = draw_texture(np.zeros(30, dtype=int), RandomState(0))
    spectrum = abs(np.fft.fft2(field)).reshape(30, -1)
    strongest = np.sort(spectrum, axis=1)[:, -2:]  # a real wave stands twice in the spectrum
    np.testing.assert_allclose(strongest[:, 0], strongest[:, 1], rtol=1e-4)
    assert ((strongest**2).sum(axis=1) / (spectrum**2).sum(axis=1)).min() > 0.2


def test_outlines_have_unit_area():
    step = 2 * np.pi / OUTLINES.shape[1]
    areas = 0.5 * (OUTLINES**2).sum(axis=1) * step - np.pi * HOLES**2
    np.testing.assert_allclose(areas, 1, atol=1e-5)


def test_outline_of_the_triangle_by_hand():
    # An equilateral triangle of area 1 has a corner at sqrt(4 / (3 sqrt 3)) and its sides at half of that.
    triangle = OUTLINES[CLASS_NAMES["shape"].index("triangle")]
    corner = np.sqrt(4 / (3 * np.sqrt(3)))
    np.testing.assert_allclose(triangle[[0, 120, 240]], corner, rtol=1e-3)
    np.testing.assert_allclose(triangle[[60, 180, 300]], corner / 2, rtol=1e-3)


def test_every_shape_and_layout_covers_the_same_area():
    factors = draw_factors(300, RandomState(1), agree=False)
    areas = draw_parts(factors["shape"], factors["layout"], RandomState(2)).sum(axis=(1, 2))
    for cue in ("shape", "layout"):
        means = [areas[factors[cue] == value].mean() for value in range(6)]
        assert max(means) / min(means) < 1.06


@pytest.mark.parametrize("layout", range(6))
def test_parts_lie_where_the_layout_says(layout):
    n_pictures = 200
    discs = np.zeros(n_pictures, dtype=int)
    is_part = draw_parts(discs, np.full(n_pictures, layout), RandomState(0)).astype(float)
    rows, columns = np.mgrid[:32, :32]
    mass = is_part.sum(axis=(1, 2))
    row_mean, column_mean = ((is_part * axis).sum(axis=(1, 2)) / mass for axis in (rows, columns))
    down, right = rows - row_mean[:, None, None], columns - column_mean[:, None, None]
    found = np.array(
        [(is_part * a * b).sum(axis=(1, 2)) / mass for a, b in ((down, down), (right, right), (down, right))]
    )
    centered = (LAYOUTS[layout] - LAYOUTS[layout].mean(axis=0)) * SPACING
    disc_spread = 62.5 / (4 * np.pi)  # variance of a disc of area A along an axis: A / 4 pi
    expected = [
        (centered[:, 0] ** 2).mean() + disc_spread,
        (centered[:, 1] ** 2).mean() + disc_spread,
        (centered[:, 0] * centered[:, 1]).mean(),
    ]
    np.testing.assert_allclose(found.mean(axis=1), expected, atol=3)


def test_colors_agree_with_the_standard_library():
    hsv = np.random.default_rng(0).random((50, 3))
    expected = [colorsys.hsv_to_rgb(*row) for row in hsv]
    np.testing.assert_allclose(_to_rgb(*hsv.T), expected, atol=1e-6)


@pytest.fixture
def few_pictures(monkeypatch):
    monkeypatch.setattr("bakeoff.datasets.sets.cues.PICTURES_PER_CLASS", {"train": 40, "validation": 5, "test": 50})


@pytest.mark.usefixtures("few_pictures")
@pytest.mark.parametrize("cue", ["shape", "all"])
def test_is_the_same_every_time_and_balanced(cue):
    dataset = load_cues(cue)
    assert dataset.name == f"cues-{cue}"
    assert [np.bincount(split.labels).tolist() for split in dataset.splits.values()] == [[40] * 6, [5] * 6, [50] * 6]
    assert dataset.image_shape == (32, 32, 3)
    assert load_cues(cue).fingerprint() == dataset.fingerprint()


@pytest.mark.usefixtures("few_pictures")
def test_single_cues_ask_different_questions_of_the_same_pictures():
    color, layout = load_cues("color"), load_cues("layout")
    np.testing.assert_array_equal(color.test.images, layout.test.images)
    assert abs((color.test.labels == layout.test.labels).mean() - CHANCE) < 0.09  # 300 pictures: 4 standard errors


def test_refuses_an_unknown_cue():
    with pytest.raises(ValueError, match=f"cue must be one of {', '.join(CUES)}, got 'smell'"):
        load_cues("smell")
