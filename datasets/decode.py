"""Picture files as people have them -> square uint8 RGB arrays, many at a time.

A file is judged by its content, not its extension. What is wrong with it comes back as a reason, never as a crash:
one bad file must not stop a folder of a million.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, UnidentifiedImageError

from datasets.conversion import FIRST_FRAME, PictureError, describe_source, is_animated, to_rgb, to_square, turn_upright
from datasets.dataset import Progress

# Formats of pictures, and no more: Pillow would also start Ghostscript for a file that says it is PostScript.
FORMATS = ("JPEG", "MPO", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000")
MAX_PIXELS = 100_000_000  # 300 MB decoded; the largest phone cameras take 50 to 108 million
CHUNK = 64  # pictures per task of a worker: enough that handing out tasks costs nothing


class NotAPictureError(PictureError):
    """A file whose content is in no picture format that we read."""


@dataclass(frozen=True)
class Decoded:
    """One picture. pixels: uint8 (image_size, image_size, 3).   file_format: as Pillow calls it.

    remarks: what was done to it beyond cropping and resizing, in the words of `datasets.conversion`.
    """

    pixels: np.ndarray
    file_format: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class DecodedPictures:
    """Many pictures, in the order of their readers.

    images: uint8 (n_files, image_size, image_size, 3), black where there is an error.
    errors: index -> why it could not be used.   remarks: index -> those of `Decoded`, if any.
    file_formats: of every file, "" where there is an error.
    """

    images: np.ndarray
    errors: dict[int, PictureError]
    remarks: dict[int, tuple[str, ...]]
    file_formats: tuple[str, ...]


def decode_pictures(
    readers: Sequence[Callable[[], bytes]],
    image_size: int,
    *,
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
) -> DecodedPictures:
    """Read and decode many files on all processors (Pillow lets go of the interpreter lock while it decodes).

    readers: one function per file that returns its bytes.   progress: called with (what, files done, files).
    """
    images = np.zeros((len(readers), image_size, image_size, 3), dtype=np.uint8)
    errors: dict[int, PictureError] = {}
    remarks: dict[int, tuple[str, ...]] = {}
    file_formats = [""] * len(readers)

    def decode_chunk(start: int) -> int:
        stop = min(start + CHUNK, len(readers))
        for index in range(start, stop):
            try:
                decoded = decode(_read(readers[index]), image_size, max_pixels)
            except PictureError as error:
                errors[index] = error
                continue
            images[index] = decoded.pixels
            file_formats[index] = decoded.file_format
            if decoded.remarks:
                remarks[index] = decoded.remarks
        return stop - start

    n_workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with _pillow_limits(max_pixels), ThreadPoolExecutor(n_workers) as pool:
        n_done = 0
        for n_decoded in pool.map(decode_chunk, range(0, len(readers), CHUNK)):
            n_done += n_decoded
            if progress:
                progress("decoding pictures", n_done, len(readers))
    return DecodedPictures(images, dict(sorted(errors.items())), dict(sorted(remarks.items())), tuple(file_formats))


def decode_picture(content: bytes, image_size: int, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """The pixels of `decode`."""
    return decode(content, image_size, max_pixels).pixels


def decode(content: bytes, image_size: int, max_pixels: int = MAX_PIXELS) -> Decoded:
    """One file's first picture: upright, on white where transparent, centre square, resized with antialiasing.

    A gray picture gets three equal channels.
    Raises PictureError with the reason if the file is empty, truncated, damaged, too large or no picture.
    A large JPEG is decoded at half, a quarter or an eighth of its size where that still is at least image_size.
    """
    if not content:
        raise NotAPictureError("empty file")
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
    pixels = to_square(rgb, image_size)
    remarks += [*turned, *on_white, *([FIRST_FRAME] if is_animated(image) else [])]
    return Decoded(pixels, image.format or "", tuple(remarks))


def _read(reader: Callable[[], bytes]) -> bytes:
    try:
        return reader()
    except (OSError, RuntimeError, ValueError, EOFError) as error:  # RuntimeError: a member of a zip under a password
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PictureError(f"cannot be read: {reason}") from error


@cache
def _known_formats() -> list[str]:
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]  # AVIF and WebP depend on how Pillow was built


@contextmanager
def _pillow_limits(max_pixels: int) -> Iterator[None]:
    """Make Pillow refuse pictures inside pictures by our limit, and keep its other warnings to itself.

    This also covers frames that are larger than the header says, which `decode_picture` alone does not see.
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
