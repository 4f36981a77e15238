"""TIFF as microscopes, scanners and satellites write it, by tifffile; everyday ones of 8 bits are left to Pillow."""

from __future__ import annotations

import io
import logging
from functools import partial
from typing import Any

import cv2
import numpy as np
import tifffile

from bakeoff.datasets.folder.conversion import EXIF_ORIENTATION, PictureError
from bakeoff.datasets.folder.samples import Raw, Rules, describe_pages, project

STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
WHITE_IS_ZERO, RGB, PALETTE = 0, 2, 3
UNASSOCIATED_ALPHA, ASSOCIATED_ALPHA = 2, 1
FIRST_PAGE = "of several pages in color, the first taken"
INVERTED = "with white as zero, inverted"
TIMES = "of several times, the first taken"
SERIES = "of several pictures, the first taken"
MAX_PLANES = 20  # of a stack, in the largest pictures that are allowed
logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what it warns of is looked for here
logging.getLogger("tifffile").propagate = False


def open_tiff(content: bytes, rules: Rules, max_pixels: int) -> Raw | None:
    """None for what Pillow reads as well: one picture of 8 bits or fewer. Raises PictureError and whatever tifffile does."""
    if content[:4] not in STARTS:
        return None
    try:
        tiff = tifffile.TiffFile(io.BytesIO(content))
        page, series = tiff.pages.first, tiff.series[0]
    except Exception:  # Pillow says what is wrong with it, or finds what there is to be read
        return None
    axes = series.axes
    bits = page.bitspersample if isinstance(page.bitspersample, int) else max(page.bitspersample)
    is_stack = set(axes) - set("YXS") or len(tiff.series) > 1
    if page.photometric == PALETTE or (bits <= 8 and page.sampleformat == 1 and page.samplesperpixel in (1, 3, 4)):
        if not is_stack or bits == 1 or page.photometric not in (WHITE_IS_ZERO, 1):
            return None
    if page.imagewidth * page.imagelength > max_pixels or series.size > MAX_PLANES * max_pixels:
        raise PictureError(f"over the limit of {max_pixels:,} pixels")
    if "Y" not in axes or "X" not in axes or series.dtype is None or series.dtype.kind not in "biuf":
        raise PictureError(f"TIFF with axes {axes} of {series.dtype} is no picture")
    alpha = page.photometric == RGB and len(page.extrasamples) == 1 and page.extrasamples[0] in (1, 2)
    is_color = page.photometric == RGB and page.samplesperpixel >= 3
    if is_color and "S" in axes and set(axes) & set("QI"):  # pages of a document, not planes of one thing
        rules = Rules(rules.ranges, rules.channels, "first")
    n_channels = int(np.prod([n for n, axis in zip(series.shape, axes, strict=True) if axis in "CS"]))
    if rules.pages == "channels":
        n_channels *= int(np.prod([n for n, axis in zip(series.shape, axes, strict=True) if axis not in "CSYXT"]))
    remarks = [
        FIRST_PAGE
        if rules.pages == "first" and is_color
        else describe_pages(rules.pages)
        if set(axes) - set("YXSCT")
        else "",
        TIMES if "T" in axes else "",
        SERIES if len(tiff.series) > 1 else "",
        INVERTED if page.photometric == WHITE_IS_ZERO else "",
    ]
    return Raw(
        series.dtype.newbyteorder("="),
        bits,
        n_channels - alpha,
        partial(_read, content, tiff, rules.pages),
        "TIFF",
        tuple(filter(None, remarks)),
        is_color and n_channels - alpha == 3,
    )


def _read(content: bytes, tiff: tifffile.TiffFile, pages: str) -> np.ndarray:
    """The samples of the first series, (height, width, channels), upright, with white as the largest number."""
    page, series = tiff.pages.first, tiff.series[0]
    _check_whole(series, len(content))
    values = _decode(content, page, series).reshape(series.shape)
    axes, shape = series.axes, series.shape
    if "T" in axes:
        values = values.take(0, axis=axes.index("T"))
        axes = axes.replace("T", "", 1)
    order = sorted(range(len(axes)), key=lambda i: {"Y": 1, "X": 2, "C": 3, "S": 4}.get(axes[i], 0))
    values = values.transpose(order)
    n_stack = len(set(axes) - set("YXCS"))
    height, width = shape[series.axes.index("Y")], shape[series.axes.index("X")]
    values = project(values.reshape(int(np.prod(values.shape[:n_stack])), height, width, -1), pages)
    if page.photometric == WHITE_IS_ZERO and values.dtype.kind in "iu":
        values = np.invert(values) if page.bitspersample == 8 * values.itemsize else 2**page.bitspersample - 1 - values
    return _upright(values, page.tags.valueof(EXIF_ORIENTATION, 1))


def _check_whole(series: Any, n_bytes: int) -> None:
    """tifffile fills up with black what a file lacks."""
    for page in series.pages:
        if page is None:
            raise PictureError("damaged: a page is missing")
        places = zip(page.dataoffsets, page.databytecounts, strict=False)
        if not all(count and start + count <= n_bytes for start, count in places):
            raise PictureError("damaged: image file is truncated")


def _decode(content: bytes, page: Any, series: Any) -> np.ndarray:
    bits = page.bitspersample
    if page.compression == 1 and bits in (10, 12, 14):
        return np.concatenate([_unpack(content, part or page) for part in series.pages])
    try:
        return series.asarray()
    except (ValueError, NotImplementedError, ModuleNotFoundError) as error:
        if "imagecodecs" not in str(error) and "compression" not in str(error):
            raise
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # its errors come back as None as well
    found, pages = cv2.imdecodemulti(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    numbers = [part.index for part in series.pages]
    if not found or page.planarconfig != 1 or max(numbers) >= len(pages) or pages[0].dtype != series.dtype:
        raise PictureError(
            f"compressed by {page.compression.name} in a way that is read with the package imagecodecs only: install "
            "it, or save the picture uncompressed"
        )
    values = np.stack([pages[number] for number in numbers])
    if values.ndim == 4 and values.shape[3] >= 3:
        values[..., :3] = values[..., 2::-1].copy()  # OpenCV's order is blue, green, red
    if bits in (10, 12, 14):
        values >>= 16 - bits  # OpenCV puts them into the upper bits
    return np.invert(values) if bits == 8 and page.photometric == WHITE_IS_ZERO else values  # inverted by OpenCV


def _unpack(content: bytes, page: Any) -> np.ndarray:
    """Samples of 10, 12 or 14 bits, one after the other from the highest bit on; each row begins a new byte."""
    n_samples, bits = page.imagewidth * page.samplesperpixel, page.bitspersample
    if page.is_tiled or page.planarconfig != 1:
        raise PictureError(f"{bits}-bit samples in tiles or planes are not read: save the picture with 16 bits")
    rows = b"".join(
        content[start : start + count] for start, count in zip(page.dataoffsets, page.databytecounts, strict=True)
    )
    n_bytes = -(-n_samples * bits // 8)
    ones = np.unpackbits(np.frombuffer(rows, np.uint8)[: page.imagelength * n_bytes].reshape(-1, n_bytes), axis=1)
    ones = ones[:, : n_samples * bits].reshape(-1, bits).astype(np.uint16)
    return ones @ (1 << np.arange(bits - 1, -1, -1, dtype=np.uint16))


def _upright(values: np.ndarray, orientation: int) -> np.ndarray:
    """EXIF 2.3, tag 274, as `bakeoff.datasets.folder.conversion` does for Pillow's pictures."""
    if orientation in (5, 6, 7, 8):
        values = values.swapaxes(0, 1)
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return values[rows, columns]
