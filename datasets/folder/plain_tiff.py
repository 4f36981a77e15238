"""The everyday TIFF of a camera: one gray page of 16 bits, uncompressed. Read without tifffile, which takes far longer
to find out what it is than to read it; whatever is odd about a file is left to tifffile."""

from __future__ import annotations

import struct
from functools import partial

import numpy as np

from bakeoff.datasets.folder.samples import Raw

WIDTH, HEIGHT, OFFSETS, COUNTS, DESCRIPTION = 256, 257, 273, 279, 270
# What other tags must say where they are there: bits, compression, black is zero, upright, samples, planes, unsigned.
PLAIN = {258: 16, 259: 1, 262: 1, 274: 1, 277: 1, 284: 1, 339: 1, 254: 0}
UNIMPORTANT = {278, 282, 283, 296, 305, 306, 271, 272, 315}  # rows of a strip, resolution, software, dates, makers
NEEDED = {WIDTH, HEIGHT, OFFSETS, COUNTS, 258, 262}
SIZES = {3: ("H", 2), 4: ("I", 4)}  # of whole numbers, by their type


def open_plain_tiff(content: bytes, max_pixels: int) -> Raw | None:
    """None for all but a whole file of that kind."""
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
    read = partial(_read, content, f"{order}u2", offsets[0], (height, width, 1))
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


def _read(content: bytes, dtype: str, offset: int, shape: tuple[int, int, int]) -> np.ndarray:
    values = np.frombuffer(content, dtype, shape[0] * shape[1], offset).reshape(shape)
    return values.astype(np.uint16, copy=False)
