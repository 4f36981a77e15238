"""Pictures of more than 8 bits a sample in other formats than TIFF: PNG, PPM, PGM, PFM, JPEG 2000."""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
from PIL import Image

from bakeoff.datasets.folder.conversion import PictureError, turn_upright
from bakeoff.datasets.folder.samples import Raw


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
