import io

import numpy as np
import pytest
from PIL import Image
from skimage.color import hsv2rgb, rgb2hsv

from bakeoff.datasets.corruptions import digital
from bakeoff.datasets.corruptions.sampling import generators_for
from bakeoff.tests.datasets.corruptions.pictures import corrupt
from bakeoff.tests.reference import corruption_loops as loops

IMAGES = np.random.default_rng(0).random((3, 32, 32, 3), dtype=np.float32)
LEVELS = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)


def test_saturate_changes_the_saturation_alone():
    hsv = rgb2hsv(IMAGES[0])
    hsv[..., 1] = (hsv[..., 1] * 2 + 0.1).clip(0, 1)
    np.testing.assert_allclose(digital.saturate(IMAGES, (2, 0.1))[0], hsv2rgb(hsv), atol=1e-6)


def test_contrast_keeps_the_means_and_scales_the_rest():
    changed = digital.contrast(IMAGES, 0.3)
    np.testing.assert_allclose(changed.mean(axis=(1, 2)), IMAGES.mean(axis=(1, 2)), atol=1e-6)
    np.testing.assert_allclose(changed.std(axis=(1, 2)), 0.3 * IMAGES.std(axis=(1, 2)), rtol=1e-5)


@pytest.mark.parametrize(("severity", "quality"), [(1, 80), (5, 40)])
def test_jpeg_is_pillows(severity, quality):
    for changed, level in zip(corrupt(LEVELS, "jpeg compression", severity), LEVELS, strict=True):
        file = io.BytesIO()
        Image.fromarray(level).save(file, "JPEG", quality=quality)
        np.testing.assert_array_equal(changed, np.asarray(Image.open(file)))


@pytest.mark.parametrize(("severity", "side"), [(1, 30), (5, 20)])
def test_pixelate_is_two_box_resizes(severity, side):
    small = Image.fromarray(LEVELS[1]).resize((side, side), Image.Resampling.BOX)
    expected = np.asarray(small.resize((32, 32), Image.Resampling.BOX))
    np.testing.assert_array_equal(corrupt(LEVELS, "pixelate", severity)[1], expected)


@pytest.mark.parametrize("lengths", [(0, 0.2, 0.08), (0.08, 0.06, 0.06), (0.1, 0.03, 0.03)])
def test_elastic_is_opencvs_affine_map_and_scipys_displacement(lengths):
    strength, sigma, reach = (32 * length for length in lengths)
    expected = []
    for image, g in zip(IMAGES, generators_for("elastic", range(3), 0), strict=True):
        moved, field = g.uniform(-reach, reach, (3, 2)).astype(np.float32), g.uniform(-1, 1, (2, 32, 32))
        expected.append(loops.elastic(image, moved, field, sigma, strength))
    ours = digital.elastic_transform(IMAGES, lengths, generators_for("elastic", range(3), 0))
    np.testing.assert_allclose(ours, expected, atol=2e-4)


def test_points_that_do_not_move_leave_every_pixel_in_place():
    rows, columns = digital.affine_positions(np.zeros((2, 3, 2)), 5, 7)
    np.testing.assert_allclose(rows[1], np.mgrid[:5, :7][0], atol=1e-9)
    np.testing.assert_allclose(columns[0], np.mgrid[:5, :7][1], atol=1e-9)
