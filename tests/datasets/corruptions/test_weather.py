import numpy as np
import pytest
from skimage.color import rgb2hsv

from bakeoff.datasets.corruptions import weather
from bakeoff.datasets.corruptions.sampling import blur_along, generators_for
from bakeoff.tests.reference import corruption_loops as loops

IMAGES = np.random.default_rng(0).random((3, 32, 32, 3), dtype=np.float32)


@pytest.mark.parametrize("side", [4, 32])
def test_the_cloud_is_diamond_and_square_by_loops(side):
    chance = np.random.default_rng(1).uniform(-1, 1, (2, side, side)).astype(np.float32)
    expected = [loops.diamond_square(one, 2.5) for one in chance]
    np.testing.assert_allclose(weather.diamond_square(chance, 2.5), expected, atol=1e-5)


def test_a_slower_decay_makes_a_finer_cloud():
    chance = np.random.default_rng(1).uniform(-1, 1, (20, 32, 32)).astype(np.float32)
    rough, smooth = (np.abs(np.diff(weather.diamond_square(chance, decay), axis=1)).mean() for decay in (1.75, 3))
    assert rough > 1.3 * smooth


def test_fog_keeps_the_brightest_within_its_former_maximum():
    foggy = weather.fog(0.5 * IMAGES, (1, 2), generators_for("fog", range(3), 0))
    assert (foggy.max(axis=(1, 2, 3)) <= 0.5 * IMAGES.max(axis=(1, 2, 3)) + 1e-6).all()
    assert (foggy >= 0).all()


def test_frost_is_a_weighted_sum_with_a_window_of_the_texture():
    clear = np.zeros_like(IMAGES)
    ice = weather.frost(clear, (1, 1), generators_for("frost", range(3), 0))
    texture = weather.frost_texture(weather.FROST_SIDE)
    for window, generator in zip(ice, generators_for("frost", range(3), 0), strict=True):
        row, column = generator.integers(0, weather.FROST_SIDE - 32 + 1, 2)
        np.testing.assert_array_equal(window, texture[row : row + 32, column : column + 32])
    both = weather.frost(IMAGES, (0.9, 0.4), generators_for("frost", range(3), 0))
    np.testing.assert_allclose(both, 0.9 * IMAGES + 0.4 * ice, atol=1e-6)


def test_frost_is_bluish_and_neither_dark_nor_white_throughout():
    texture = weather.frost_texture(weather.FROST_SIDE)
    assert 0.3 < texture.mean() < 0.7
    assert texture.std() > 0.15
    assert (texture[..., 2] >= texture[..., 0]).all()


def test_snow_on_black_is_the_flakes_and_their_half_turn_over_a_whitened_ground():
    black = np.zeros((1, 32, 32, 3), np.float32)
    constants = (0.1, 0.2, 1, 0.5, 10, 4, 0.9)
    snowy = weather.snow(black, constants, generators_for("snow", [0], 0))
    (generator,) = generators_for("snow", [0], 0)
    noise, angle = generator.normal(0.1, 0.2, (32, 32)), generator.uniform(-135, -45)
    flakes = np.where(noise < 0.5, 0, noise).clip(0, 1).astype(np.float32)[None, ..., None]
    blown = blur_along(flakes, np.array([angle]), radius=10, sigma=4)
    np.testing.assert_allclose(snowy[..., :1], 0.1 * 0.5 + blown + np.rot90(blown[0], 2)[None], atol=1e-5)


def test_mud_is_brown_and_water_bright():
    gray = np.full((6, 32, 32, 3), 0.5, np.float32)
    mud = weather.spatter(gray, (0.65, 0.1, 0.5, 0.68, 0.6, True), generators_for("spatter", range(6), 0))
    water = weather.spatter(gray, (0.65, 0.1, 0.8, 0.7, 0.5, False), generators_for("spatter", range(6), 0))
    dirty, wet = (mud != gray).any(axis=-1), (water != gray).any(axis=-1)
    assert 0.002 < dirty.mean() < 0.2
    assert 0.002 < wet.mean() < 0.2
    assert (mud[dirty] < 0.5).all()
    assert (water[wet] > 0.5).all()
    np.testing.assert_allclose(mud.min(axis=(0, 1, 2)), weather.MUD, atol=0.1)


def test_dry_glass_shows_no_water():
    assert weather.shade_water(np.zeros((32, 32), np.float32)).max() == 0


def test_brightness_adds_to_the_value_alone():
    before, after = (rgb2hsv(images) for images in (0.5 * IMAGES, weather.brightness(0.5 * IMAGES, 0.2)))
    np.testing.assert_allclose(after[..., 2], before[..., 2] + 0.2, atol=1e-5)
    np.testing.assert_allclose(after[..., 1], before[..., 1], atol=1e-4)
