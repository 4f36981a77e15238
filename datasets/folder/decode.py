"""A picture file as people have them -> a square of uint8 RGB.

It is judged by its content, not its extension. What is wrong with it comes back as a reason, never as a crash.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError, features

from bakeoff.datasets.folder.conversion import (
    ENLARGED,
    FIRST_FRAME,
    PictureError,
    describe_source,
    is_animated,
    to_rgb,
    turn_upright,
)
from bakeoff.datasets.folder.plain_jpeg import decode_plain_jpeg
from bakeoff.datasets.folder.squares import central_square, resize_squares

# Formats of pictures, and no more: Pillow would also start Ghostscript for a file that says it is PostScript.
FORMATS = ("JPEG", "MPO", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000")
CODECS = ("pil", "jpg", "libjpeg_turbo", "webp", "avif", "jpg_2000", "libtiff")  # as `PIL.features` calls them
MAX_PIXELS = 100_000_000  # 300 MB decoded; the largest phone cameras take 50 to 108 million
VERSION = 2  # raise it when a change of code changes pixels, reasons or remarks


class NotAPictureError(PictureError):
    """A file whose content is in no picture format that we read."""


@dataclass(frozen=True)
class Decoded:
    """One picture. pixels: uint8 (side, side, 3).   file_format: as Pillow calls it.

    remarks: what was done to it beyond cropping and resizing, in the words of `bakeoff.datasets.folder.conversion`.
    """

    pixels: np.ndarray
    file_format: str
    remarks: tuple[str, ...] = ()


def decode_picture(content: bytes, image_size: int, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """uint8 (image_size, image_size, 3): the square of `decode`, resized with antialiasing. Raises what it raises."""
    return resize_squares([decode(content, image_size, max_pixels).pixels], image_size)[0]


def decode(content: bytes, image_size: int, max_pixels: int = MAX_PIXELS) -> Decoded:
    """One file's first picture: upright, on white where transparent, its centre square, still to be resized.

    A gray picture gets three equal channels.
    Raises PictureError with the reason if the file is empty, truncated, damaged, too large or no picture.
    A large JPEG is decoded at half, a quarter or an eighth of its size where that still is at least image_size.
    """
    if not content:
        raise NotAPictureError("empty file")
    plain = decode_plain_jpeg(content, image_size, max_pixels)
    if plain is not None:
        pixels, size = plain
        return Decoded(central_square(pixels), "JPEG", (ENLARGED,) if min(size) < image_size else ())
    try:
        with Image.open(io.BytesIO(content), formats=_known_formats()) as image:
            return _decode_opened(image, image_size, max_pixels)
    except PictureError:
        raise
    except UnidentifiedImageError as error:
        raise NotAPictureError("not a picture in a format that is read here") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(f"over the limit of {max_pixels:,} pixels") from error
    except Exception as error:  # decoders raise anything on damaged files: SyntaxError, struct.error, IndexError ...
        raise PictureError(f"damaged: {' '.join(str(error).split()) or type(error).__name__}") from error


def _decode_opened(image: Image.Image, image_size: int, max_pixels: int) -> Decoded:
    if image.width * image.height > max_pixels:
        raise Image.DecompressionBombError
    remarks = describe_source(image, image_size)
    if image.format in ("JPEG", "MPO"):
        image.draft("RGB", (image_size, image_size))
    image.load()
    upright, turned = turn_upright(image)
    rgb, on_white = to_rgb(upright)
    remarks += [*turned, *on_white, *([FIRST_FRAME] if is_animated(image) else [])]
    return Decoded(central_square(np.asarray(rgb)), image.format or "", tuple(remarks))


def decoder_versions() -> dict[str, str | int | None]:
    """Whatever may change the pixels of a file, or whether it can be read."""
    libraries = {name: features.version(name) for name in CODECS}
    return {"decode": VERSION, "opencv": cv2.__version__, "torch": version("torch"), **libraries}


@cache
def _known_formats() -> list[str]:
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]  # AVIF and WebP depend on how Pillow was built


@contextmanager
def pillow_limits(max_pixels: int) -> Iterator[None]:
    """Make Pillow refuse pictures inside pictures by our limit, and keep its other warnings to itself.

    This also covers frames that are larger than the header says, which `decode` alone does not see.
    """
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = max_pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before
