"""Readers of everyday JPEGs and TIFFs, with less ado than others have, and of over 8 bits a sample that is no TIFF."""

import io
import struct
from collections.abc import Iterator
from functools import partial
from typing import Any

import cv2
import numpy as np
from PIL import Image

from bakeoff.datasets.folder.conversion import EXIF_ORIENTATION, PictureError, is_srgb, turn_upright
from bakeoff.datasets.folder.picture_file import check_size
from bakeoff.datasets.folder.samples import Raw, Rules, describe_pages, project

SCAN, STEPS, APP1, APP2, ADOBE = 0xDA, 0xDB, 0xE1, 0xE2, 0xEE  # markers of a JPEG, each after a byte 0xFF
FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive; all with Huffman codes
OTHER_FRAMES = set(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}  # lossless, arithmetic, hierarchical
REDUCED = {  # what a side is divided by -> how OpenCV is asked for it
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    1: cv2.IMREAD_GRAYSCALE,
}
STANDARD_STEPS = 3688  # the sum of those of luminance at quality 50: ISO/IEC 10918-1, table K.1
IN_COLOR = cv2.IMREAD_COLOR_RGB  # beside one of those
WIDTH, HEIGHT, OFFSETS, COUNTS, DESCRIPTION = 256, 257, 273, 279, 270
# What other tags must say where they are there: bits, compression, black is zero, upright, samples, planes, unsigned.
PLAIN = {258: 16, 259: 1, 262: 1, 274: 1, 277: 1, 284: 1, 339: 1, 254: 0}
UNIMPORTANT = {278, 282, 283, 296, 305, 306, 271, 272, 315}  # rows of a strip, resolution, software, dates, makers
NEEDED = {WIDTH, HEIGHT, OFFSETS, COUNTS, 258, 262}
SIZES = {3: ("H", 2), 4: ("I", 4)}  # of whole numbers, by their type
NUMPY_START = b"\x93NUMPY"
ARRAY_NAMES = ("image", "img", "picture", "x")  # of the one that counts in an .npz of several


def decode_plain_jpeg(content: bytes, image_size: int, max_pixels: int) -> tuple[np.ndarray, tuple[int, int]] | None:
    """Pixels, uint8 (height, width, 1 or 3), and the (width, height) of the file; None if it is not plain.

    The everyday JPEG: whole, of 8 bits, gray or YCbCr, in sRGB, upright. OpenCV reads it with less ado than Pillow, and
    both call libjpeg-turbo in the same way, so the pixels are Pillow's; whatever is odd about a file is left to Pillow.
    Of damage inside the picture libjpeg-turbo makes what it can in both, but in OpenCV it says so on the terminal.

    As by Pillow's `draft`, they are reduced to a half, a quarter or an eighth where each side stays image_size or more.
    """
    about = about_if_plain(content)
    if about is None or about[0] * about[1] > max_pixels:
        return None
    *size, n_channels = about
    times = min(size) // image_size
    flags = next((flags for scale, flags in REDUCED.items() if scale <= times), cv2.IMREAD_GRAYSCALE)
    flags |= cv2.IMREAD_IGNORE_ORIENTATION | (IN_COLOR if n_channels == 3 else 0)  # EXIF has been looked at before
    try:
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error:
        return None
    return None if pixels is None else (np.atleast_3d(pixels), (size[0], size[1]))


def about_if_plain(content: bytes) -> tuple[int, int, int] | None:
    """(width, height, channels) by the headers before the first scan; None for what is not plain, or cut short."""
    if content[:2] != b"\xff\xd8" or content[-2:] != b"\xff\xd9":
        return None
    about, profile = None, b""
    for marker, start, end in _segments(content):
        if marker == SCAN:
            return about if not profile or is_srgb(profile) else None
        if marker in FRAMES and about is None:
            bits, height, width, n_components = struct.unpack_from(">BHHB", content, start)
            if bits != 8 or n_components not in (1, 3) or not width * height:
                return None
            about = width, height, n_components
        elif marker == APP2 and content[start : start + 12] == b"ICC_PROFILE\0":
            profile += content[start + 14 : end]
        elif marker in FRAMES or _is_odd(marker, content[start:end]):
            return None
    return None


