import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bakeoff.datasets.resizing import central_square, resize_squares


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("shape", "rows", "columns"), [((5, 2), (1, 3), (0, 2)), ((3, 6), (0, 3), (1, 4)), ((4, 4), (0, 4), (0, 4))]
)
def test_takes_the_middle_rounded_to_the_left_and_up(shape, rows, columns):
    pixels = noise(*shape)
    np.testing.assert_array_equal(central_square(pixels), pixels[slice(*rows), slice(*columns)])


@settings(deadline=None, max_examples=100)
@given(sides=st.lists(st.integers(1, 90), max_size=6), image_size=st.integers(1, 70))
def test_each_is_resized_as_by_pillow_whatever_the_others_are(sides, image_size):
    squares = [noise(side, side, seed) for seed, side in enumerate(sides)]
    resized = resize_squares(squares, image_size)
    assert resized.shape == (len(sides), image_size, image_size, 3)
    for square, ours in zip(squares, resized, strict=True):
        pillows = Image.fromarray(square).resize((image_size, image_size), Image.Resampling.BILINEAR)
        np.testing.assert_allclose(ours.astype(int), np.asarray(pillows).astype(int), atol=2)


def test_gray_squares_are_resized_as_those_of_three_equal_channels():
    gray = [noise(side, side, side)[..., :1] for side in (30, 30, 90, 30, 30, 30, 90)]
    colored = [square.repeat(3, 2) for square in gray]
    np.testing.assert_array_equal(resize_squares(gray, 16), resize_squares(colored, 16)[..., :1])
    mixed = resize_squares([*gray[:3], *colored[3:]], 16)
    np.testing.assert_array_equal(mixed, resize_squares(colored, 16))


def test_a_square_that_fits_stays_as_it_is():
    squares = [noise(16, 16), noise(40, 40), noise(16, 16, seed=1)]
    resized = resize_squares(squares, 16)
    np.testing.assert_array_equal(resized[[0, 2]], [squares[0], squares[2]])


@pytest.mark.parametrize("shape", [(20, 31), (31, 20)])
def test_what_is_cut_off_is_not_held_on_to(shape):
    assert central_square(noise(*shape)).base is None
