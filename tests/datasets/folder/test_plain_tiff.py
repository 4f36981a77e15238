import io

import numpy as np
import pytest
import tifffile

from bakeoff.datasets.folder.readers import open_plain_tiff
from bakeoff.datasets.folder.samples import Rules
from bakeoff.datasets.folder.tiff import open_tiff

VALUES = np.random.default_rng(0).integers(0, 60_000, (40, 52), dtype=np.uint16)


def tiff(values=VALUES, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("options", [{}, {"rowsperstrip": 7}, {"software": "a camera"}, {"metadata": None}])
def test_reads_what_tifffile_reads(byteorder, options):
    content = tiff(byteorder=byteorder, **options)
    plain, other = open_plain_tiff(content, VALUES.size), open_tiff(content, Rules(max_pixels=VALUES.size))
    np.testing.assert_array_equal(plain.read(), other.read())
    assert plain.read().dtype == np.uint16
    assert (plain.kind, sorted(plain.sides), plain.file_format) == (other.kind, sorted(other.sides), other.file_format)


@pytest.mark.parametrize(
    "content",
    [
        tiff(np.stack([VALUES, VALUES])),
        tiff(np.stack([VALUES, VALUES]), imagej=True),
        tiff(VALUES, description="ImageJ=1.11a\nimages=1\nslices=1\n", metadata=None),
        tiff(compression="zlib"),
        tiff(photometric="miniswhite"),
        tiff(tile=(16, 16)),
        tiff(VALUES.astype(np.int16)),
        tiff(VALUES.astype(np.uint8)),
        tiff(np.dstack([VALUES] * 3), photometric="rgb"),
        tiff(extratags=[(274, 3, 1, 6, True)]),
        tiff(bigtiff=True),
        tiff()[:-1],
        tiff()[:60],
        b"II*\0",
    ],
    ids=[
        "pages",
        "stack",
        "ImageJ",
        "zlib",
        "inverted",
        "tiles",
        "signed",
        "8",
        "RGB",
        "turned",
        "big",
        "cut",
        "head",
        "",
    ],
)
def test_leaves_all_else_to_tifffile(content):
    assert open_plain_tiff(content, VALUES.size) is None


def test_too_large_a_picture_is_left_to_who_says_so():
    assert open_plain_tiff(tiff(), VALUES.size - 1) is None


def test_no_damage_is_more_than_another_picture_or_none():
    content, random = tiff(), np.random.default_rng(1)
    for _ in range(2000):
        damaged = bytearray(content)
        for place in random.integers(0, len(content) - VALUES.nbytes, random.integers(1, 6)):
            damaged[place] = random.integers(256)
        raw = open_plain_tiff(bytes(damaged), VALUES.size)
        assert raw is None or raw.read().nbytes <= VALUES.nbytes