def quality_of_jpeg(content: bytes) -> int:
    """By how coarsely it was rounded, as libjpeg counts it, 1..100 to the next 5; 0 where nothing tells."""
    for marker, start, _ in _segments(content):
        if marker == STEPS:
            width = 1 + (content[start] >> 4 > 0)  # bytes of a step
            steps = content[start + 1 : start + 1 + 64 * width]
            percent = 100 * np.frombuffer(steps, f">u{width}").sum(dtype=int) / STANDARD_STEPS
            quality = (200 - percent) / 2 if percent <= 100 else 5000 / percent
            return 5 * max(1, round(quality / 5))
    return 0


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """The markers up to the first scan's, each with where its values begin and end."""
    place, marker = 2, 0
    while marker != SCAN and place + 10 <= len(content) and content[place] == 0xFF:
        marker, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4], "big")
        yield marker, place + 4, place + 2 + length
        place += 2 + length


def _is_odd(marker: int, segment: bytes) -> bool:
    """Another kind of JPEG, several pictures in one, colors that are not YCbCr, turned; or a marker is damaged."""
    if marker == APP1 and segment[:6] == b"Exif\0\0":
        return not _is_upright(segment)
    return (
        marker < FRAMES[0] or marker in OTHER_FRAMES or marker == ADOBE or (marker == APP2 and segment[:4] == b"MPF\0")
    )


def _is_upright(segment: bytes) -> bool:
    """True if EXIF says so or says nothing."""
    exif = Image.Exif()
    try:
        exif.load(segment)
        return exif.get(EXIF_ORIENTATION, 1) == 1
    except Exception:  # garbled, in any way
        return False


