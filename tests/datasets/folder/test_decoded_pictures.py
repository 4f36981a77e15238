from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bakeoff.datasets.folder.decode import NotAPictureError, PictureError
from bakeoff.datasets.folder.decoded_pictures import (
    Findings,
    UnreadableError,
    can_be_read,
    decode_pictures,
    findings_from_array,
    findings_to_array,
)
from bakeoff.tests.odd_folder import bomb, png_bytes


def fail():
    raise PermissionError(13, "Permission denied")


def test_many_pictures_come_back_in_order_with_their_errors():
    contents = [png_bytes(Image.new("RGB", (9, 9), (index, 0, 0))) for index in range(200)]
    contents[7], contents[150] = b"", contents[150][:-30]
    calls = []
    readers = [lambda content=content: content for content in contents]
    decoded = decode_pictures(readers, 8, progress=lambda *call: calls.append(call))
    assert list(decoded.findings.errors) == [7, 150]
    expected = np.arange(200)
    expected[[7, 150]] = 0
    np.testing.assert_array_equal(decoded.images[:, 4, 4, 0], expected)
    assert [decoded.findings.file_formats[index] for index in (6, 7, 8)] == ["PNG", "", "PNG"]
    assert calls[-1] == ("decoding pictures", 200, 200)


def test_a_reader_that_fails_is_a_reason_not_a_crash():
    (error,) = decode_pictures([fail], 8).findings.errors.values()
    assert isinstance(error, UnreadableError)
    assert str(error) == "cannot be read: Permission denied"


def test_tells_what_can_be_read():
    assert can_be_read(lambda: b"no picture")
    assert not can_be_read(fail)


def test_errors_do_not_hold_on_to_the_bytes_of_their_files():
    (error,) = decode_pictures([lambda: b"no picture"], 8).findings.errors.values()
    assert (error.__traceback__, error.__context__, error.__cause__) == (None, None, None)


@pytest.mark.parametrize("side", [10_001, 13_000, 20_000, 60_000])
def test_decompression_bombs_are_refused_undecoded(side):
    decoded = decode_pictures([lambda: bomb(side, side)], 32)
    assert "over the limit of 100,000,000 pixels" in str(decoded.findings.errors[0])


def test_the_pixel_limit_can_be_set_and_is_put_back():
    content, before = png_bytes(Image.new("RGB", (100, 100), (255, 0, 0))), Image.MAX_IMAGE_PIXELS
    (error,) = decode_pictures([lambda: content], 32, max_pixels=9_999).findings.errors.values()
    assert "over the limit of 9,999 pixels" in str(error)
    assert not decode_pictures([lambda: content], 32, max_pixels=10_000).findings.errors
    assert before == Image.MAX_IMAGE_PIXELS


def test_the_folder_of_nothing_is_no_error():
    assert decode_pictures([], 8).images.shape == (0, 8, 8, 3)


texts = st.text(max_size=20)
indices = st.integers(0, 10**6)
kinds = st.sampled_from([PictureError, NotAPictureError, UnreadableError])


@given(
    errors=st.dictionaries(indices, st.builds(lambda kind, text: kind(text), kinds, texts)),
    remarks=st.dictionaries(indices, st.lists(texts).map(tuple)),
    file_formats=st.lists(texts).map(tuple),
)
def test_findings_come_back_from_their_array(errors, remarks, file_formats):
    array = findings_to_array(Findings(errors, remarks, file_formats))
    found = findings_from_array(array)
    assert array.dtype.kind == "U"
    assert (found.remarks, found.file_formats) == (remarks, file_formats)
    described = [[(i, type(e), str(e)) for i, e in each.items()] for each in (found.errors, errors)]
    assert described[0] == described[1]
