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

import numpy as np
from PIL import Image, UnidentifiedImageError

from datasets.dataset import Progress

# Formats of pictures, and no more: Pillow would also start Ghostscript for a file that says it is PostScript.
FORMATS = ("JPEG", "MPO", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000")
MAX_PIXELS = 100_000_000  # 300 MB decoded; the largest phone cameras take 50 to 108 million
CHUNK = 64  # pictures per task of a worker: enough that handing out tasks costs nothing
EXIF_ORIENTATION = 0x0112
UPRIGHT = {  # EXIF orientation -> what turns the stored picture upright (EXIF 2.3, tag 274); 1 is upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class PictureError(ValueError):
    """A file that cannot be used as a picture; the message says why."""


class NotAPictureError(PictureError):
    """A file whose content is in no picture format that we read."""


def decode_pictures(
    readers: Sequence[Callable[[], bytes]],
    image_size: int,
    *,
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
) -> tuple[np.ndarray, dict[int, PictureError]]:
    """Read and decode many files on all processors (Pillow lets go of the interpreter lock while it decodes).

    readers: one function per file that returns its bytes.   progress: called with (what, files done, files).
    Returns uint8 (n_files, image_size, image_size, 3) and, for each index that failed, why; its picture is black.
    """
    images = np.zeros((len(readers), image_size, image_size, 3), dtype=np.uint8)
    errors: dict[int, PictureError] = {}

    def decode_chunk(start: int) -> int:
        stop = min(start + CHUNK, len(readers))
        for index in range(start, stop):
            try:
                images[index] = decode_picture(_read(readers[index]), image_size, max_pixels)
            except PictureError as error:
                errors[index] = error
        return stop - start

    n_workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with _pillow_limits(max_pixels), ThreadPoolExecutor(n_workers) as pool:
        n_done = 0
        for n_decoded in pool.map(decode_chunk, range(0, len(readers), CHUNK)):
            n_done += n_decoded
            if progress:
                progress("decoding pictures", n_done, len(readers))
    return images, dict(sorted(errors.items()))


def decode_picture(content: bytes, image_size: int, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """One file's first picture: upright, on white where transparent, centre square, resized with antialiasing.

    Returns uint8 (image_size, image_size, 3); a gray picture has three equal channels.
    Raises PictureError with the reason if the file is empty, truncated, damaged, too large or no picture.
    A large JPEG is decoded at half, a quarter or an eighth of its size where that still is at least image_size.
    """
    if not content:
        raise NotAPictureError("empty file")
    try:
        with Image.open(io.BytesIO(content), formats=_known_formats()) as image:
            if image.width * image.height > max_pixels:
                raise Image.DecompressionBombError
            if image.format in ("JPEG", "MPO"):
                image.draft("RGB", (image_size, image_size))
            image.load()
            return _to_square(_to_rgb(_turn_upright(image)), image_size)
    except PictureError:
        raise
    except UnidentifiedImageError as error:
        raise NotAPictureError("not a picture in a format that is read here") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(f"over the limit of {max_pixels:,} pixels") from error
    except Exception as error:  # decoders raise anything on damaged files: SyntaxError, struct.error, IndexError ...
        raise PictureError(f"damaged: {error or type(error).__name__}") from error


def _read(reader: Callable[[], bytes]) -> bytes:
    try:
        return reader()
    except (OSError, RuntimeError, ValueError, EOFError) as error:  # RuntimeError: a member of a zip under a password
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PictureError(f"cannot be read: {reason}") from error


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


def _turn_upright(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(EXIF_ORIENTATION)
    except Exception:  # garbled EXIF: the pixels are sound, and viewers show such a picture as it is stored
        return image
    return image.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        image = _to_eight_bits(image)
    if image.mode == "F":
        raise PictureError("floating-point pixels have no agreed white")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB")


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """16-bit gray to 8-bit gray: 65535 becomes 255 (Pillow's own conversion would clip all above 255 to white)."""
    levels = np.asarray(image)
    if levels.min() < 0 or levels.max() > 65535:
        raise PictureError("32-bit pixels have no agreed white")
    return Image.fromarray(np.rint(levels / 257).astype(np.uint8))


def _to_square(image: Image.Image, image_size: int) -> np.ndarray:
    """The largest centered square, resized: the same as resizing the short side and cropping the long one."""
    side = min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    box = (left, top, left + side, top + side)
    # reducing_gap: first shrink by a whole factor, which is faster and, at 3, not to be told from a plain resize
    resized = image.resize((image_size, image_size), Image.Resampling.BILINEAR, box=box, reducing_gap=3.0)
    return np.asarray(resized)
