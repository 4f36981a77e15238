import numpy as np
import pytest
import torch

from bakeoff.pipelines.classic.features.color_statistics import extract_color_statistics
from bakeoff.pipelines.classic.features.grid import window_centers
from bakeoff.tests.reference.color_statistics import color_statistics as reference_color_statistics


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def test_solves_a_striped_patch_by_hand():
    image = torch.zeros(1, 8, 8, 3, dtype=torch.uint8)
    image[:, :, 0::2, 0], image[:, :, 1::2, 0] = 10, 30  # red stripes
    image[..., 2] = 200
    expected = torch.tensor([20.0, 0, 200, 10, 0, 0]).repeat(16)
    torch.testing.assert_close(extract_color_statistics(image, cell_size=2, stride=1)[0, 0], expected, rtol=0, atol=0)


@pytest.mark.parametrize(("cell_size", "stride"), [(1, 3), (2, 2), (3, 1), (4, 5)])
def test_equals_the_slow_reference(cell_size, stride):
    images = noise(2, 18, 21, 3)
    images[1, :12, :12] = 255  # saturated: deviation exactly 0
    ours = extract_color_statistics(images, cell_size=cell_size, stride=stride).numpy()
    expected = [reference_color_statistics(image, cell_size, stride) for image in images.numpy()]
    np.testing.assert_allclose(ours, np.stack(expected), rtol=0, atol=2e-5)


def test_positions_are_the_centers_in_the_order_of_the_patches():
    positions = window_centers(10, 8, window_size=8, stride=2)
    assert positions.tolist() == [[3.5, 3.5], [3.5, 5.5]]
    images = torch.zeros(1, 10, 8, 3, dtype=torch.uint8)
    images[0, 9] = 255
    assert extract_color_statistics(images, cell_size=2, stride=2)[0].amax(1).tolist() == [0.0, 127.5]


def test_brightness_moves_the_means_and_contrast_scales_the_deviations():
    images = noise(2, 16, 16, 3).float() / 2
    means, deviations = extract_color_statistics(images, cell_size=3, stride=2).view(-1, 2, 3).unbind(1)
    changed = extract_color_statistics(2 * images + 7, cell_size=3, stride=2).view(-1, 2, 3)
    torch.testing.assert_close(changed, torch.stack([2 * means + 7, 2 * deviations], 1), rtol=0, atol=1e-3)
