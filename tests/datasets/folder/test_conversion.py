import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from bakeoff.datasets.folder.conversion import PROFILE, PROFILE_ASIDE, levels_to_srgb
from bakeoff.datasets.folder.samples import Rules
from bakeoff.tests.datasets.pictures import decode

SIDE = 32
RAMP = np.linspace(0, 255, SIDE * SIDE).round().astype(np.uint8).reshape(SIDE, SIDE)


def profile(space, gamma, primaries=()):
    """The least of an ICC profile (version 2.1): a gamma for gray, or for each of three primaries."""

    def fixed(*numbers):
        return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)

    white = fixed(0.9642, 1, 0.8249)
    curve = b"curv" + struct.pack(">IIH", 0, 1, round(gamma * 256))
    tags = {b"wtpt": b"XYZ " + bytes(4) + white, b"cprt": b"text" + bytes(8)}
    tags[b"desc"] = b"desc" + struct.pack(">II", 0, 2) + b"x" + bytes(79)
    tags |= dict(
        zip((b"rXYZ", b"gXYZ", b"bXYZ"), (b"XYZ " + bytes(4) + fixed(*xyz) for xyz in primaries), strict=False)
    )
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC") if primaries else (b"kTRC",), curve)
    body, table = b"", struct.pack(">I", len(tags))
    for name, content in tags.items():
        table += name + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(">I4sI4s4s4s", 128 + len(table) + len(body), bytes(4), 0x02100000, b"mntr", space, b"XYZ ")
    return (head + bytes(12) + b"acsp" + bytes(28) + white).ljust(128, b"\0") + table + body


LINEAR_GRAY = profile(b"GRAY", 1.0)
WIDE = profile(b"RGB ", 2.2, [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)])


def by_pillow(pixels, format_name, icc):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format_name, icc_profile=icc)
    return buffer.getvalue()


def by_tifffile(pixels, icc):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, iccprofile=icc, photometric="rgb" if pixels.ndim == 3 else "minisblack")
    return buffer.getvalue()


def srgb_of_linear(share):
    """IEC 61966-2-1."""
    return 255 * np.where(share <= 0.0031308, 12.92 * share, 1.055 * share ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize(
    "content",
    [
        by_pillow(RAMP, "PNG", LINEAR_GRAY),
        by_pillow(RAMP, "TIFF", LINEAR_GRAY),
        by_tifffile(RAMP.astype(np.uint16) * 257, LINEAR_GRAY),
    ],
    ids=["PNG", "TIFF", "16-bit TIFF"],
)
def test_linear_grays_become_those_of_srgb(content):
    decoded = decode(content, SIDE, suffix=".tif")
    assert decoded.pixels.shape == (SIDE, SIDE, 1)
    light = RAMP > 24  # Little CMS is coarse in what is darker than that in a linear gray
    np.testing.assert_allclose(decoded.pixels[light, 0], srgb_of_linear(RAMP[light] / 255), atol=1.5)
    assert decoded.pixels[~light].max() < srgb_of_linear(25 / 255)
    assert PROFILE in decoded.remarks


def test_deep_colors_become_srgb_as_shallow_ones_do():
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    shallow = decode(by_pillow(pixels, "PNG", WIDE), SIDE)
    deep = decode(by_tifffile(pixels.astype(np.uint16) * 257, WIDE), SIDE)
    np.testing.assert_array_equal(deep.pixels, shallow.pixels)
    assert np.abs(deep.pixels.astype(int) - pixels).max() > 20
    assert PROFILE in deep.remarks


def test_a_profile_is_left_aside_where_black_and_white_were_measured():
    content = by_tifffile(RAMP.astype(np.uint16) * 16, LINEAR_GRAY)
    decoded = decode(content, SIDE, rules=Rules({"16-bit": ((0.0, 4080.0),)}))
    np.testing.assert_array_equal(decoded.pixels[..., 0], RAMP)
    assert PROFILE_ASIDE in decoded.remarks


@pytest.mark.parametrize("icc", [None, b"", WIDE, b"garbled" * 30, b"sRGB" + bytes(200)])
def test_without_a_profile_of_its_kind_gray_stays_as_stored(icc):
    levels, remarks = levels_to_srgb(RAMP[..., None], icc, is_stated=True)
    np.testing.assert_array_equal(levels[..., 0], RAMP)
    assert remarks == []
