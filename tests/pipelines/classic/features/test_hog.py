from itertools import product

import numpy as np
import pytest
import torch
from skimage.feature import hog as skimage_hog

from bakeoff.pipelines.classic.features.hog import extract_hog
from bakeoff.tests.reference.hog import hog as reference_hog


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_solves_one_cell_by_hand():
    image = torch.zeros(1, 3, 3, 1)
    image[0, :, :, 0] = torch.tensor([[0.0, 0, 0], [0, 0, 3], [0, 4, 0]])  # gradient (3, 4) in the middle: 53.1 degrees
    histogram = extract_hog(image, n_orientations=9, cell_size=3, block_size=1)
    expected = torch.zeros(9)
    expected[2] = 1.0  # the bin of 40..60 degrees
    torch.testing.assert_close(histogram[0], expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_equals_scikit_image_in_every_element(channels):
    images = noise(3, 37, 50, channels)
    for n_orientations, (cell_size, block_size) in product((6, 8, 9), ((4, 2), (5, 3), (8, 1))):
        ours = extract_hog(
            torch.from_numpy(images),
            n_orientations=n_orientations,
            cell_size=cell_size,
            block_size=block_size,
        )
        theirs = [
            skimage_hog(
                image,
                orientations=n_orientations,
                pixels_per_cell=(cell_size, cell_size),
                cells_per_block=(block_size, block_size),
                channel_axis=-1,
            )
            for image in images
        ]
        np.testing.assert_allclose(ours.numpy(), np.stack(theirs), rtol=0, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("n_levels", [2, 3, 4, 8, 16])
def test_equals_scikit_image_on_pictures_of_few_gray_levels(n_levels, channels):
    """Where gradients lie on the borders of bins, and channels are alike."""
    levels = np.random.default_rng(n_levels).integers(0, n_levels, (3, 32, 32, channels))
    images = (levels * (255 // (n_levels - 1))).astype(np.uint8)
    for n_orientations in (2, 4, 7, 8, 9, 12):
        ours = extract_hog(torch.from_numpy(images), n_orientations=n_orientations, cell_size=4)
        settings = {"pixels_per_cell": (4, 4), "cells_per_block": (2, 2), "channel_axis": -1}
        theirs = [skimage_hog(image, orientations=n_orientations, **settings) for image in images]
        np.testing.assert_allclose(ours.numpy(), np.stack(theirs), rtol=0, atol=1e-6)


@pytest.mark.parametrize("signed", [False, True])
def test_equals_the_slow_reference(signed):
    images = noise(2, 14, 17, 3)
    ours = extract_hog(torch.from_numpy(images), n_orientations=7, cell_size=4, signed=signed).numpy()
    for image, descriptor in zip(images, ours, strict=True):
        np.testing.assert_allclose(descriptor, reference_hog(image, 7, 4, 2, signed), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("n_orientations", "signed"), [(4, False), (9, False), (12, False), (23, False), (18, True)])
def test_every_8_bit_gradient_falls_into_the_bin_that_float64_gives_it(n_orientations, signed):
    derivatives = np.arange(-255, 256)
    x, y = (grid.ravel() for grid in np.meshgrid(derivatives, derivatives))
    images = np.zeros((len(x), 3, 3, 1), dtype=np.uint8)
    images[:, 1, 2, 0], images[:, 1, 0, 0] = np.maximum(x, 0), np.maximum(-x, 0)
    images[:, 2, 1, 0], images[:, 0, 1, 0] = np.maximum(y, 0), np.maximum(-y, 0)
    histograms = extract_hog(
        torch.from_numpy(images), n_orientations=n_orientations, cell_size=3, block_size=1, signed=signed
    ).numpy()
    full_turn = 360 if signed else 180
    degrees = np.arctan2(y.astype(float), x) * (180 / np.pi) % full_turn
    borders = full_turn / n_orientations * np.arange(n_orientations)
    expected = np.searchsorted(borders, degrees, side="right") - 1
    moving = (x != 0) | (y != 0)
    np.testing.assert_array_equal(histograms.argmax(1)[moving], expected[moving])


def test_signed_directions_tell_a_rising_from_a_falling_edge():
    rising = torch.arange(16.0).mul(10).expand(1, 16, 16).unsqueeze(-1).contiguous()
    falling = rising.flip(2)
    torch.testing.assert_close(extract_hog(rising), extract_hog(falling))
    assert (extract_hog(rising, signed=True) - extract_hog(falling, signed=True)).abs().max() > 0.1


def test_does_not_depend_on_brightness_and_hardly_on_contrast():
    images = torch.from_numpy(noise(2, 16, 16, 3)).float() / 2
    torch.testing.assert_close(extract_hog(images + 100), extract_hog(images), rtol=0, atol=1e-4)
    torch.testing.assert_close(extract_hog(images * 2), extract_hog(images), rtol=0, atol=1e-4)
