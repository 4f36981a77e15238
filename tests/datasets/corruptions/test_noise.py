"""The published constants, read off what the noise does to flat gray pictures."""

import numpy as np
import pytest
from skimage.util import random_noise

from bakeoff.tests.datasets.corruptions.pictures import corrupt

GRAY = 102  # 0.4
FLAT = np.full((60, 32, 32, 3), GRAY, np.uint8)


@pytest.mark.parametrize(("severity", "deviation"), [(1, 0.04), (5, 0.10)])
def test_gaussian_noise_has_the_published_deviation(severity, deviation):
    noise = corrupt(FLAT, "gaussian noise", severity) / 255 - GRAY / 255
    assert noise.std() == pytest.approx(deviation, rel=0.01)
    assert noise.mean() == pytest.approx(0, abs=0.001)


@pytest.mark.parametrize(("severity", "photons"), [(1, 500), (5, 50)])
def test_shot_noise_has_the_variance_of_its_photons(severity, photons):
    noise = corrupt(FLAT, "shot noise", severity) / 255 - GRAY / 255
    assert noise.var() == pytest.approx(0.4 / photons, rel=0.03)
    assert noise.mean() == pytest.approx(0, abs=0.001)


@pytest.mark.parametrize(("severity", "deviation"), [(1, 0.06), (5, 0.2)])
def test_speckle_noise_grows_with_brightness(severity, deviation):
    noise = corrupt(FLAT, "speckle noise", severity) / 255 - GRAY / 255
    assert noise.std() == pytest.approx(0.4 * deviation, rel=0.01)


@pytest.mark.parametrize(("severity", "share"), [(1, 0.01), (5, 0.07)])
def test_impulse_noise_is_scikit_images_salt_and_pepper(severity, share):
    ours = corrupt(FLAT, "impulse noise", severity)
    theirs = random_noise(FLAT / 255, mode="s&p", amount=share, rng=0)
    assert set(np.unique(ours)) == {0, GRAY, 255}
    for level in (0, 1):
        assert (ours == 255 * level).mean() == pytest.approx(share / 2, rel=0.05)
        assert (ours == 255 * level).mean() == pytest.approx((theirs == level).mean(), rel=0.07)
