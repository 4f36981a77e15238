import numpy as np
import pytest
import torch
from skimage.color import rgb2hsv, rgb2lab

from bakeoff.pipelines.classic.features.color_spaces import RANGES, from_rgb, rgb_to_hsv, rgb_to_lab


def colors() -> np.ndarray:
    """float32 (n, 3): a lattice that has all grays, ties and corners of the cube, and random colors."""
    levels = np.linspace(0, 1, 9, dtype=np.float32)
    lattice = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(-1, 3)
    return np.concatenate([lattice, np.random.default_rng(0).random((2000, 3), dtype=np.float32)])


def test_pure_colors_by_hand():
    rgb = torch.tensor([[1.0, 0, 0], [0, 0.5, 0], [0, 0, 1], [0.5, 0.5, 0.5]]).T
    expected = torch.tensor([[0, 1, 1], [1 / 3, 1, 0.5], [2 / 3, 1, 1], [0, 0, 0.5]]).T
    torch.testing.assert_close(rgb_to_hsv(rgb), expected)
    white_and_black = rgb_to_lab(torch.tensor([[1.0, 0], [1, 0], [1, 0]]))
    torch.testing.assert_close(white_and_black, torch.tensor([[100.0, 0], [0, 0], [0, 0]]), rtol=0, atol=2e-2)


def test_hsv_equals_scikit_image():
    np.testing.assert_allclose(rgb_to_hsv(torch.from_numpy(colors()).T).T, rgb2hsv(colors()), rtol=0, atol=1e-5)


def test_lab_equals_scikit_image():
    np.testing.assert_allclose(rgb_to_lab(torch.from_numpy(colors()).T).T, rgb2lab(colors()), rtol=0, atol=1e-3)


@pytest.mark.parametrize("space", ["rgb", "hsv", "lab"])
def test_colors_stay_within_their_ranges_and_nearly_fill_them(space):
    converted = from_rgb(torch.from_numpy(colors()).T, space)
    low, high = torch.tensor(RANGES[space]).T
    assert (converted.amin(1) >= low - 1e-3).all()
    assert (converted.amax(1) <= high + 1e-3).all()
    assert ((converted.amax(1) - converted.amin(1)) / (high - low) > 0.98).all()
