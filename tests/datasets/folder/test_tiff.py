"""TIFFs of every depth, order and layout: made by tifffile, and by hand where it writes none."""

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from bakeoff.datasets.folder.conversion import PictureError
from bakeoff.datasets.folder.decode import read_samples
from bakeoff.datasets.folder.samples import Rules
from bakeoff.tests.datasets.pictures import decode

SIDE = 40
RAMP = np.tile(np.linspace(0, 1, SIDE), (SIDE, 1))  # black to white, left to right
STACK_REMARK = "of several pages or z planes, each pixel's maximum taken, which --pages sets"


def tiff(values, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def by_pillow(values, **options):
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "TIFF", **options)
    return buffer.getvalue()


def packed(levels, bits, photometric=1):
    """A TIFF whose samples of so many bits follow each other without a gap, a row beginning with a byte."""
    ones = (levels[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    data = np.packbits(ones.reshape(len(levels), -1).astype(np.uint8), axis=1).tobytes()
    height, width = levels.shape
    tags = [(256, width), (257, height), (258, bits), (259, 1), (262, photometric), (273, 200), (277, 1)]
    tags += [(278, height), (279, len(data))]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    return head + bytes(200 - len(head)) + data


def ramp_of(dtype):
    """The ramp over all that a type holds; floats from 0 to 1."""
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return RAMP.astype(kind)
    info = np.iinfo(kind)
    return (info.min + RAMP * (float(info.max) - info.min)).round().astype(kind)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "f2", "f4", "f8"])
def test_black_is_0_and_white_255_whatever_the_samples(dtype, byteorder):
    values = ramp_of(dtype)
    ends = ((float(values.min()), float(values.max())),)
    kinds = dict.fromkeys(("32-bit", "signed 32-bit", "floating-point"), ends)  # whose white no file states
    rules = Rules(kinds) if values.itemsize > 2 or values.dtype.kind == "f" else Rules()
    decoded = decode(tiff(values, byteorder=byteorder), SIDE, rules=rules)
    np.testing.assert_allclose(decoded.pixels, np.rint(255 * RAMP)[..., None], atol=1)
    assert {decoded.pixels.min(), decoded.pixels.max()} == {0, 255}


@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("bits", [3, 6, 10, 11, 12, 14])
def test_white_is_the_largest_number_of_the_bits_that_are_stated(bits, photometric):
    levels = (RAMP * (2**bits - 1)).round().astype(np.uint16)
    decoded = decode(packed(levels, bits, photometric), SIDE)
    shares = levels / (2**bits - 1)
    np.testing.assert_allclose(decoded.pixels[..., 0], 255 * (shares if photometric == 1 else 1 - shares), atol=1)
    assert decoded.kind == (f"{bits}-bit" if bits > 8 else "")


@pytest.mark.parametrize("dtype", ["u1", "u2", "i2"])
def test_white_as_zero_is_inverted(dtype):
    decoded = decode(tiff(ramp_of(dtype), photometric="miniswhite"), SIDE)
    np.testing.assert_allclose(decoded.pixels[..., 0], 255 * (1 - RAMP), atol=1)


def test_of_inverted_planes_the_brightest_is_what_shows():
    planes = np.random.default_rng(5).integers(0, 256, (3, SIDE, SIDE), dtype=np.uint8)
    found = decode(tiff(planes, photometric="miniswhite"), SIDE)
    np.testing.assert_array_equal(found.pixels[..., 0], 255 - planes.min(axis=0))


@pytest.mark.parametrize("n_channels", [2, 3, 4, 5])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_gray_channels_are_read_at_any_depth(n_channels, dtype):
    values = np.random.default_rng(6).integers(0, 256, (SIDE, SIDE, n_channels)).astype(dtype)
    content = tiff(values * (257 if dtype == np.uint16 else 1), photometric="minisblack", planarconfig="contig")
    kept = min(n_channels, 3)
    np.testing.assert_array_equal(decode(content, SIDE).pixels[..., :kept], values[..., :kept])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_inks_become_colors_at_any_depth(dtype):
    inks = np.zeros((SIDE, SIDE, 4), dtype)
    inks[..., 1:3] = np.iinfo(dtype).max  # magenta and yellow
    np.testing.assert_allclose(decode(tiff(inks, photometric="separated"), SIDE).pixels[0, 0], (255, 0, 0), atol=3)


