import numpy as np
import pytest
import torch
from skimage.feature import local_binary_pattern

from bakeoff.pipelines.classic.features.local_binary_patterns import extract_local_binary_patterns


def picture(side: int = 24) -> np.ndarray:
    """Noise beside flat areas, where rounding decides."""
    image = np.random.default_rng(0).integers(0, 256, (side, side), dtype=np.uint8)
    image[side // 2 :, : side // 2] = 137
    image[side // 3 :, side // 2 :] //= 60
    return image


def test_solves_one_bright_pixel_by_hand():
    image = torch.zeros(1, 3, 3, 1)
    image[0, 1, 1] = 100
    # Around the bright pixel all points are darker: pattern 0. Around the others, at 0, none is: all 8 bright.
    histogram = extract_local_binary_patterns(image, n_cells=1)[0]
    expected = torch.zeros(10)
    expected[0], expected[8] = 1 / 9, 8 / 9
    torch.testing.assert_close(histogram, expected)


@pytest.mark.parametrize("method", ["uniform", "default"])
@pytest.mark.parametrize(("n_points", "radius"), [(8, 1), (8, 2), (5, 1.5), (12, 3)])
def test_equals_the_patterns_of_scikit_image(method, n_points, radius):
    image = picture()
    codes = local_binary_pattern(image, n_points, radius, method=method).astype(int)
    n_patterns = n_points + 2 if method == "uniform" else 2**n_points
    quarters = [codes[y : y + 12, x : x + 12] for y in (0, 12) for x in (0, 12)]
    expected = np.concatenate([np.bincount(quarter.ravel(), minlength=n_patterns) / 144 for quarter in quarters])
    ours = extract_local_binary_patterns(
        torch.from_numpy(image)[None, ..., None], n_points=n_points, radius=radius, n_cells=2, method=method
    )
    np.testing.assert_allclose(ours[0].numpy(), expected, rtol=0, atol=1e-6)


def test_does_not_depend_on_brightness_away_from_the_border():
    images = torch.from_numpy(picture())[None, ..., None].float() / 2
    inside = extract_local_binary_patterns(images.round(), n_cells=3).view(9, 10)[4]
    brighter = extract_local_binary_patterns(images.round() + 40, n_cells=3).view(9, 10)[4]
    torch.testing.assert_close(inside, brighter)


def test_refuses_an_unknown_method():
    with pytest.raises(ValueError, match="method must be uniform or default, got 'ror'"):
        extract_local_binary_patterns(torch.zeros(1, 8, 8, 1), method="ror")
