"""One file that may be a picture, wherever it lies, and the rules on names, formats and sizes that hold everywhere."""

import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

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
MAX_FILE_BYTES = 500_000_000  # no picture is larger; a film or a zip bomb is
NEVER_PICTURES = {  # left behind by operating systems and storage, as are .hidden files; in small letters
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "#recycle", "$recycle.bin"),
    *("system volume information", "lost+found"),
}
JOINERS = "\u200c\u200d"  # not printable by the letter, but parts of Persian words, Hindi letters and emoji
# Reasons to leave a file or folder out, in words that follow "as".
AROUND = "the folder around all others, which are the classes or splits"
HIDDEN, EMPTY, MET_BEFORE, CLIMBS = "hidden", "empty folders", "folders met before", "paths out of the archive"
OWN_OUTPUT, OWN_MARK, MASKS = "output of ours", ".bakeoff", "masks of pictures"
TWICE = "rows that stand in the table before"
NOT_USED = "columns of the table that are not used (used are path, label, split, group, mask and x, y, width, height)"
# What an artifacts folder holds.
MAIN_FOLDERS = {"runs", "reports"}
OTHER_FOLDERS = {"cache", "studies", "contest", "checkpoints", "tensorboard", "lecture", "bench.json", "scaling.json"}
OWN_FOLDERS = MAIN_FOLDERS | OTHER_FOLDERS


@dataclass(frozen=True)
class Region:
    """masks: files of pictures whose pixels that are not black belong to it.   box: left, top, right, bottom, pixels.

    fill: what lies around it becomes its mean; else it stays.
    """

    masks: tuple["PictureFile", ...] = ()
    box: tuple[float, float, float, float] | None = None
    fill: bool = True


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A file that may be a picture.

    parts: folders and file name below the root.   read: returns its bytes; raises OSError and the like.
    class_name, split: where known ("" if not); split is train, validation or test.
    left_out: why it is not looked into, "" if it is; it is listed all the same, so that it can be reported.
    group: the name of what must stay together, where a table gives it.
    remarks: how it was found, where that is worth telling, in words that follow a number of files.
    region: the part of it that counts, if not all does.
    stamp: another one if the content is another one; "" for a member of an archive, which has its own.
    """

    parts: tuple[str, ...]
    read: Callable[[], bytes]
    class_name: str = ""
    split: str = ""
    left_out: str = ""
    stamp: str = ""
    group: str = ""
    remarks: tuple[str, ...] = ()
    region: Region | None = None

    @property
    def suffix(self) -> str:
        """In small letters, with its dot."""
        return os.path.splitext(self.parts[-1])[1].lower()

    @property
    def stem(self) -> str:
        """The name without suffix."""
        return os.path.splitext(self.parts[-1])[0]

    @property
    def is_picture(self) -> bool:
        """By its name, if it is to be looked into."""
        return not self.left_out and self.suffix in formats_of_suffix()

    def travel(self) -> "PictureFile":
        """For another process: what is no file of its own is read here and now."""
        region = self.region and replace(self.region, masks=tuple(mask.travel() for mask in self.region.masks))
        if self.stamp:
            return replace(self, region=region)
        try:
            return replace(self, read=partial(bytes, self.read()), region=region)
        except Exception as error:
            return replace(self, read=partial(fail, OSError(str(error))), region=region)

    def matched(self, pattern: str) -> str:
        """What a regular expression's first group that matches, or all of it, is in the path; "" where nothing is."""
        match = re.search(composed(pattern), composed("/".join(self.parts)))
        return "" if match is None else next(filter(None, match.groups() or [match[0]]), "")

    def remarked(self, *remarks: str) -> "PictureFile":
        return replace(self, remarks=(*self.remarks, *remarks))

    @property
    def path(self) -> str:
        return printable("/".join(self.parts))


def as_class_name(text: str) -> str:
    return printable(composed(text))


def composed(text: str) -> str:
    """A letter with its accent is one character on some systems and two on others."""
    return unicodedata.normalize("NFC", text)


def printable(text: str) -> str:
    """File names may hold bytes that are no UTF-8, and commands to a terminal; spelled out, they do no harm."""
    return "".join(c if c.isprintable() or c in JOINERS else ascii(c)[1:-1] for c in text)


def is_visible(name: str) -> bool:
    return not name.startswith(".") and name.lower() not in NEVER_PICTURES


def is_own_output(names: Iterable[str]) -> bool:
    """Whether a folder with these names in it is an artifacts folder: by our mark, or since it holds nothing else."""
    found = set(names)
    visible = {name for name in found if is_visible(name)}
    return OWN_MARK in found or (bool(visible & MAIN_FOLDERS) and visible <= OWN_FOLDERS)


def check_size(n_bytes: int) -> None:
    """Raises OSError if that is no size for a picture."""
    if n_bytes > MAX_FILE_BYTES:
        raise OSError(f"{n_bytes:,} bytes are over the limit of {MAX_FILE_BYTES:,} for one file")


def fail(error: Exception) -> bytes:
    """The reader of what cannot be read."""
    raise error


def read_plain_file(path: str) -> bytes:
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
        raise OSError("not a plain file")
    check_size(status.st_size)
    with open(path, "rb", buffering=0) as file:
        return file.read()


def stamp_now(path: str | Path) -> str:
    """Changes when the file is written to or replaced, even by one of the same size and age, or its rights change; ""
    if it cannot be looked at."""
    try:
        status = os.stat(path)
    except OSError:
        return ""
    return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}"


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
