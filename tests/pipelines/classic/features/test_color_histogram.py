import numpy as np
import pytest
import torch
from skimage.color import rgb2hsv

from bakeoff.pipelines.classic.features.color_histogram import extract_color_histogram, rgb_to_hsv


def noise(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))


def colors() -> np.ndarray:
    """float32 (n, 3): a lattice that has all grays, ties and corners of the cube, and random colors."""
    levels = np.linspace(0, 1, 9, dtype=np.float32)
    lattice = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(-1, 3)
    return np.concatenate([lattice, np.random.default_rng(0).random((2000, 3), dtype=np.float32)])


def test_pure_colors_by_hand():
    rgb = torch.tensor([[1.0, 0, 0], [0, 0.5, 0], [0, 0, 1], [0.5, 0.5, 0.5]]).T
    expected = torch.tensor([[0, 1, 1], [1 / 3, 1, 0.5], [2 / 3, 1, 1], [0, 0, 0.5]]).T
    torch.testing.assert_close(rgb_to_hsv(rgb), expected)


def test_hsv_equals_scikit_image():
    np.testing.assert_allclose(rgb_to_hsv(torch.from_numpy(colors()).T).T, rgb2hsv(colors()), rtol=0, atol=1e-5)


def test_counts_a_picture_of_two_colors_by_hand():
    image = torch.zeros(1, 2, 4, 3, dtype=torch.uint8)
    image[0, :, 3] = torch.tensor([0, 0, 255], dtype=torch.uint8)  # blue on black: hue 2/3, full saturation and value
    joint = extract_color_histogram(image, n_bins=4)[0]
    assert joint.nonzero().flatten().tolist() == [0, 2 * 16 + 3 * 4 + 3]
    assert joint[[0, 47]].tolist() == [0.75, 0.25]


@pytest.mark.parametrize("n_cells", [1, 3])
def test_joint_equals_numpy_cell_by_cell(n_cells):
    images = noise(2, 12, 18, 3)
    ours = extract_color_histogram(images, n_bins=5, n_cells=n_cells)
    ours = ours.view(2, n_cells, n_cells, -1).numpy()
    hsv = rgb2hsv(images.numpy().astype(np.float32) / 255)
    for i, row, column in np.ndindex(2, n_cells, n_cells):
        height, width = 12 // n_cells, 18 // n_cells
        cell = hsv[i, row * height : (row + 1) * height, column * width : (column + 1) * width]
        counts, _ = np.histogramdd(cell.reshape(-1, 3), bins=5, range=[(0, 1)] * 3)
        np.testing.assert_allclose(ours[i, row, column], counts.ravel() / counts.sum(), atol=1e-6)


def test_does_not_depend_on_where_the_pixels_lie():
    images = noise(2, 8, 8, 3)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    shuffled = images.view(2, 64, 3)[:, order].view(2, 8, 8, 3)
    torch.testing.assert_close(extract_color_histogram(shuffled, n_bins=4), extract_color_histogram(images, n_bins=4))


def test_every_cell_sums_to_one_also_where_sides_do_not_divide():
    histograms = extract_color_histogram(noise(2, 11, 17, 3), n_bins=3, n_cells=4)
    torch.testing.assert_close(histograms.view(2, 16, 27).sum(2), torch.ones(2, 16))
