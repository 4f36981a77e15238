import cv2
import numpy as np
import pytest
from skimage.filters import gaussian

from bakeoff.datasets.corruptions import blur
from bakeoff.datasets.corruptions.sampling import generators_for
from bakeoff.tests.reference import corruption_loops as loops

IMAGES = np.random.default_rng(0).random((3, 32, 32, 3), dtype=np.float32)


@pytest.mark.parametrize("sigma", [0.05, 0.4, 1.0])
def test_gaussian_blur_is_scikit_images(sigma):
    theirs = [gaussian(image, sigma=sigma, channel_axis=-1) for image in IMAGES]
    np.testing.assert_allclose(blur.gaussian_blur(IMAGES, sigma), theirs, atol=1e-6)


@pytest.mark.parametrize(("radius", "softness"), [(0.3, 0.4), (1, 0.2), (1.5, 0.1)])
def test_defocus_is_opencvs_filter_with_the_soft_disc(radius, softness):
    offset = np.arange(-8, 9)
    disc = (offset**2 + offset[:, None] ** 2 <= radius**2).astype(np.float32)
    kernel = cv2.GaussianBlur(disc / disc.sum(), (3, 3), softness)
    theirs = [cv2.filter2D(image, -1, kernel) for image in IMAGES]
    np.testing.assert_allclose(blur.defocus_blur(IMAGES, (radius, softness)), theirs, atol=1e-6)


def test_a_hard_disc_of_radius_one_is_a_cross():
    np.testing.assert_allclose(
        blur.defocus_kernel(1, 0.01)[1:4, 1:4] * 5, [[0, 1, 0], [1, 1, 1], [0, 1, 0]], atol=1e-12
    )


def test_glass_blur_is_the_published_loop():
    sigma, times = 0.4, 2
    shifts = [g.integers(-1, 1, (times, 2, 32, 32)) for g in generators_for("glass", range(3), 0)]
    expected = []
    for image, shift in zip(IMAGES, shifts, strict=True):
        soft = np.floor(gaussian(image, sigma=sigma, channel_axis=-1) * 255) / 255
        expected.append(gaussian(loops.shuffle_pixels(soft, shift), sigma=sigma, channel_axis=-1))
    ours = blur.glass_blur(IMAGES, (sigma, times), generators_for("glass", range(3), 0))
    np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_motion_blur_is_the_loop_over_pixels_within_45_degrees():
    angles = [g.uniform(-45, 45) for g in generators_for("motion", range(3), 0)]
    small = IMAGES[:, :9, :11]
    expected = [loops.blur_along(image, angle, 6, 1.5) for image, angle in zip(small, angles, strict=True)]
    ours = blur.motion_blur(small, (6, 1.5), generators_for("motion", range(3), 0))
    np.testing.assert_allclose(ours, expected, atol=1e-6)
    assert np.abs(angles).max() < 45


def test_zoom_blur_is_the_mean_over_scipys_zooms():
    factors = np.arange(1, 1.06, 0.01)
    expected = [(image + sum(loops.enlarge(image, f) for f in factors)) / (len(factors) + 1) for image in IMAGES]
    np.testing.assert_allclose(blur.zoom_blur(IMAGES, 1.06), expected, atol=1e-6)


@pytest.mark.parametrize("change", [
    lambda images: blur.gaussian_blur(images, 0.8),
    lambda images: blur.defocus_blur(images, (1.5, 0.1)),
    lambda images: blur.motion_blur(images, (9, 2.5), generators_for("motion", range(3), 0)),
    lambda images: blur.zoom_blur(images, 1.26),
])  # fmt: skip
def test_blur_leaves_a_flat_picture_alone(change):
    flat = np.full_like(IMAGES, 0.3)
    np.testing.assert_allclose(change(flat), flat, atol=1e-6)
