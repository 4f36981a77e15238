import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from bakeoff.datasets.corruptions.sampling import enlarge_center, gather, inside, sample
from bakeoff.tests.reference import corruption_loops as loops

# Our names of borders are numpy's and scipy's in another order; these are scipy's.
SCIPY = {"edge": "nearest", "mirror": "mirror", "reflect": "reflect"}


@pytest.mark.parametrize(
    ("border", "expected"),
    [("edge", [0, 0, 0, 1, 2, 2, 2]), ("mirror", [2, 1, 0, 1, 2, 1, 0]), ("reflect", [1, 0, 0, 1, 2, 2, 1])],
)
def test_positions_fold_back_into_three_pixels(border, expected):
    assert inside(np.arange(-2, 5), 3, border).tolist() == expected


def test_one_pixel_is_all_there_is():
    for border in SCIPY:
        assert inside(np.arange(-3, 4), 1, border).tolist() == [0] * 7


@pytest.mark.parametrize("border", SCIPY)
def test_sampling_is_scipys_interpolation(border):
    random = np.random.default_rng(0)
    images = random.random((2, 6, 9, 3), dtype=np.float32)
    rows, columns = random.uniform(-7, 14, (2, 6, 9)), random.uniform(-7, 14, (2, 6, 9))
    ours = sample(images, rows, columns, border)
    for n in range(2):
        for channel in range(3):
            theirs = map_coordinates(images[n, ..., channel], [rows[n], columns[n]], order=1, mode=SCIPY[border])
            np.testing.assert_allclose(ours[n, ..., channel], theirs, atol=1e-5)


def test_gathering_a_shift_is_a_roll_inside():
    images = np.random.default_rng(0).random((2, 5, 5, 1), dtype=np.float32)
    rows, columns = np.mgrid[:5, :5]
    shifted = gather(images, rows[None] + 1, columns[None] - 2, "edge")
    np.testing.assert_array_equal(shifted[:, :4, 2:], images[:, 1:, :3])


@pytest.mark.parametrize("side", [8, 28, 32])
@pytest.mark.parametrize("factor", [1, 1.05, 1.25, 1.75, 2.25])
def test_enlarging_is_scipys_zoom_of_a_crop(side, factor):
    images = np.random.default_rng(0).random((2, side, side, 3), dtype=np.float32)
    theirs = [loops.enlarge(image, factor) for image in images]
    np.testing.assert_allclose(enlarge_center(images, factor), theirs, atol=1e-5)
