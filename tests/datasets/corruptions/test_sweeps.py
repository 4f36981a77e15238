from __future__ import annotations

import numpy as np
import pytest

from bakeoff.datasets.corruptions.corrupt import SWEEPS, corrupt
from bakeoff.datasets.corruptions.sweeps import rebrighten, rescale, rotate, translate
from bakeoff.tests.datasets.corruptions.pictures import make_pictures

NEUTRAL = {"translation": 0, "rotation": 0, "scale": 1, "brightness": 1}
IMAGES = np.random.default_rng(0).random((2, 8, 8, 3), dtype=np.float32)


class Drawn:
    """A generator of one number."""

    def __init__(self, number: float) -> None:
        self.number = number


@pytest.fixture(autouse=True)
def known_numbers(monkeypatch, request):
    if "pictures" not in request.fixturenames:
        draw = "bakeoff.datasets.corruptions.sweeps.draw"
        monkeypatch.setattr(draw, lambda drawn, one: np.array([one.number for one in drawn], np.float32))


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return make_pictures(12)


def test_a_quarter_turn_is_numpys():
    turned = rotate(IMAGES, 90, [Drawn(0.1), Drawn(0.9)])
    np.testing.assert_allclose(turned[0], np.rot90(IMAGES[0], -1), atol=1e-5)
    np.testing.assert_allclose(turned[1], np.rot90(IMAGES[1], 1), atol=1e-5)


def test_translation_moves_right_at_no_turn_and_down_at_a_quarter():
    moved = translate(IMAGES, 2, [Drawn(0.0), Drawn(0.25)])
    np.testing.assert_allclose(moved[0, :, 2:], IMAGES[0, :, :-2], atol=1e-5)
    np.testing.assert_allclose(moved[1, 2:], IMAGES[1, :-2], atol=1e-5)


def test_scale_grows_a_ramp_about_the_center():
    ramp = np.broadcast_to((np.arange(8, dtype=np.float32) - 3.5)[:, None], (1, 8, 8))[..., None]
    grown = rescale(np.ascontiguousarray(ramp), 2, [])
    np.testing.assert_allclose(grown, ramp / 2, atol=1e-6)


def test_brightness_is_a_factor():
    np.testing.assert_allclose(rebrighten(IMAGES, 0.4, []), 0.4 * IMAGES, rtol=1e-6)


@pytest.mark.parametrize("sweep", SWEEPS, ids=lambda sweep: sweep.name)
def test_the_neutral_amount_changes_nothing_and_the_further_the_more(sweep, pictures):
    neutral = NEUTRAL[sweep.name]
    distances = {a: np.abs(corrupt(pictures, sweep, a).astype(int) - pictures).mean() for a in sweep.constants}
    assert distances[neutral] == 0
    above = [distances[a] for a in sweep.constants if a >= neutral]
    below = [distances[a] for a in reversed(sweep.constants) if a <= neutral]
    assert above == sorted(above)
    if sweep.name != "scale":  # far below 1 the mirrored borders show the picture again
        assert below == sorted(below)


def test_a_picture_moves_the_same_way_at_all_amounts_and_in_any_company(pictures):
    some = np.array([5, 1])
    for sweep in SWEEPS:
        alone = corrupt(pictures[some], sweep, sweep.constants[-1], indices=some)
        np.testing.assert_array_equal(alone, corrupt(pictures, sweep, sweep.constants[-1])[some])
