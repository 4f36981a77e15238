"""Pictures of over 8 bits a sample that need no tifffile: everyday TIFFs, PNG, PPM, PGM, PFM, JPEG 2000, arrays."""

from __future__ import annotations

import io
import struct
from functools import partial
from typing import Any

import cv2
import numpy as np
from PIL import Image

from bakeoff.datasets.folder.conversion import PictureError, turn_upright
from bakeoff.datasets.folder.picture_file import check_size
from bakeoff.datasets.folder.samples import Raw, Rules, describe_pages, project

WIDTH, HEIGHT, OFFSETS, COUNTS, DESCRIPTION = 256, 257, 273, 279, 270
# What other tags must say where they are there: bits, compression, black is zero, upright, samples, planes, unsigned.
PLAIN = {258: 16, 259: 1, 262: 1, 274: 1, 277: 1, 284: 1, 339: 1, 254: 0}
UNIMPORTANT = {278, 282, 283, 296, 305, 306, 271, 272, 315}  # rows of a strip, resolution, software, dates, makers
NEEDED = {WIDTH, HEIGHT, OFFSETS, COUNTS, 258, 262}
SIZES = {3: ("H", 2), 4: ("I", 4)}  # of whole numbers, by their type
NUMPY_START = b"\x93NUMPY"
ARRAY_NAMES = ("image", "img", "picture", "x")  # of the one that counts in an .npz of several


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
    read = partial(_read_strip, content, f"{order}u2", offsets[0], (height, width, 1))
    return Raw(np.dtype(np.uint16), 16, 1, (height, width), read, "TIFF")


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


def _read_strip(content: bytes, dtype: str, offset: int, shape: tuple[int, int, int]) -> np.ndarray:
    values = np.frombuffer(content, dtype, shape[0] * shape[1], offset).reshape(shape)
    return values.astype(np.uint16, copy=False)


def open_deep(image: Image.Image, content: bytes) -> Raw | None:
    """More than 8 bits a sample: Pillow keeps them where they are gray, OpenCV where they are colors."""
    name = image.format or ""
    if image.mode.startswith("I") or image.mode == "F":
        bits = 16 if image.mode != "I" or name in ("PNG", "PPM") else 32  # which Pillow brings to 16 bits
        dtype = np.dtype({"F": np.float32}.get(image.mode, np.uint16 if bits == 16 else np.int32))
        return Raw(
            dtype, bits, 1, image.size, lambda: np.asarray(turn_upright(image)[0]).astype(dtype)[..., None], name
        )
    bits, n_channels = _bits_of_colors(image, content), len(image.getbands())
    if bits <= 8:
        return None
    is_color = n_channels >= 3
    n_channels -= n_channels in (2, 4)
    read, dtype = partial(_decode_deep_colors, image, content), np.dtype(np.uint16)
    return Raw(dtype, bits, n_channels, image.size, read, name, (), is_color)


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
    remarks = (describe_pages(rules.pages),) if is_stack and not is_color else ()
    pages = "channels" if is_color else rules.pages
    values = project(values[..., None], pages) if is_stack else np.atleast_3d(values)
    height, width, n_channels = values.shape
    bits = 8 * values.itemsize
    return Raw(values.dtype, bits, n_channels, (height, width), lambda: values, "NPY", remarks, n_channels == 3)


def _picture_of(arrays: Any) -> np.ndarray:
    """The only array of an .npz, or the one that calls itself a picture."""
    named = [name for name in arrays.files if name.lower() in ARRAY_NAMES] or arrays.files
    if len(named) != 1:
        raise PictureError(f"holds the arrays {', '.join(arrays.files)}, none or several of them pictures")
    check_size(sum(member.file_size for member in arrays.zip.infolist()))
    return np.asarray(arrays[named[0]])
