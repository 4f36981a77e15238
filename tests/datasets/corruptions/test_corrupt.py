"""What holds for every corruption."""

import numpy as np
import pytest

from bakeoff.datasets.corruptions.corrupt import CORRUPTIONS, SEVERITIES, corruptions_for
from bakeoff.tests.datasets.corruptions.pictures import corrupt, make_pictures

NAMES = tuple(one.name for one in CORRUPTIONS)
# Stronger severities move these further from the clean picture; the others' published constants trade one thing for
# another (elastic: a coarse shift for a fine tremble; saturate: less, then more color).
RISING = (
    "gaussian noise", "shot noise", "impulse noise", "speckle noise", "defocus blur", "zoom blur", "gaussian blur",
    "snow", "fog", "brightness", "contrast", "pixelate", "jpeg compression",
)  # fmt: skip


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return make_pictures()


def test_there_are_fifteen_and_four_held_out_with_five_constants_each():
    assert sum(not c.held_out for c in CORRUPTIONS) == 15
    assert [c.name for c in CORRUPTIONS if c.held_out] == ["speckle noise", "gaussian blur", "spatter", "saturate"]
    assert all(len(c.constants) == len(SEVERITIES) == 5 for c in CORRUPTIONS)


@pytest.mark.parametrize("name", NAMES)
def test_pictures_stay_pictures_and_change(name, pictures):
    before = pictures.copy()
    for severity in SEVERITIES:
        changed = corrupt(pictures, name, severity)
        assert (changed.dtype, changed.shape) == (np.uint8, pictures.shape)
        assert (changed != pictures).any(axis=(1, 2, 3)).all()
    np.testing.assert_array_equal(pictures, before)


@pytest.mark.parametrize("name", RISING)
def test_a_higher_severity_is_further_from_the_clean_picture(name, pictures):
    distances = [np.abs(corrupt(pictures, name, severity).astype(int) - pictures).mean() for severity in SEVERITIES]
    assert distances == sorted(distances)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_comes_out_the_same_in_any_company(name, pictures):
    some = np.array([7, 2, 11])
    alone = corrupt(pictures[some], name, 3, seed=5, indices=some)
    np.testing.assert_array_equal(alone, corrupt(pictures, name, 3, seed=5)[some])


@pytest.mark.parametrize("name", ["gaussian noise", "glass blur", "motion blur", "snow", "frost", "fog", "spatter"])
def test_seed_and_number_decide_the_random_part(name, pictures):
    first = corrupt(pictures, name, 3, seed=0)
    assert (first != corrupt(pictures, name, 3, seed=1)).any()
    twins = corrupt(np.stack([pictures[0], pictures[0]]), name, 3)
    assert (twins[0] != twins[1]).any()


@pytest.mark.parametrize("shape", [(3, 28, 28, 1), (2, 40, 33, 3), (2, 33, 40, 3), (2, 8, 8, 3)])
@pytest.mark.parametrize("name", NAMES)
def test_gray_oblong_and_small_pictures_are_taken_too(name, shape):
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    if name not in [one.name for one in corruptions_for(shape[1:])]:
        assert (name, shape[3]) == ("saturate", 1)
    else:
        assert corrupt(images, name, 5).shape == shape


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("name", NAMES)
def test_black_and_white_pictures_give_no_warning(name, level):
    flat = np.full((2, 32, 32, 3), level, np.uint8)
    for severity in SEVERITIES:
        assert corrupt(flat, name, severity).shape == flat.shape


def test_no_pictures_give_no_pictures():
    assert corrupt(np.empty((0, 32, 32, 3), np.uint8), "fog", 1).shape == (0, 32, 32, 3)
