from __future__ import annotations

import numpy as np
import pytest

from bakeoff.datasets.corruptions.sweeps import BY_NAME, SWEEPS, apply_sweep, rebrighten, rescale, rotate, translate
from bakeoff.tests.datasets.corruptions.pictures import make_pictures

IMAGES = np.random.default_rng(0).random((2, 8, 8, 3), dtype=np.float32)


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return make_pictures(12)


def test_a_quarter_turn_is_numpys():
    turned = rotate(IMAGES, 90, np.array([0.1, 0.9]))
    np.testing.assert_allclose(turned[0], np.rot90(IMAGES[0], -1), atol=1e-5)
    np.testing.assert_allclose(turned[1], np.rot90(IMAGES[1], 1), atol=1e-5)


def test_translation_moves_right_at_no_turn_and_down_at_a_quarter():
    moved = translate(IMAGES, 2, np.array([0.0, 0.25]))
    np.testing.assert_allclose(moved[0, :, 2:], IMAGES[0, :, :-2], atol=1e-5)
    np.testing.assert_allclose(moved[1, 2:], IMAGES[1, :-2], atol=1e-5)


def test_scale_grows_a_ramp_about_the_center():
    ramp = np.broadcast_to((np.arange(8, dtype=np.float32) - 3.5)[:, None], (1, 8, 8))[..., None]
    grown = rescale(np.ascontiguousarray(ramp), 2, np.zeros(1))
    np.testing.assert_allclose(grown, ramp / 2, atol=1e-6)


def test_brightness_is_a_factor():
    np.testing.assert_allclose(rebrighten(IMAGES, 0.4, np.zeros(2)), 0.4 * IMAGES, rtol=1e-6)


@pytest.mark.parametrize("name", BY_NAME)
def test_the_neutral_amount_changes_nothing_and_the_further_the_more(name, pictures):
    sweep = BY_NAME[name]
    distances = {a: np.abs(apply_sweep(pictures, name, a).astype(int) - pictures).mean() for a in sweep.amounts}
    assert distances[sweep.neutral] == 0
    above = [distances[a] for a in sweep.amounts if a >= sweep.neutral]
    below = [distances[a] for a in reversed(sweep.amounts) if a <= sweep.neutral]
    assert above == sorted(above)
    if name != "scale":  # far below 1 the mirrored borders show the picture again
        assert below == sorted(below)


def test_a_picture_moves_the_same_way_at_all_amounts_and_in_any_company(pictures):
    some = np.array([5, 1])
    for sweep in SWEEPS:
        alone = apply_sweep(pictures[some], sweep.name, sweep.amounts[-1], indices=some)
        np.testing.assert_array_equal(alone, apply_sweep(pictures, sweep.name, sweep.amounts[-1])[some])


def test_an_unknown_sweep_is_refused(pictures):
    with pytest.raises(ValueError, match="unknown sweep 'shear': choose one of translation, "):
        apply_sweep(pictures, "shear", 1)