@pytest.mark.parametrize("options", [{}, {"planarconfig": "separate"}, {"tile": (16, 16)}, {"compression": "zlib"}])
def test_sixteen_bit_color_keeps_its_depth_in_any_layout(options):
    values = np.random.default_rng(0).integers(0, 65536, (SIDE, SIDE, 3), dtype=np.uint16)
    stored = np.moveaxis(values, 2, 0) if "planarconfig" in options else values
    content = tiff(stored, photometric="rgb", **options)
    np.testing.assert_array_equal(read_samples(content, Rules()).reshape(values.shape), values)
    np.testing.assert_allclose(decode(content, SIDE).pixels, values / 257, atol=0.5)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", None])
def test_usual_compressions_are_read_without_further_packages(compression):
    values = ramp_of("u2")
    found = read_samples(by_pillow(values, compression=compression), Rules())
    np.testing.assert_array_equal(found.reshape(SIDE, SIDE), values)


@pytest.mark.parametrize("compression", ["zstd", "tiff_lzw", "lzma", "group4"])
def test_what_pillow_writes_with_eight_bits_or_fewer_is_read(compression):
    picture = Image.fromarray(ramp_of("u1")).convert("1" if compression == "group4" else "L")
    content = io.BytesIO()
    picture.save(content, "TIFF", compression=compression)
    found = decode(content.getvalue(), SIDE).pixels[..., 0]
    np.testing.assert_array_equal(found, np.asarray(picture.convert("L")))


@pytest.mark.parametrize(
    ("dtype", "number", "name"),
    [
        ("u2", 50001, "WEBP"), ("u2", 50000, "ZSTD"), ("u1", 34712, "JPEG2000"), ("u2", 34712, "JPEG2000"),
        ("u1", 50002, "JPEGXL"), ("u2", 50002, "JPEGXL"),
    ],
)  # fmt: skip
def test_an_unusual_compression_is_named(dtype, number, name):
    content = bytearray(tiff(ramp_of(dtype), compression="zlib"))
    place = bytes(content).index(struct.pack("<HHI", 259, 3, 1))
    content[place + 8 : place + 10] = struct.pack("<H", number)
    with pytest.raises(PictureError, match=rf"compressed by {name} .* package imagecodecs"):
        decode(bytes(content), SIDE)


PLANES = np.random.default_rng(1).integers(0, 65536, (5, SIDE, SIDE), dtype=np.uint16)
STACKS = {
    "pages": tiff(PLANES),
    "pages without a word": tiff(PLANES, metadata=None),
    "ImageJ": tiff(PLANES, imagej=True, metadata={"axes": "ZYX"}),
    "OME": tiff(PLANES, ome=True, metadata={"axes": "ZYX"}),
}


@pytest.mark.parametrize("content", STACKS.values(), ids=STACKS)
def test_a_stack_is_projected_by_its_maximum(content):
    found = decode(content, SIDE)
    np.testing.assert_allclose(found.pixels[..., 0], PLANES.max(axis=0) / 257, atol=0.5)
    assert STACK_REMARK in found.remarks


@pytest.mark.parametrize(
    ("pages", "expected"),
    [("mean", PLANES.mean(axis=0)), ("first", PLANES[0]), ("middle", PLANES[2]), ("4", PLANES[3])],
)
def test_other_rules_for_pages(pages, expected):
    found = decode(STACKS["pages"], SIDE, rules=Rules(pages=pages)).pixels[..., 0]
    np.testing.assert_allclose(found, expected / 257, atol=0.51)


def test_pages_may_be_channels():
    found = decode(STACKS["pages"], SIDE, rules=Rules(pages="channels"))
    np.testing.assert_allclose(found.pixels, np.moveaxis(PLANES[:3], 0, 2) / 257, atol=0.5)
    assert "of 5 channels, the first three taken as red, green and blue, which --channels sets" in found.remarks


def test_a_page_that_is_absent_is_an_error():
    with pytest.raises(PictureError, match="has 5 pages, and page 6 was asked for"):
        decode(STACKS["pages"], SIDE, rules=Rules(pages="6"))


def test_two_channels_are_red_and_green_in_every_layout():
    two = PLANES[:2]
    ome = tiff(two, ome=True, metadata={"axes": "CYX"})
    interleaved = tiff(np.moveaxis(two, 0, 2), photometric="minisblack", planarconfig="contig")
    for content in (ome, interleaved):
        found = decode(content, SIDE)
        np.testing.assert_allclose(found.pixels[..., :2], np.moveaxis(two, 0, 2) / 257, atol=0.5)
        assert not found.pixels[..., 2].any()
        assert "of 2 channels, shown as red and green" in found.remarks


@pytest.mark.parametrize(("rule", "channels"), [("2", [1]), ("5,1,3", [4, 0, 2])])
def test_channels_can_be_chosen(rule, channels):
    content = tiff(np.moveaxis(PLANES, 0, 2), photometric="minisblack", planarconfig="contig")
    found = decode(content, SIDE, rules=Rules(channels=rule))
    np.testing.assert_allclose(found.pixels, np.moveaxis(PLANES[channels], 0, 2) / 257, atol=0.5)
    with pytest.raises(PictureError, match="has 5 channels, and channel 6 was asked for"):
        decode(content, SIDE, rules=Rules(channels="6"))