def open_plain_tiff(content: bytes, max_pixels: int) -> Raw | None:
    """The everyday TIFF of a camera: one gray page of 16 bits, uncompressed; None for all else, which is tifffile's.

    That takes far longer to find out what such a file is than to read it.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(content[:4])
    try:
        tags = _read_tags(content, order) if order else None
        if tags is None or not set(tags) >= NEEDED:
            return None
        height, width, offsets, counts = tags[HEIGHT][0], tags[WIDTH][0], tags[OFFSETS], tags[COUNTS]
    except (struct.error, IndexError):
        return None
    one_piece = all(a + n == b for a, n, b in zip(offsets, counts, offsets[1:], strict=False))
    n_bytes = 2 * height * width
    whole = len(offsets) == len(counts) and sum(counts) == n_bytes and offsets[0] + n_bytes <= len(content)
    if not (one_piece and whole and 0 < height * width <= max_pixels):
        return None

    def read() -> np.ndarray:
        values = np.frombuffer(content, f"{order}u2", height * width, offsets[0])
        return values.reshape(height, width, 1).astype(np.uint16, copy=False)

    return Raw(np.dtype(np.uint16), 16, 1, (width, height), read, "TIFF")


def _read_tags(content: bytes, order: str) -> dict[int, tuple[int, ...]] | None:
    """Whole numbers of each tag of the only page; None if a tag says that the file is not plain."""
    (start,) = struct.unpack_from(f"{order}I", content, 4)
    (n_tags,) = struct.unpack_from(f"{order}H", content, start)
    if struct.unpack_from(f"{order}I", content, start + 2 + 12 * n_tags) != (0,):  # another page
        return None
    tags: dict[int, tuple[int, ...]] = {}
    for place in range(start + 2, start + 2 + 12 * n_tags, 12):
        tag, kind, count = struct.unpack_from(f"{order}HHI", content, place)
        if tag == DESCRIPTION:
            (at,) = struct.unpack_from(f"{order}I", content, place + 8)
            if content[at : at + 11] != b'{"shape": [' or content[at : at + count].count(b",") != 1:
                return None  # of a microscope, which may tell of planes
        elif tag in PLAIN or tag in NEEDED:
            letter, size = SIZES.get(kind, ("", 0))
            if not letter or tag in tags or count * size > len(content):
                return None
            at = place + 8 if count * size <= 4 else struct.unpack_from(f"{order}I", content, place + 8)[0]
            tags[tag] = struct.unpack_from(f"{order}{count}{letter}", content, at)
        elif tag not in UNIMPORTANT:
            return None
    return tags if all(tags.get(tag, (value,)) == (value,) for tag, value in PLAIN.items()) else None


def open_deep(image: Image.Image, content: bytes) -> Raw | None:
    """More than 8 bits a sample: Pillow keeps them where they are gray, OpenCV where they are colors."""
    name, profile = image.format or "", image.info.get("icc_profile")
    if image.mode.startswith("I") or image.mode == "F":
        bits = 16 if image.mode != "I" or name in ("PNG", "PPM") else 32  # which Pillow brings to 16 bits
        dtype = np.dtype({"F": np.float32}.get(image.mode, np.uint16 if bits == 16 else np.int32))
        read_gray = lambda: np.asarray(turn_upright(image)[0]).astype(dtype)[..., None]  # noqa: E731
        return Raw(dtype, bits, 1, image.size, read_gray, name, profile=profile)
    bits, n_channels = _bits_of_colors(image, content), len(image.getbands())
    if bits <= 8:
        return None
    is_color = n_channels >= 3
    n_channels -= n_channels in (2, 4)
    read, dtype = partial(_decode_deep_colors, image, content), np.dtype(np.uint16)
    return Raw(dtype, bits, n_channels, image.size, read, name, (), is_color, profile=profile)


def _bits_of_colors(image: Image.Image, content: bytes) -> int:
    """Of a sample, by what the header says; 0 for formats in which there are never more than 8."""
    about = [tile[3] for tile in getattr(image, "tile", ())]
    if image.format == "PNG":
        return 16 if any(";16" in str(part) for part in about) else 8
    if image.format == "PPM" and image.mode == "RGB" and about:
        return int(about[0][1]).bit_length() if isinstance(about[0], tuple) else 8
    place = content.find(b"\xff\x4f\xff\x51") if image.format == "JPEG2000" else -1
    return (content[place + 42] & 0x7F) + 1 if place >= 0 else 0  # ISO 15444-1, A.5.1


def _decode_deep_colors(image: Image.Image, content: bytes) -> np.ndarray:
    image.load()  # OpenCV would not mind a wrong checksum
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None or pixels.dtype != np.uint16:
        raise PictureError("damaged: not the 16 bits that its header says")
    pixels = np.atleast_3d(pixels)
    if pixels.shape[2] >= 3:
        pixels[..., :3] = pixels[..., 2::-1].copy()  # OpenCV's order is blue, green, red
    return pixels


def open_array(content: bytes, rules: Rules, suffix: str = "") -> Raw | None:
    """A .npy file, or the .npz of one picture: (height, width), (height, width, channels) or (pages, height, width).

    Of three axes the shortest, if it is not the middle one, counts channels or, in front, pages; three in front are
    red, green and blue, as torch has them. None for other files.
    """
    if content[:6] == NUMPY_START:
        values = np.load(io.BytesIO(content), allow_pickle=False)
    elif suffix.lower() == ".npz" and content[:2] == b"PK":
        values = _picture_of(np.load(io.BytesIO(content), allow_pickle=False))
    else:
        return None
    if values.ndim not in (2, 3) or values.dtype.kind not in "biuf" or not values.size:
        raise PictureError(f"an array of {values.dtype} {values.shape} is no picture")
    values = values.astype(np.uint8) * 255 if values.dtype.kind == "b" else values
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    is_stack = values.ndim == 3 and values.shape[0] < values.shape[2]
    is_color = is_stack and len(values) == 3
    n_pages = len(values) if is_stack and not is_color else 1
    remarks = (describe_pages(rules.pages),) if n_pages > 1 else ()
    pages = "channels" if is_color else rules.pages
    values = project(values[..., None], pages) if is_stack else np.atleast_3d(values)
    height, width, n_channels = values.shape
    bits = 8 * values.itemsize
    return Raw(
        values.dtype, bits, n_channels, (width, height), lambda: values, "NPY", remarks, n_channels == 3, n_pages
    )


def _picture_of(arrays: Any) -> np.ndarray:
    """The only array of an .npz, or the one that calls itself a picture."""
    named = [name for name in arrays.files if name.lower() in ARRAY_NAMES] or arrays.files
    if len(named) != 1:
        raise PictureError(f"holds the arrays {', '.join(arrays.files)}, none or several of them pictures")
    check_size(sum(member.file_size for member in arrays.zip.infolist()))
    return np.asarray(arrays[named[0]])
