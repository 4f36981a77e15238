"""Which file names call themselves pictures, and which formats are read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import tifffile
from PIL import Image

# Told by content, whatever the name. Of the others, weakly marked, only what a name says is believed.
SNIFFED = ("JPEG", "MPO", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000")
# Pillow would start Ghostscript for EPS; the rest it recognizes without being able to read, and most are no pictures.
REFUSED = {"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG", "IPTC"}
DATA = {".bufr", ".grib", ".h5", ".hdf", ".mpg", ".mpeg", ".iim", ".ps"}  # suffixes of those that are no pictures
NOT_READ = {
    *(".eps", ".wmf", ".emf", ".svg", ".heic", ".heif", ".jxl", ".exr", ".hdr", ".dng", ".cr2", ".cr3", ".nef", ".arw"),
    *(".orf", ".rw2", ".raf", ".dcm", ".dicom", ".czi", ".nd2", ".lif", ".oib", ".oif", ".vsi", ".nii", ".mrc"),
}


@cache
def formats_of_suffix() -> Mapping[str, tuple[str, ...]]:
    """Suffix of a picture's name, in small letters with its dot -> the formats that it may stand for."""
    Image.init()
    named = {
        suffix: (name,)
        for suffix, name in Image.registered_extensions().items()
        if suffix not in DATA and name in Image.OPEN
    }
    tiffs = dict.fromkeys((f".{suffix.split('.')[-1]}" for suffix in tifffile.TIFF.FILE_EXTENSIONS), ("TIFF",))
    jpegs = {suffix: ("JPEG", "MPO") for suffix, names in named.items() if names == ("JPEG",)}
    return {**tiffs, **dict.fromkeys(NOT_READ, ()), **named, **jpegs, ".npy": ("NPY",), ".npz": ("NPY",)}


def format_of_suffix(suffix: str) -> str:
    """The format for Pillow that a name says, "" if none or one that is not read."""
    names = formats_of_suffix().get(suffix.lower(), ())
    return names[0] if names and names[0] in Image.OPEN and names[0] not in REFUSED else ""
