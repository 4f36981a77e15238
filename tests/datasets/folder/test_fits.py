"""FITS: signs, zero and scale, rows from the bottom up, planes."""

import io

import numpy as np
import pytest
from PIL import Image

from bakeoff.datasets.folder.conversion import PictureError
from bakeoff.datasets.folder.decode import decode, read_samples
from bakeoff.datasets.folder.fits import open_fits
from bakeoff.datasets.folder.samples import Rules

BITS = {"u1": 8, ">i2": 16, ">i4": 32, ">f4": -32, ">f8": -64}
VALUES = np.array([[-2000, -1, 0], [1, 255, 32_000]])


def fits(stored, **cards):
    """stored: (height, width) or (planes, height, width), the highest row first."""
    sides = {f"NAXIS{number}": side for number, side in enumerate(reversed(stored.shape), start=1)}
    header = {"BITPIX": BITS[stored.dtype.str.removeprefix("|")], "NAXIS": stored.ndim, **sides, **cards}
    lines = ["SIMPLE  =                    T", *(f"{name:8}= {value:>20} / of ours" for name, value in header.items())]
    text = "".join(line.ljust(80) for line in [*lines, "END"])
    content = text.encode().ljust(2880) + stored[..., ::-1, :].tobytes()
    return content.ljust(-(-len(content) // 2880) * 2880, b"\0")


def samples(content, pages="max"):
    return read_samples(content, Rules(pages=pages), ".fits").reshape(VALUES.shape)


@pytest.mark.parametrize("dtype", [">i2", ">i4", ">f4", ">f8"])
def test_values_below_zero_stay_below(dtype):
    assert samples(fits(VALUES.astype(dtype))).tolist() == VALUES.tolist()


def test_zero_and_scale_are_heeded():
    unsigned = np.array([[0, 1, 2], [32_767, 32_768, 65_535]])
    assert samples(fits((unsigned - 32_768).astype(">i2"), BZERO=32768, BSCALE="1.0")).tolist() == unsigned.tolist()
    assert samples(fits(VALUES.astype(">i2"), BSCALE="2.5D-1")).tolist() == (VALUES / 4).tolist()


@pytest.mark.parametrize("told", [{"HISTORY": "BSCALE  = 2"}, {"BZERO": "0 / BSCALE  = 2"}])
def test_what_a_comment_says_is_no_value(told):
    assert samples(fits(VALUES.astype(">i2"), **told)).tolist() == VALUES.tolist()


@pytest.mark.parametrize(("pages", "expected"), [("max", [[7, 2, 2], [2, 2, 2]]), ("first", [[7, 0, 0], [0, 0, 0]])])
def test_planes_are_made_one_and_told(pages, expected):
    stack = np.zeros((3, 2, 3), "u1")
    stack[0, 0, 0], stack[2] = 7, 2
    assert samples(fits(stack), pages).tolist() == expected
    with Image.open(io.BytesIO(fits(stack))) as image:
        raw = open_fits(image, fits(stack), Rules(pages=pages))
    assert raw.n_pages == 3
    assert raw.remarks[0].startswith("of several pages or z planes")


def test_plain_bytes_are_left_to_pillow_and_a_file_cut_short_is_damaged():
    pixels, outcome = decode(fits(np.full((40, 40), 9, "u1")), suffix=".fits")
    assert (pixels.max(), outcome.file_format, outcome.kind) == (9, "FITS", "")
    with pytest.raises(PictureError, match="damaged"):
        samples(fits(np.zeros((400, 400), ">i2"))[:9000])