def test_time_channels_and_planes_together():
    values = np.random.default_rng(2).integers(0, 65536, (2, 3, 2, SIDE, SIDE), dtype=np.uint16)
    found = decode(tiff(values, ome=True, metadata={"axes": "TZCYX"}), SIDE)
    expected = np.moveaxis(values[0].max(axis=0), 0, 2)
    np.testing.assert_allclose(found.pixels[..., :2], expected / 257, atol=0.5)
    assert {STACK_REMARK, "of several times, the first taken"} <= set(found.remarks)


def test_of_a_document_in_color_the_first_page_is_taken():
    pages = np.random.default_rng(3).integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)
    found = decode(tiff(pages, photometric="rgb"), SIDE)
    np.testing.assert_array_equal(found.pixels, pages[0])
    assert any("first" in remark for remark in found.remarks)


@pytest.mark.parametrize(
    ("photometric", "n_colors", "dtype"), [("rgb", 3, "u2"), *(("minisblack", 1, t) for t in ("u1", "u2"))]
)
def test_transparency_lies_on_white(photometric, n_colors, dtype):
    values = np.zeros((SIDE, SIDE, n_colors + 1), dtype)
    values[:, SIDE // 2 :, n_colors] = np.iinfo(dtype).max
    found = decode(tiff(values, photometric=photometric, extrasamples=["unassalpha"], planarconfig="contig"), SIDE)
    assert (found.pixels[:, : SIDE // 2] == 255).all()
    assert (found.pixels[:, SIDE // 2 :] == 0).all()
    assert "transparent, laid on white" in found.remarks


def test_transparency_of_floats_is_that_of_whole_numbers():
    values = np.dstack([np.zeros((SIDE, SIDE, 3), np.float32), np.where(RAMP > 0.5, 1, 0).astype(np.float32)])
    content = tiff(values, photometric="rgb", extrasamples=["unassalpha"])
    found = decode(content, SIDE, rules=Rules({"floating-point RGB": ((0, 1),)})).pixels
    np.testing.assert_array_equal(found[..., 0], np.where(RAMP > 0.5, 0, 255))


def test_colors_multiplied_by_alpha_are_refused():
    content = tiff(np.zeros((SIDE, SIDE, 4), np.uint16), photometric="rgb", extrasamples=["assocalpha"])
    with pytest.raises(PictureError, match="multiplied by their alpha are not read"):
        decode(content, SIDE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_deep_pictures_are_turned_upright_as_others_are(orientation):
    values = np.random.default_rng(4).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
    tag = [(274, "H", 1, orientation, True)]
    deep, plain = tiff(values.astype(np.uint16) * 257, extratags=tag), tiff(values, extratags=tag)
    np.testing.assert_array_equal(decode(deep, SIDE).pixels, decode(plain, SIDE).pixels)
    assert ("turned upright as EXIF says" in decode(deep, SIDE).remarks) == (orientation > 1)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_what_is_missing_is_not_filled_up_with_black(share):
    whole = tiff(np.full((SIDE, SIDE), 9, np.uint16), rowsperstrip=8)
    with pytest.raises(PictureError, match="damaged"):
        decode(whole[: int(len(whole) * share)], SIDE)


def test_more_planes_than_are_allowed_are_refused_unread():
    with pytest.raises(PictureError, match=r"over the limit of 1,600 pixels"):
        decode(tiff(np.zeros((21, SIDE, SIDE), np.uint16)), SIDE, max_pixels=1600)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("first", "n_pages"), [(0, 1), (1, 2), (0, 150)])
def test_a_circle_of_pages_is_damage(order, first, n_pages):
    """The last page's link to the next leads back to page `first`."""
    content = bytearray(tiff(np.zeros((n_pages, SIDE, SIDE), np.uint8), photometric="minisblack", byteorder=order))
    with tifffile.TiffFile(io.BytesIO(content)) as whole:
        starts = [page.offset for page in whole.pages]
    n_tags = struct.unpack_from(f"{order}H", content, starts[-1])[0]
    assert struct.unpack_from(f"{order}I", content, starts[-1] + 2 + 12 * n_tags) == (0,)
    struct.pack_into(f"{order}I", content, starts[-1] + 2 + 12 * n_tags, starts[first])
    with pytest.raises(PictureError, match="damaged: its list of pages is a circle"):
        decode(bytes(content), SIDE)
