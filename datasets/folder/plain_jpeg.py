"""The everyday JPEG: whole, of 8 bits, gray or YCbCr, in sRGB, upright. OpenCV reads it with less ado than Pillow.

Both call libjpeg-turbo in the same way, so the pixels are Pillow's; whatever is odd about a file is left to Pillow.
Of damage inside the picture libjpeg-turbo makes what it can in both, but in OpenCV it says so on the terminal.
"""

from __future__ import annotations

import struct

import cv2
import numpy as np

from bakeoff.datasets.folder.conversion import is_srgb

START, END, SCAN, APP1, APP2, ADOBE = 0xD8, 0xD9, 0xDA, 0xE1, 0xE2, 0xEE  # markers, each after a byte 0xFF
FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive; all with Huffman codes
OTHER_FRAMES = set(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}  # lossless, arithmetic, hierarchical
FLAGS = {  # what a side is divided by -> how OpenCV is asked for it; EXIF has been looked at before
    scale: reduced | cv2.IMREAD_IGNORE_ORIENTATION
    for scale, reduced in (
        (8, cv2.IMREAD_REDUCED_COLOR_8),
        (4, cv2.IMREAD_REDUCED_COLOR_4),
        (2, cv2.IMREAD_REDUCED_COLOR_2),
        (1, cv2.IMREAD_COLOR),
    )
}
ORIENTATION, SHORT, UPRIGHT = 0x0112, 3, 1


def decode_plain_jpeg(content: bytes, image_size: int, max_pixels: int) -> tuple[np.ndarray, tuple[int, int]] | None:
    """Pixels, uint8 (height, width, 3), and the (width, height) of the file; None if it is not plain.

    As by Pillow's `draft`, they are reduced to a half, a quarter or an eighth where each side stays image_size or more.
    """
    size = size_if_plain(content)
    if size is None or size[0] * size[1] > max_pixels:
        return None
    times = min(size) // image_size
    scale = next((scale for scale in FLAGS if scale <= times), 1)
    try:
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), FLAGS[scale])
    except cv2.error:
        return None
    return None if pixels is None else (cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels), size)


def size_if_plain(content: bytes) -> tuple[int, int] | None:
    """(width, height) by the headers before the first scan; None for what is not plain, or cut short."""
    if content[:2] != b"\xff\xd8" or content[-2:] != b"\xff\xd9":
        return None
    size, place, profile = None, 2, b""
    while place + 10 <= len(content) and content[place] == 0xFF:
        marker, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4], "big")
        if marker == SCAN:
            return size if not profile or is_srgb(profile) else None
        if marker in FRAMES and size is None:
            bits, height, width, n_components = struct.unpack_from(">BHHB", content, place + 4)
            if bits != 8 or n_components not in (1, 3) or not width * height:
                return None
            size = width, height
        elif marker == APP2 and content[place + 4 : place + 16] == b"ICC_PROFILE\0":
            profile += content[place + 18 : place + 2 + length]
        elif marker in FRAMES or _is_odd(marker, content[place + 4 : place + 2 + length]):
            return None
        place += 2 + length
    return None


def _is_odd(marker: int, segment: bytes) -> bool:
    """Another kind of JPEG, several pictures in one, colors that are not YCbCr, or turned."""
    if marker == APP1 and segment[:6] == b"Exif\0\0":
        return not _is_upright(segment[6:])
    return marker in OTHER_FRAMES or marker == ADOBE or (marker == APP2 and segment[:4] == b"MPF\0")


def _is_upright(exif: bytes) -> bool:
    """True if the first directory of EXIF, a TIFF header and entries of 12 bytes, says so or says nothing."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return False
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (n_entries,) = struct.unpack_from(f"{order}H", exif, start)
        entries = [struct.unpack_from(f"{order}HHIH", exif, start + 2 + 12 * entry) for entry in range(n_entries)]
    except struct.error:
        return False
    return all(entry[1:] == (SHORT, 1, UPRIGHT) for entry in entries if entry[0] == ORIENTATION)
