import io

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from bakeoff.datasets.folder import decode as decode_module
from bakeoff.datasets.folder.decode import PictureError
from bakeoff.datasets.folder.readers import about_if_plain, decode_plain_jpeg, quality_of_jpeg
from bakeoff.tests.datasets.pictures import decode, picture

ORIENTATION, MAKER = 0x0112, 0x010F


def jpeg(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def exif(orientation=None, order="<"):
    tags = Image.Exif()
    tags.endian = order
    tags[MAKER] = "a camera"
    if orientation is not None:
        tags[ORIENTATION] = orientation
    return tags


def decode_with_pillow(content, image_size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode_module, "decode_plain_jpeg", lambda *arguments: None)
        return decode(content, image_size)


@settings(deadline=None, max_examples=300)
@given(
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    mode=st.sampled_from(["RGB", "L"]),
    quality=st.integers(1, 100),
    subsampling=st.integers(0, 2),
    progressive=st.booleans(),
    restart=st.integers(0, 3),
    image_size=st.integers(8, 250),
    seed=st.integers(0, 10),
)
def test_pixels_and_remarks_are_those_of_pillow(
    size, mode, quality, subsampling, progressive, restart, image_size, seed
):
    options = {"quality": quality, "progressive": progressive, "restart_marker_blocks": restart}
    content = jpeg(picture(seed).resize(size).convert(mode), subsampling=subsampling, **options)
    assert about_if_plain(content) == (*size, len(mode))
    ours, pillows = decode(content, image_size), decode_with_pillow(content, image_size)
    np.testing.assert_array_equal(ours.pixels, pillows.pixels)
    assert (ours.file_format, ours.remarks) == (pillows.file_format, pillows.remarks)


@pytest.mark.parametrize(
    ("side", "image_size", "reduced"), [(224, 32, 56), (224, 64, 112), (225, 32, 57), (256, 32, 32)]
)
def test_is_reduced_only_as_far_as_needed(side, image_size, reduced):
    pixels, size = decode_plain_jpeg(jpeg(picture(0, side=side)), image_size, max_pixels=side * side)
    assert (pixels.shape, size) == ((reduced, reduced, 3), (side, side))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"exif": exif()},
        {"exif": exif(1)},
        {"exif": exif(1, ">")},
        {"comment": b"a comment"},
        {"icc_profile": b"sRGB" + bytes(200_000)},
    ],
    ids=["bare", "without orientation", "upright", "big-endian", "comment", "profile of several segments"],
)
def test_what_does_not_change_pixels_is_plain(options):
    assert about_if_plain(jpeg(picture(0), **options)) == (40, 40, 3)


def multi_picture():
    buffer = io.BytesIO()
    picture(0).save(buffer, "MPO", save_all=True, append_images=[picture(1)])
    return buffer.getvalue()


def with_byte(content, marker, offset, value):
    """Another byte, so far behind a marker."""
    changed = bytearray(content)
    changed[content.index(marker) + offset] = value
    return bytes(changed)


PLAIN = jpeg(picture(0))
FRAME = b"\xff\xc0"
ODD = {
    "turned": jpeg(picture(0), exif=exif(6)),
    "turned, big-endian": jpeg(picture(0), exif=exif(3, ">")),
    "garbled EXIF": jpeg(picture(0), exif=b"Exif\0\0II*\0\xff\xff\xff\xff"),
    "CMYK": jpeg(picture(0).convert("CMYK")),
    "RGB said by Adobe": jpeg(picture(0), keep_rgb=True),
    "several pictures": multi_picture(),
    "another color profile": jpeg(picture(0), icc_profile=bytes(70_000)),
    "12 bits": with_byte(PLAIN, FRAME, 4, 12),
    "arithmetic": with_byte(PLAIN, FRAME, 1, 0xC9),
    "lossless": with_byte(PLAIN, FRAME, 1, 0xC3),
    "height in a later marker": PLAIN[: PLAIN.index(FRAME) + 5] + bytes(2) + PLAIN[PLAIN.index(FRAME) + 7 :],
    "cut short": PLAIN[:-2],
    "bytes behind its end": PLAIN + b"\0",
    "PNG": b"\x89PNG\r\n\x1a\n" + PLAIN,
    "nothing but its ends": b"\xff\xd8\xff\xd9",
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD)
def test_what_is_odd_is_left_to_pillow(content):
    assert about_if_plain(content) is None
    assert decode_plain_jpeg(content, 8, max_pixels=10_000) is None


def test_more_pixels_than_allowed_are_left_to_pillow():
    assert decode_plain_jpeg(PLAIN, 8, max_pixels=1599) is None
    with pytest.raises(PictureError, match="over the limit of 1,599 pixels"):
        decode(PLAIN, 8, max_pixels=1599)


@settings(deadline=None, max_examples=300)
@example(changes=[(0.390625, 1)])  # the marker of a Huffman table
@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4))
def test_damage_gives_pillows_pixels_or_its_refusal(changes):
    """Only what is damaged behind the last row of pixels is a picture here and none to Pillow."""
    content = bytearray(PLAIN)
    for place, value in changes:
        content[2 + int(place * (len(content) - 4))] = value
    if decode_plain_jpeg(bytes(content), 8, max_pixels=10_000) is None:
        return
    pixels = decode(bytes(content), 8, max_pixels=10_000).pixels
    try:
        expected = decode_with_pillow(bytes(content), 8).pixels
    except PictureError as error:
        assert "broken data stream" in str(error)  # noqa: PT017 - the other outcome is as good
    else:
        np.testing.assert_array_equal(pixels, expected)


@settings(deadline=None)
@given(quality=st.integers(25, 100), mode=st.sampled_from(["RGB", "L"]), progressive=st.booleans())
def test_quality_is_told_by_the_steps_of_its_rounding(quality, mode, progressive):
    content = jpeg(picture(0).convert(mode), quality=quality, progressive=progressive, exif=exif(3))
    assert abs(quality_of_jpeg(content) - quality) <= 3


def test_quality_is_told_of_steps_of_two_bytes_and_not_where_nothing_tells():
    steps = b"".join((2 * step).to_bytes(2, "big") for step in [3688 // 64] * 64)
    assert quality_of_jpeg(b"\xff\xd8\xff\xdb\x00\x83\x10" + steps) == 25
    assert quality_of_jpeg(b"\xff\xd8\xff\xda\x00\x04ab") == quality_of_jpeg(b"\xff\xd8") == 0
