import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.datasets.folder import picture_file
from bakeoff.datasets.folder.conversion import PictureError
from bakeoff.datasets.folder.decode import NotAPictureError
from bakeoff.datasets.folder.samples import Rules, choose_channels, project, stated_range, to_gray_levels
from bakeoff.tests.datasets.pictures import decode


def test_gray_levels_by_hand():
    values = np.array([[[100]], [[151]], [[200]], [[99]], [[900]]], np.uint16)
    assert to_gray_levels(values, ((100, 200),)).ravel().tolist() == [0, 130, 255, 0, 255]
    channels = np.array([[[11, 1000]]], np.int16)
    assert to_gray_levels(channels, ((0, 20), (0, 4000))).ravel().tolist() == [140, 64]


def test_what_is_no_number_is_black():
    values = np.array([[[np.nan], [np.inf], [-np.inf], [0.6]]])
    assert to_gray_levels(values, ((0.0, 1.0),)).ravel().tolist() == [0, 255, 0, 153]


@given(
    kind=st.sampled_from(("u1", "i1", "u2", "i2", "u4", "i8", "f4")),
    levels=st.binary(min_size=24, max_size=24),
    low=st.integers(-50, 40),
    width=st.integers(1, 100),
)
def test_every_type_has_the_levels_of_the_formula(kind, levels, low, width):
    values = (np.frombuffer(levels, np.uint8) % 101).astype(kind).reshape(3, 4, 2)
    expected = (255 * (values.astype(float) - low) / width).clip(0, 255)
    np.testing.assert_allclose(to_gray_levels(values, ((low, low + width),)), expected, atol=0.501)


@pytest.mark.parametrize(
    ("kind", "signed", "expected"),
    [
        ("12-bit", False, (0, 4095)),
        ("signed 16-bit", True, (-32768, 32767)),
        ("signed 16-bit 5-channel", False, (0, 32767)),
        ("32-bit", False, None),
        ("floating-point RGB", False, None),
    ],
)
def test_what_a_kind_states(kind, signed, expected):
    assert stated_range(kind, signed=signed) == expected


def test_all_of_16_bits_become_the_8_that_floats_become():
    random = np.random.default_rng(0)
    values = np.arange(1 << 16, dtype=np.uint16).reshape(256, 256, 1)
    for low, high in [(0, 65535), (0, 4095), (0.5, 900), *np.sort(random.integers(0, 65536, (40, 2)), axis=1)]:
        ends = ((float(low), float(high)),)
        np.testing.assert_array_equal(to_gray_levels(values, ends), to_gray_levels(values.astype(np.float32), ends))


@pytest.mark.parametrize(("n_channels", "said"), [(1, 0), (2, 1), (3, 0), (4, 1), (9, 1)])
def test_any_number_of_channels_becomes_one_or_three(n_channels, said):
    values, remarks = choose_channels(np.ones((2, 2, n_channels), np.uint8), "")
    assert len(remarks) == said
    assert values[0, 0].tolist() == {1: [1], 2: [1, 1, 0]}.get(n_channels, [1, 1, 1])


def test_the_mean_of_channels_is_gray():
    values, remarks = choose_channels(np.array([[[0, 10, 40]]], np.uint8), "mean")
    assert values.tolist() == [[[17]]]
    assert remarks == ["of 3 channels, mean taken"]


def test_a_mean_keeps_the_type_of_its_pages():
    for kind in (np.uint16, np.float32):
        assert project(np.ones((3, 2, 2, 1), kind), "mean").dtype == kind


def npy(values):
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def test_numpy_files_are_pictures():
    values = np.random.default_rng(0).integers(0, 65536, (32, 32), dtype=np.uint16)
    for stored in (values, values.astype(">u2"), values[..., None].repeat(3, 2)):
        found = decode(npy(stored), 32)
        np.testing.assert_allclose(found.pixels[..., 0], values / 257, atol=0.5)
    stack = decode(npy(np.stack([values // 2, values] + [values // 3] * 30)), 32, rules=Rules(pages="2"))
    assert stack.file_format == "NPY"
    assert decode(npy(values > 5), 32).pixels.max() == 255


def test_three_planes_in_front_are_red_green_and_blue():
    values = np.random.default_rng(0).integers(0, 256, (3, 32, 32), dtype=np.uint8)
    found = decode(npy(values), 32)
    np.testing.assert_array_equal(found.pixels, np.moveaxis(values, 0, 2))
    assert not found.remarks


@pytest.mark.parametrize("names", [("arr_0",), ("image", "mask")])
def test_the_picture_of_an_npz_is_read_and_one_that_is_not_named_is_an_error(names):
    values = np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)
    content = npz(**{name: values + place for place, name in enumerate(names)})
    np.testing.assert_array_equal(decode(content, 32, suffix=".NPZ").pixels[..., 0], values)
    with pytest.raises(PictureError, match="holds the arrays a, b, none or several of them pictures"):
        decode(npz(a=values, b=values), 32, suffix=".npz")
    with pytest.raises(PictureError, match="damaged"):
        decode(content[:-30], 32, suffix=".npz")
    with pytest.raises(NotAPictureError):
        decode(content, 32, suffix=".zip")


def test_an_npz_that_unfolds_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(picture_file, "MAX_FILE_BYTES", 10_000)
    with pytest.raises(PictureError, match="over the limit of 10,000 for one file"):
        decode(npz(x=np.zeros((200, 200), np.uint8)), 32, suffix=".npz")


@pytest.mark.parametrize("values", [np.zeros(9), np.zeros((2, 2), complex), np.array([["a"]]), np.zeros((0, 5))])
def test_other_arrays_are_no_pictures(values):
    with pytest.raises(PictureError, match="is no picture"):
        decode(npy(values), 32)


def test_pickled_arrays_are_not_unpacked():
    buffer = io.BytesIO()
    np.save(buffer, np.array([[{}]], dtype=object), allow_pickle=True)
    with pytest.raises(PictureError, match="damaged: Object arrays cannot be loaded"):
        decode(buffer.getvalue(), 32)
