import math

import numpy as np
import pytest
import torch
from skimage.color import rgb2hsv
from skimage.feature import local_binary_pattern

from bakeoff.pipelines.classic.families.family import encode_all
from bakeoff.pipelines.classic.families.histograms import FARTHEST, CoOccurrence
from bakeoff.pipelines.classic.features.pixel_counts import (
    extract_co_occurrence,
    extract_color_histogram,
    extract_local_binary_patterns,
    rgb_to_hsv,
)
from tests.reference.co_occurrence import co_occurrence_properties


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


def test_two_columns_by_hand():
    """Black beside white: across they always differ, down never; on the diagonals they differ as well."""
    image = torch.tensor([0, 255], dtype=torch.uint8).repeat(2, 1)[None, :, :, None]
    across, *_ = found = extract_co_occurrence(image, distances=(1,), n_levels=2).view(6, 4).T
    down = found[2]
    # contrast, dissimilarity, homogeneity 1 / (1 + 1), sum of squares 2 * (1/2)^2, correlation, entropy ln 2
    torch.testing.assert_close(across, torch.tensor([1, 1, 0.5, 0.5, -1, math.log(2)]))
    torch.testing.assert_close(down, torch.tensor([0, 0, 1, 0.5, 1, math.log(2)]))


def test_agrees_with_loops_over_pairs_of_pixels():
    images = np.random.default_rng(0).integers(0, 256, (2, 9, 8, 3), dtype=np.uint8)
    found = extract_co_occurrence(torch.from_numpy(images), distances=(1, 3), n_levels=6)
    expected = [co_occurrence_properties(image, distances=(1, 3), n_levels=6) for image in images]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_family_standardizes_every_property_over_the_training_pictures():
    images = np.random.default_rng(0).integers(0, 256, (50, 12, 12, 1), dtype=np.uint8)
    images //= np.arange(1, 51, dtype=np.uint8)[:, None, None, None]
    family = CoOccurrence(distances=(1, 2))
    state = family.fit(images, 0)
    features = encode_all(family, state, images) * math.sqrt(48)
    raw = extract_co_occurrence(torch.from_numpy(images), distances=(1, 2)).numpy()
    expected = (raw - raw.mean(axis=0)) / np.where(raw.std(axis=0) > 1e-6, raw.std(axis=0), 1)
    np.testing.assert_allclose(features, expected.clip(-FARTHEST, FARTHEST), atol=1e-3)
    assert (np.linalg.norm(features, axis=1) ** 2).mean() < 48.1
