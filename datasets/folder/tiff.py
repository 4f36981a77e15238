"""TIFF as microscopes, scanners and satellites write it, by tifffile; everyday ones of 8 bits are left to Pillow."""

import io
import logging
import math
import struct
import threading
from functools import partial
from typing import Any

import cv2
import numpy as np
import tifffile
from PIL.TiffImagePlugin import COMPRESSION_INFO

from bakeoff.datasets.folder.conversion import EXIF_ORIENTATION, TURNED, PictureError
from bakeoff.datasets.folder.samples import Raw, Rules, describe_pages, project

STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB = range(3)  # photometric interpretations
UNSPECIFIED, ASSOCIATED, UNASSOCIATED = range(3)  # what samples beyond the colors are; the last two are alpha
UNSIGNED, UNCOMPRESSED, CONTIGUOUS = 1, 1, 1  # values of other tags
BY_LIBTIFF = {1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946}  # ways to compress: fax, LZW, JPEG, deflate, PackBits
PACKED = set(range(1, 17)) - {1, 2, 4, 8, 16}  # bits of samples that neither Pillow nor tifffile takes apart
INVERTED = "with white as zero, inverted"
TIMES = "of several times, the first taken"
SERIES = "of several pictures, the first taken"
MAX_PLANES = 20  # of a stack, in the largest pictures that are allowed
# Of pages, series and their description; a garbled tag of a maker's own spoils no picture.
GRAVE = ("TiffPages", "series", "TiffTag 270")


