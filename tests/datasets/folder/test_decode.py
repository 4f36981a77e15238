import io
import warnings

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from bakeoff.datasets.folder.decode import NotAPictureError, PictureError
from bakeoff.datasets.folder.samples import Rules
from bakeoff.datasets.resizing import resize_squares
from bakeoff.tests.datasets.pictures import decode

RED, GREEN, WHITE = (255, 0, 0), (0, 255, 0), (255, 255, 255)


def decode_picture(content, image_size, *options):
    """As a folder's pictures are: gray in three equal channels."""
    resized = resize_squares([decode(content, image_size, *options).pixels], image_size)[0]
    return np.broadcast_to(resized, (image_size, image_size, 3))


def encode(image, format_name="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def noise(height, width, seed=0, channels=3):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def smooth_photo(height=240, width=320):
    """A picture without detail, which every format and decoder should bring back nearly the same."""
    rows, columns = np.mgrid[0:height, 0:width] / max(height, width)
    waves = np.stack([np.sin(6 * rows), np.cos(5 * columns), np.sin(4 * (rows + columns))], axis=2)
    return Image.fromarray((128 + 100 * waves).astype(np.uint8))


def halves(left, right, mode="RGB", size=(64, 64)):
    """A picture of two flat halves side by side."""
    image = Image.new(mode, size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image


def assert_halves(decoded, left, right):
    middle = decoded.shape[1] // 2
    np.testing.assert_array_equal(decoded[:, : middle - 2], np.broadcast_to(left, decoded[:, : middle - 2].shape))
    np.testing.assert_array_equal(decoded[:, middle + 2 :], np.broadcast_to(right, decoded[:, middle + 2 :].shape))


def test_keeps_the_pixels_of_a_picture_that_already_fits():
    pixels = noise(32, 32)
    np.testing.assert_array_equal(decode_picture(encode(Image.fromarray(pixels)), 32), pixels)


def test_averages_two_by_two_pixels_by_hand():
    # antialiased bilinear at half size: weights 1 3 3 1 over 8 along each side, cut off and renormalized at the edge
    row = np.array([0, 80, 160, 240], np.uint8)
    image = Image.fromarray(np.tile(row, (4, 1)))
    expected = [(3 * 0 + 3 * 80 + 1 * 160) / 7, (1 * 80 + 3 * 160 + 3 * 240) / 7]
    np.testing.assert_allclose(decode_picture(encode(image), 2)[0, :, 0], expected, atol=1)


@pytest.mark.parametrize("size", [(100, 40), (40, 100), (333, 100)])
def test_cuts_out_the_middle_square(size):
    image = Image.new("RGB", size, "black")
    short, left, top = min(size), (size[0] - min(size)) // 2, (size[1] - min(size)) // 2
    image.paste(RED, (left, top, left + short, top + short))
    decoded = decode_picture(encode(image), 16)
    np.testing.assert_array_equal(decoded[1:-1, 1:-1], np.broadcast_to(RED, (14, 14, 3)))


@pytest.mark.parametrize("format_name", ["JPEG", "WEBP", "BMP", "TIFF", "PPM", "JPEG2000"])
def test_formats_agree_with_png(format_name):
    image = smooth_photo()
    from_png = decode_picture(encode(image), 32).astype(int)
    assert abs(decode_picture(encode(image, format_name), 32) - from_png).max() <= 6


@pytest.mark.parametrize("factor", [1, 2, 5, 9])
def test_jpeg_decoded_at_a_fraction_is_close_to_the_whole(factor):
    image = smooth_photo(64 * factor, 64 * factor)
    whole = np.asarray(image.resize((64, 64), Image.Resampling.BILINEAR)).astype(int)
    assert abs(decode_picture(encode(image, "JPEG", quality=95, subsampling=0), 64) - whole).max() <= 6


def test_gray_becomes_three_equal_channels():
    decoded = decode_picture(encode(Image.fromarray(noise(32, 32, channels=1)[..., 0])), 32)
    np.testing.assert_array_equal(decoded, noise(32, 32, channels=1).repeat(3, axis=2))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_applies_exif_orientation(orientation, format_name):
    # Corner colors of an upright picture, and how each orientation stores them (EXIF 2.3: 6 = "right, top" ...)
    upright = np.array([[0, 80], [160, 240]], dtype=np.uint8)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if format_name == "WEBP" else {}
    content = encode(
        Image.fromarray(stored.repeat(16, 0).repeat(16, 1)).convert("RGB"), format_name, exif=exif, **options
    )
    decoded = decode_picture(content, 32)[[[8], [24]], [8, 24], 0]
    np.testing.assert_allclose(decoded, upright, atol=3)


def test_garbled_exif_is_shown_as_stored():
    content = encode(halves(RED, GREEN), "PNG", exif=b"Exif\0\0 this is no EXIF at all")
    assert_halves(decode_picture(content, 32), RED, GREEN)


@pytest.mark.parametrize(
    ("image", "left", "right"),
    [
        (halves((255, 0, 0, 255), (255, 0, 0, 0), "RGBA"), RED, WHITE),
        (halves((0, 0, 0, 128), (0, 0, 0, 0), "RGBA"), (127, 127, 127), WHITE),
        (halves((100, 255), (0, 0), "LA"), (100, 100, 100), WHITE),
        (halves(0, 1, "1"), (0, 0, 0), WHITE),
    ],
    ids=["transparent", "half transparent", "gray and alpha", "1 bit"],
)
def test_alpha_lies_on_white_and_one_bit_is_black_and_white(image, left, right):
    assert_halves(decode_picture(encode(image), 32), left, right)


def test_palette_colors_and_palette_transparency():
    image = halves(RED, GREEN).quantize(2)
    assert_halves(decode_picture(encode(image), 32), RED, GREEN)
    transparent = int(np.asarray(image)[0, -1])
    assert_halves(decode_picture(encode(image, transparency=transparent), 32), RED, WHITE)
    assert_halves(decode_picture(encode(image, "GIF"), 32), RED, GREEN)


def test_one_color_declared_transparent_lies_on_white():
    assert_halves(decode_picture(encode(halves(RED, GREEN), transparency=GREEN), 32), RED, WHITE)


def test_cmyk_becomes_rgb():
    image = halves((0, 255, 255, 0), (255, 0, 255, 0), "CMYK")  # magenta + yellow ink is red, cyan + yellow is green
    decoded = decode_picture(encode(image, "JPEG", quality=100), 32).astype(int)
    assert abs(decoded[:, :8] - RED).max() <= 3
    assert abs(decoded[:, 24:] - GREEN).max() <= 3


@pytest.mark.parametrize("format_name", ["PNG", "TIFF"])
def test_sixteen_bit_gray_is_scaled_not_clipped(format_name):
    levels = np.linspace(0, 65535, 32).astype(np.uint16)[None].repeat(32, 0)
    decoded = decode_picture(encode(Image.fromarray(levels), format_name), 32)
    np.testing.assert_array_equal(decoded[..., 0], np.rint(levels / 257))


def test_sixteen_bit_color_keeps_its_range():
    levels = np.linspace(0, 65535, 32).astype(np.uint16)[None, :, None].repeat(32, 0).repeat(3, 2)
    content = cv2.imencode(".png", levels)[1].tobytes()
    np.testing.assert_allclose(decode_picture(content, 32), levels / 257, atol=1)


@pytest.mark.parametrize("bits", [10, 12, 16])
@pytest.mark.parametrize("suffix", [".ppm", ".jp2"])
def test_deep_colors_keep_their_depth(bits, suffix):
    values = np.tile(np.arange(0, 2**bits, 2**bits // 32, dtype=np.uint16)[:32, None], (32, 1, 3))
    if suffix == ".ppm":
        content = b"P6 32 32 %d\n" % (2**bits - 1) + values.astype(">u2").tobytes()
    else:
        content = cv2.imencode(suffix, values, [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000])[1].tobytes()
        bits = 16  # as OpenCV writes them
    ends = ((0, float(values.max())),)
    found = decode(content, 32, rules=Rules({f"{bits}-bit RGB": ends}))
    assert found.kind == f"{bits}-bit RGB"
    np.testing.assert_array_equal(found.pixels[:, 0, 0], np.rint(values[:, 0, 0] * (255 / values.max())))
    assert decode(encode(smooth_photo(), {".ppm": "PPM", ".jp2": "JPEG2000"}[suffix]), 32).kind == ""


@pytest.mark.parametrize(("dtype", "reason"), [(np.int32, "32-bit"), (np.float32, "floating-point")])
def test_refuses_pixels_without_an_agreed_white(dtype, reason):
    content = encode(Image.fromarray(np.full((40, 40), 70_000, dtype)), "TIFF")
    with pytest.raises(PictureError, match=f"{reason} pixels have no agreed white"):
        decode_picture(content, 32)


@pytest.mark.parametrize("format_name", ["GIF", "WEBP", "PNG", "TIFF"])
def test_animations_give_their_first_frame(format_name):
    frames = [Image.new("RGB", (40, 40), color) for color in (RED, GREEN)]
    options = {"lossless": True} if format_name == "WEBP" else {}
    content = encode(frames[0], format_name, save_all=True, append_images=frames[1:], **options)
    np.testing.assert_array_equal(decode_picture(content, 8), np.broadcast_to(RED, (8, 8, 3)))


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 3), (1, 60_000)])
def test_tiny_and_one_pixel_wide_pictures_are_enlarged(size):
    np.testing.assert_array_equal(
        decode_picture(encode(Image.new("RGB", size, RED)), 32), np.broadcast_to(RED, (32, 32, 3))
    )


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "JPEG2000"])
def test_truncated_files_are_rejected(format_name):
    content = encode(Image.fromarray(noise(64, 64)), format_name)
    with pytest.raises(PictureError):
        decode_picture(content[: len(content) // 2], 32)


def test_a_wrong_checksum_in_a_png_is_rejected():
    content = bytearray(encode(Image.fromarray(noise(64, 64))))
    content[content.index(b"IDAT") + 500] ^= 1
    with pytest.raises(PictureError, match="damaged"):
        decode_picture(bytes(content), 32)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"This is text, whatever its name says.\n", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
    ],
    ids=["nothing", "text", "PostScript", "SVG"],
)
def test_what_is_no_picture_is_told_apart(content, reason):
    with pytest.raises(NotAPictureError, match=reason):
        decode_picture(content, 32)


