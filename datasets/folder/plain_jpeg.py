"""The everyday JPEG: whole, of 8 bits, gray or YCbCr, in sRGB, upright. OpenCV reads it with less ado than Pillow.

Both call libjpeg-turbo in the same way, so the pixels are Pillow's; whatever is odd about a file is left to Pillow.
Of damage inside the picture libjpeg-turbo makes what it can in both, but in OpenCV it says so on the terminal.
"""

from __future__ import annotations

import struct

import cv2
import numpy as np
from PIL import Image

from bakeoff.datasets.folder.conversion import EXIF_ORIENTATION, is_srgb

START, END, SCAN, APP1, APP2, ADOBE = 0xD8, 0xD9, 0xDA, 0xE1, 0xE2, 0xEE  # markers, each after a byte 0xFF
FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive; all with Huffman codes
OTHER_FRAMES = set(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}  # lossless, arithmetic, hierarchical
REDUCED = {  # what a side is divided by -> how OpenCV is asked for it
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    1: cv2.IMREAD_GRAYSCALE,
}
IN_COLOR = cv2.IMREAD_COLOR_RGB  # beside one of those


def decode_plain_jpeg(content: bytes, image_size: int, max_pixels: int) -> tuple[np.ndarray, tuple[int, int]] | None:
    """Pixels, uint8 (height, width, 1 or 3), and the (width, height) of the file; None if it is not plain.

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
    about, place, profile = None, 2, b""
    while place + 10 <= len(content) and content[place] == 0xFF:
        marker, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4], "big")
        if marker == SCAN:
            return about if not profile or is_srgb(profile) else None
        if marker in FRAMES and about is None:
            bits, height, width, n_components = struct.unpack_from(">BHHB", content, place + 4)
            if bits != 8 or n_components not in (1, 3) or not width * height:
                return None
            about = width, height, n_components
        elif marker == APP2 and content[place + 4 : place + 16] == b"ICC_PROFILE\0":
            profile += content[place + 18 : place + 2 + length]
        elif marker in FRAMES or _is_odd(marker, content[place + 4 : place + 2 + length]):
            return None
        place += 2 + length
    return None


def _is_odd(marker: int, segment: bytes) -> bool:
    """Another kind of JPEG, several pictures in one, colors that are not YCbCr, or turned."""
    if marker == APP1 and segment[:6] == b"Exif\0\0":
        return not _is_upright(segment)
    return marker in OTHER_FRAMES or marker == ADOBE or (marker == APP2 and segment[:4] == b"MPF\0")


def _is_upright(segment: bytes) -> bool:
    """True if EXIF says so or says nothing."""
    exif = Image.Exif()
    try:
        exif.load(segment)
        return exif.get(EXIF_ORIENTATION, 1) == 1
    except Exception:  # garbled, in any way
        return False