class Complaints(logging.Handler):
    """What tifffile says, and does not raise, of the file that a thread is reading: such as pages that are missing."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.of_thread = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        self.of_thread.lines = [*getattr(self.of_thread, "lines", ()), record.getMessage()]

    def check(self) -> None:
        """Raises PictureError for what would leave pixels out."""
        lines, self.of_thread.lines = getattr(self.of_thread, "lines", ()), []
        for line in lines:
            if any(word in line for word in GRAVE):
                raise PictureError(f"damaged: {line}")


COMPLAINTS = Complaints()
logging.getLogger("tifffile").addHandler(COMPLAINTS)
logging.getLogger("tifffile").propagate = False


def open_tiff(content: bytes, rules: Rules) -> Raw | None:
    """None for what Pillow reads as well: one picture of 8 bits or fewer. Raises PictureError for what is none."""
    if content[:4] not in STARTS:
        return None
    COMPLAINTS.of_thread.lines = []
    try:
        tiff = tifffile.TiffFile(io.BytesIO(content))
        _check_chain(content, tiff)
        page, series = tiff.pages.first, tiff.series[0]
        is_everyday = _is_everyday(tiff)
    except PictureError:
        raise
    except Exception:  # Pillow says what is wrong with it, or finds what there is to be read
        return None
    COMPLAINTS.check()
    if is_everyday:
        return None
    axes, dtype = series.axes, series.dtype
    if page.imagewidth * page.imagelength > rules.max_pixels or series.size > MAX_PLANES * rules.max_pixels:
        raise PictureError(f"over the limit of {rules.max_pixels:,} pixels")
    if not {"Y", "X"} <= set(axes) or dtype is None or dtype.kind not in "biuf":
        raise PictureError(f"TIFF with axes {axes} of {dtype} is no picture")
    is_color = page.photometric == RGB and page.samplesperpixel >= 3
    # pages of a document, not planes of one thing
    pages = "first" if is_color and rules.pages == "max" and set(axes) & set("QI") else rules.pages
    has_alpha = len(page.extrasamples) == 1 and page.extrasamples[0] != UNSPECIFIED
    if ASSOCIATED in page.extrasamples:
        raise PictureError("deep samples multiplied by their alpha are not read: save the picture without alpha")
    taken = "CS" if pages != "channels" else set(axes) - set("YXT")
    n_channels = math.prod(n for n, axis in zip(series.shape, axes, strict=True) if axis in taken) - has_alpha
    remarks = {
        describe_pages(pages): set(axes) - set("YXSCT"),
        TIMES: "T" in axes,
        SERIES: len(tiff.series) > 1,
        INVERTED: page.photometric == WHITE_IS_ZERO,
        TURNED: page.tags.valueof(EXIF_ORIENTATION, 1) in range(2, 9),
    }
    return Raw(
        dtype.newbyteorder("="),
        _bits(page),
        n_channels,
        (page.imagewidth, page.imagelength),
        partial(_read, content, tiff, pages),
        "TIFF",
        tuple(remark for remark, holds in remarks.items() if holds),
        is_color and n_channels == 3,
        math.prod(n for n, axis in zip(series.shape, axes, strict=True) if axis not in "YXSCT"),
        page.iccprofile,
    )


def _check_chain(content: bytes, tiff: tifffile.TiffFile) -> None:
    """Each page says where the next one is. tifffile would follow a circle of pages for ever."""
    layout, offset, met = tiff.tiff, tiff.pages.first.offset, set()
    while offset and offset not in met:
        met.add(offset)
        try:
            (n_tags,) = struct.unpack_from(layout.tagnoformat, content, offset)
            end = offset + layout.tagnosize + n_tags * layout.tagsize
            (offset,) = struct.unpack_from(layout.offsetformat, content, end)
        except struct.error:  # outside of the file, which tifffile tells
            return
    if offset:
        raise PictureError("damaged: its list of pages is a circle")


def _is_everyday(tiff: tifffile.TiffFile) -> bool:
    """In other colors than red, green and blue; or of 8 bits or fewer, gray or RGB, and no stack unless of 1 bit."""
    page = tiff.pages.first
    if page.photometric not in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB):
        return True
    usual = page.samplesperpixel in (3, 4) if page.photometric == RGB else page.samplesperpixel == 1
    usual = usual and UNSPECIFIED not in page.extrasamples  # near infrared, as satellites have it
    usual = usual and page.compression in COMPRESSION_INFO
    if _bits(page) > 8 or _bits(page) in PACKED or page.sampleformat != UNSIGNED or not usual:
        return False
    return _bits(page) == 1 or not set(tiff.series[0].axes) - set("YXS")


def _bits(page: Any) -> int:
    """Of a sample."""
    return page.bitspersample if isinstance(page.bitspersample, int) else max(page.bitspersample)


def _read(content: bytes, tiff: tifffile.TiffFile, pages: str) -> np.ndarray:
    """The samples of the first series, (height, width, channels), upright, with white as the largest number."""
    page, series = tiff.pages.first, tiff.series[0]
    _check_whole(series, len(content))
    axes, values = series.axes, _decode(content, page, series).reshape(series.shape)
    if "T" in axes:
        values = values.take(0, axis=axes.index("T"))
        axes = axes.replace("T", "", 1)
    order = sorted(range(len(axes)), key=lambda i: {"Y": 1, "X": 2, "C": 3, "S": 4}.get(axes[i], 0))
    height, width = (series.shape[series.axes.index(axis)] for axis in "YX")
    n_planes = math.prod(n for n, axis in zip(values.shape, axes, strict=True) if axis not in "YXCS")
    if page.photometric == WHITE_IS_ZERO:  # before the brightest plane is looked for
        if values.dtype.kind == "f":
            values = -values
        else:
            values = np.invert(values) if _bits(page) == 8 * values.itemsize else 2 ** _bits(page) - 1 - values
    values = project(values.transpose(order).reshape(n_planes, height, width, -1), pages)
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
    bits = _bits(page)
    if page.compression == UNCOMPRESSED and bits in PACKED:
        return np.concatenate([_unpack(content, part or page) for part in series.pages])
    try:
        return series.asarray()
    except (ValueError, NotImplementedError, ModuleNotFoundError) as error:
        if "imagecodecs" not in str(error) and "compression" not in str(error):
            raise
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # its errors come back as None as well
    found = False
    pages: Any = ()
    if page.compression in BY_LIBTIFF:  # of others OpenCV makes black pictures
        found, pages = cv2.imdecodemulti(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    numbers = [part.index for part in series.pages]
    if not found or page.planarconfig != CONTIGUOUS or max(numbers) >= len(pages) or pages[0].dtype != series.dtype:
        raise PictureError(
            f"compressed by {page.compression.name} in a way that is read with the package imagecodecs only: install "
            "it, or save the picture uncompressed"
        )
    values: np.ndarray = np.stack([pages[number] for number in numbers])
    if values.ndim == 4 and values.shape[3] >= 3:
        values[..., :3] = values[..., 2::-1].copy()  # OpenCV's order is blue, green, red
    if bits in PACKED:
        values >>= 16 - bits  # OpenCV puts them into the upper bits
    return np.invert(values) if bits == 8 and page.photometric == WHITE_IS_ZERO else values  # inverted by OpenCV


def _unpack(content: bytes, page: Any) -> np.ndarray:
    """Samples of so many bits, one after the other from the highest bit on; each row begins a new byte."""
    n_samples, bits = page.imagewidth * page.samplesperpixel, _bits(page)
    if page.is_tiled or page.planarconfig != CONTIGUOUS:
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