def with_orientation(image, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(image, "JPEG", exif=exif)


def sixteen_bit_color():
    return cv2.imencode(".png", noise(32, 32).astype(np.uint16) * 257)[1].tobytes()


@pytest.mark.parametrize(
    ("make", "remarks"),
    [
        (lambda: encode(smooth_photo()), ()),
        (lambda: encode(smooth_photo(), "JPEG"), ()),
        (lambda: encode(smooth_photo().convert("L")), ()),
        (lambda: with_orientation(smooth_photo(), 1), ()),
        (lambda: with_orientation(smooth_photo(), 6), ("turned upright as EXIF says",)),
        (lambda: encode(halves((9, 9, 9, 255), (9, 9, 9, 255), "RGBA")), ()),
        (lambda: encode(halves((9, 255), (9, 0), "LA")), ("transparent, laid on white",)),
        (lambda: encode(halves(0, 1, "1")), ("of 1 bit",)),
        (lambda: encode(halves(RED, GREEN).quantize(2)), ("with a palette",)),
        (lambda: encode(smooth_photo().convert("CMYK"), "JPEG"), ("in CMYK, brought to RGB",)),
        (lambda: encode(smooth_photo().convert("LAB"), "TIFF"), ("in LAB, brought to RGB",)),
        (lambda: encode(Image.fromarray(np.full((40, 40), 9, np.uint16))), ("of 16-bit samples, brought to 8 bits",)),
        (sixteen_bit_color, ("of 16-bit RGB samples, brought to 8 bits",)),
        (lambda: encode(smooth_photo(31, 500)), ("smaller than asked for, enlarged",)),
        (
            lambda: encode(halves(RED, GREEN), "GIF", save_all=True, append_images=[halves(GREEN, RED)]),
            ("with a palette", "of several frames or pages, the first taken"),
        ),
    ],
)
def test_says_what_it_changed(make, remarks):
    assert decode(make(), 32).remarks == remarks


def test_truncated_pictures_are_rejected_by_default_settings():
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


SAMPLES = [
    encode(Image.fromarray(noise(20, 30)), name) for name in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM")
] + [encode(Image.fromarray(noise(20, 30)).quantize(16))]


def decode_or_reason(content):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return decode_picture(content, 8, 1_000_000)
        except PictureError as error:
            return str(error)


def damage(content, random):
    """Change up to eight bytes, cut, or repeat a part."""
    damaged = bytearray(content)
    for _ in range(random.integers(1, 9)):
        damaged[random.integers(len(damaged))] = random.integers(256)
    start, stop = sorted(random.integers(0, len(damaged), 2))
    return bytes([damaged, damaged[:stop], damaged[:stop] + damaged[start:]][random.integers(3)])


def assert_survives(n_inputs, seed):
    random = np.random.default_rng(seed)
    for number in range(n_inputs):
        result = decode_or_reason(damage(SAMPLES[number % len(SAMPLES)], random))
        assert isinstance(result, str) or result.shape == (8, 8, 3)


@settings(deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_give_a_picture_or_a_reason(content):
    assert isinstance(decode_or_reason(content), str | np.ndarray)


def test_damaged_files_give_a_picture_or_a_reason():
    assert_survives(400, seed=0)


@pytest.mark.slow
def test_ten_thousand_damaged_files_give_a_picture_or_a_reason():
    assert_survives(10_000, seed=1)
