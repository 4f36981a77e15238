import numpy as np
import pytest
import torch
from skimage.color import rgb2lab

from bakeoff.pipelines.classic.features.color_histogram import extract_color_histogram


def noise(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))


def test_counts_a_picture_of_two_colors_by_hand():
    image = torch.zeros(1, 2, 4, 3, dtype=torch.uint8)
    image[0, :, 3] = torch.tensor([255, 0, 100], dtype=torch.uint8)
    apart = extract_color_histogram(image, space="rgb", n_bins=4)
    expected = torch.tensor([[3.0, 0, 0, 1, 4, 0, 0, 0, 3, 1, 0, 0]]) / 12
    torch.testing.assert_close(apart, expected)
    joint = extract_color_histogram(image, space="rgb", n_bins=4, joint=True)[0]
    assert joint.nonzero().flatten().tolist() == [0, 3 * 16 + 0 * 4 + 1]
    assert joint[[0, 49]].tolist() == [0.75, 0.25]


@pytest.mark.parametrize("n_cells", [1, 3])
def test_joint_equals_numpy_cell_by_cell(n_cells):
    images = noise(2, 12, 18, 3)
    ours = extract_color_histogram(images, space="rgb", n_bins=5, joint=True, n_cells=n_cells)
    ours = ours.view(2, n_cells, n_cells, -1).numpy()
    for i, row, column in np.ndindex(2, n_cells, n_cells):
        height, width = 12 // n_cells, 18 // n_cells
        cell = images[i, row * height : (row + 1) * height, column * width : (column + 1) * width]
        counts, _ = np.histogramdd(cell.reshape(-1, 3).numpy(), bins=5, range=[(0, 255)] * 3)
        np.testing.assert_allclose(ours[i, row, column], counts.ravel() / counts.sum(), atol=1e-6)


def test_lab_equals_numpy_on_the_conversion_of_scikit_image():
    image = noise(1, 16, 16, 3)
    ours = extract_color_histogram(image, space="lab", n_bins=6)[0].view(3, 6).numpy()
    lab = rgb2lab(image[0].numpy()).reshape(-1, 3)
    for channel, limits in enumerate([(0, 100), (-86.2, 98.3), (-107.9, 94.5)]):
        counts, _ = np.histogram(lab[:, channel], bins=6, range=limits)
        np.testing.assert_allclose(ours[channel], counts / (3 * 256), atol=1e-6)


@pytest.mark.parametrize("joint", [False, True])
def test_does_not_depend_on_where_the_pixels_lie(joint):
    images = noise(2, 8, 8, 3)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    shuffled = images.view(2, 64, 3)[:, order].view(2, 8, 8, 3)
    torch.testing.assert_close(
        extract_color_histogram(shuffled, space="hsv", n_bins=4, joint=joint),
        extract_color_histogram(images, space="hsv", n_bins=4, joint=joint),
    )


def test_every_cell_sums_to_one_also_where_sides_do_not_divide():
    histograms = extract_color_histogram(noise(2, 11, 17, 3), space="hsv", n_bins=3, n_cells=4)
    torch.testing.assert_close(histograms.view(2, 16, 9).sum(2), torch.ones(2, 16))


def test_refuses_an_unknown_space():
    with pytest.raises(ValueError, match="space must be rgb, hsv or lab, got 'xyz'"):
        extract_color_histogram(noise(1, 8, 8, 3), space="xyz", n_bins=4)
