import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits as load_small_digits

from bakeoff.datasets.sets.digits import enlarge, load_digits


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def test_has_every_digit_once(digits):
    assert [len(split) for split in digits.splits.values()] == [1069, 276, 452]
    assert digits.image_shape == (32, 32, 1)
    images = np.concatenate([split.images for split in digits.splits.values()])
    expected = enlarge(load_small_digits().images * (255 / 16))[..., None]
    assert sorted(map(bytes, images)) == sorted(map(bytes, expected))


def test_splits_are_stratified(digits):
    shares = np.array([np.bincount(split.labels) / len(split) for split in digits.splits.values()])
    assert np.ptp(shares, axis=0).max() < 0.01


def test_enlarges_a_step_by_hand():
    # centers of the new pixels lie at -3/8, -1/8, 1/8, 3/8, ... of the old ones; outside the edge is repeated
    row = enlarge(np.array([[[0.0, 80.0]]]))[0, 0]
    np.testing.assert_array_equal(row, [0, 0, 10, 30, 50, 70, 80, 80])


def test_enlarges_like_pillow():
    images = load_small_digits().images[:50] * (255 / 16)
    theirs = [
        np.asarray(Image.fromarray(image.astype(np.float32)).resize((32, 32), Image.BILINEAR)) for image in images
    ]
    np.testing.assert_allclose(enlarge(images), np.stack(theirs), atol=0.501)


def test_is_the_same_every_time(digits):
    assert load_digits().fingerprint() == digits.fingerprint()
