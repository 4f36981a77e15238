import re

import numpy as np
import pytest

from bakeoff.datasets.folder.conversion import PictureError
from bakeoff.datasets.folder.ranges import as_ranges, fit_ranges, note_ranges


def fit(pictures, kind="16-bit", is_training=None, given=None):
    """pictures: arrays (n_pixels,) or (n_pixels, n_channels)."""
    kinds = dict.fromkeys(range(len(pictures)), kind)
    training = np.ones(len(pictures), bool) if is_training is None else np.array(is_training)
    return fit_ranges(
        kinds, lambda index: np.array(pictures[index]).reshape(len(pictures[index]), -1), training, given
    )[kind]


def test_is_that_of_the_percentiles_of_all_training_pixels():
    dim, bright, later = np.arange(1000), np.arange(1000, 2001), np.full(1000, 60_000)
    expected = tuple(np.percentile(np.arange(2001), (0.1, 99.9)).tolist())
    assert fit([dim, bright, later], is_training=[True, True, False]) == (expected,)


def test_a_hot_pixel_sets_no_range():
    values = np.append(np.arange(500).repeat(100), 65_535)
    ((_, high),) = fit([values])
    assert high < 500


def test_whoever_fills_half_of_the_samples_means_white_by_the_largest():
    assert fit([np.arange(0, 40_000)]) == ((0, 65_535),)
    assert fit([np.arange(0, 3000)], "12-bit") == ((0, 4095),)
    assert fit([np.arange(-20_000, 20_000)], "signed 16-bit") == ((-32_768, 32_767),)
    assert fit([np.arange(0, 20_000)], "signed 16-bit") == ((0, 32_767),)
    assert fit([np.linspace(0, 0.9, 999)], "floating-point") == ((0, 1),)


def test_channels_have_a_range_each_but_colors_one():
    values = np.stack([np.arange(1000), 10 * np.arange(1000), 20 * np.arange(1000)], axis=1)
    assert len(fit([values], "16-bit 3-channel")) == 3
    assert len(fit([values], "16-bit RGB")) == 1


def test_too_few_levels_are_refused_with_the_reason():
    values = np.append(np.tile(np.arange(500, 508), 5000), np.arange(508, 540))
    with pytest.raises(
        ValueError, match=r"keep only 8 gray levels between 500 and 507, where 99.9% .* from 500 to 53\d: set --range"
    ):
        fit([values])
    assert fit([values], given=(500, 539)) == ((500, 539),)
    with pytest.raises(ValueError, match="keep only 3 gray levels between 500 and 502"):
        fit([values], given=(500, 502))


@pytest.mark.parametrize(("values", "expected"), [([0, 65_535], (0, 65_535)), ([0, 1], (0, 1)), (range(12), (0, 11))])
def test_masks_have_few_levels_and_keep_them(values, expected):
    assert fit([np.tile(values, 100)]) == (expected,)


def test_pictures_that_show_nothing_are_refused():
    with pytest.raises(ValueError, match="every pixel of the 16-bit pictures is 7: they show nothing"):
        fit([np.full(100, 7)])


def test_damaged_pictures_are_passed_over():
    def read(index):
        if index == 0:
            raise PictureError("damaged")
        return np.arange(100.0)[:, None]

    assert fit_ranges({0: "32-bit", 1: "32-bit"}, read, np.ones(2, bool), None)["32-bit"][0][1] > 90
    assert fit_ranges({0: "32-bit"}, read, np.ones(1, bool), None) == {"32-bit": ((0, 1),)}


@pytest.mark.parametrize(
    ("kind", "nothing", "values"),
    [
        ("floating-point", -3.4e38, np.linspace(0, 700, 5000)),
        ("signed 16-bit", -32_768, np.arange(0, 900)),
        ("16-bit", 65_535, np.arange(100, 2000)),
        ("32-bit", 0, 4_000_000_000 + np.arange(0, 900)),
    ],
)
def test_a_number_for_no_data_sets_no_range_and_a_better_one_is_named(kind, nothing, values):
    pixels = np.append(np.repeat(values, 10), np.full(len(values), nothing))
    with pytest.raises(ValueError, match=r"would keep only \d+ gray levels") as raised:
        fit([pixels], kind)
    low, high = map(float, str(raised.value).rpartition("--range=")[2].split(","))
    assert (low, high) == pytest.approx((values[0], values[-1]), abs=0.01 * np.ptp(values))
    assert fit([pixels], kind, given=(low, high)) == ((low, high),)


@pytest.mark.parametrize(("nothing", "told"), [(-3.4e38, "-3.4e+38"), (float(np.float32(0.1)), "0.1")])
def test_pictures_of_hardly_anything_but_no_data_are_refused_in_few_digits(nothing, told):
    with pytest.raises(ValueError, match=rf"1 gray levels between {re.escape(f'{told} and {told}')}, where 9"):
        fit([np.append(np.linspace(1, 700, 16), np.full(19_980, nothing))], "floating-point")


def test_what_is_no_number_is_not_counted():
    assert fit([np.append(np.arange(0.0, 1000), [np.nan, np.inf])], "floating-point")[0][1] < 1000


def test_notes_say_what_becomes_black_and_white_and_why():
    kinds = {0: "16-bit", 1: "16-bit"}
    (note,) = note_ranges({"16-bit": ((118.0, 471.5),)}, kinds, None)
    assert note.startswith(
        "Pictures of 16-bit samples (2): 118 to 471.5 become black to white, the same for every class"
    )
    assert "all that such samples hold" in note_ranges({"16-bit": ((0, 65_535),)}, kinds, None)[0]
    floats = note_ranges({"floating-point": ((0.0, 1.0),)}, {0: "floating-point"}, None)
    assert floats[0].endswith("(all training pixels lie there).")
    assert "as --range says" in note_ranges({"16-bit": ((5, 6),)}, kinds, (5, 6))[0]
    far = note_ranges({"32-bit": ((4_000_000_013.4, 4_000_000_255.0),)}, {0: "32-bit"}, None)
    assert ": 4,000,000,013.4 to 4,000,000,255 become" in far[0]
    assert note_ranges({}, {}, (5, 6)) == ["--range changes nothing here: no picture has more than 8 bits."]


def test_comes_back_from_json():
    assert as_ranges({"a": [[0, 1], [2, 3]]}) == {"a": ((0, 1), (2, 3))}
