"""A picture file as people have them -> a square of uint8 RGB.

It is judged by its content, not its extension. What is wrong with it comes back as a reason, never as a crash.
"""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError, features

from bakeoff.datasets.folder.conversion import (
    CUT_OFF,
    ENLARGED,
    FIRST_FRAME,
    MODES,
    NO_NUMBERS,
    ON_WHITE,
    NotAPictureError,
    PictureError,
    is_animated,
    levels_to_srgb,
    to_rgb,
    turn_upright,
)
from bakeoff.datasets.folder.fits import open_fits
from bakeoff.datasets.folder.picture_file import NOT_READ, REFUSED, SNIFFED, formats_of_suffix
from bakeoff.datasets.folder.readers import decode_plain_jpeg, open_array, open_deep, open_plain_tiff, quality_of_jpeg
from bakeoff.datasets.folder.samples import Raw, Rules, choose_channels, share_beyond, to_gray_levels
from bakeoff.datasets.folder.tiff import open_tiff
from bakeoff.datasets.resizing import framed

CODECS = ("pil", "jpg", "libjpeg_turbo", "webp", "avif", "jpg_2000", "libtiff")  # as `PIL.features` calls them
VERSION = 15  # raise it when a change of code changes pixels, reasons or remarks
AS_STATED = Rules()
LARGEST_SHARE_BEYOND = 0.05  # of a picture's values: less is cut off from each that has a bright spot
Cut = Callable[[np.ndarray], tuple[np.ndarray, list[str]]]
"""(height, width, channels) of any numbers -> the part that is taken, and remarks."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found about a file: why it cannot be used; or its format, as Pillow calls it, and what was done to it.

    fault: of a `PictureError`, "" without one.
    remarks: beyond cropping and resizing, in the words of `bakeoff.datasets.folder.conversion`.
    kind: of its samples, as in `Raw`: "" where they are of 8 bits, whose white needs no looking for.
    facts: by which a class could be told without a look at the picture, such as its size, in words that follow "is".
    """

    fault: str = ""
    reason: str = ""
    file_format: str = ""
    remarks: tuple[str, ...] = ()
    kind: str = ""
    facts: tuple[str, ...] = ()


Decoded = tuple[np.ndarray, Outcome]
"""Pixels, uint8 (height, width, 1 if gray, else 3, or more if named), as the frame leaves them; and what was done."""


def decode(content: bytes, rules: Rules = AS_STATED, suffix: str = "", cut: Cut | None = None) -> Decoded:
    """One file's picture: upright, on white where transparent, in its frame, still to be resized.

    suffix: of the file's name, with its dot, for the formats that cannot be told by content.
    cut: makes a square of the whole picture, in place of the frame.
    Raises PictureError with the reason if the file is empty, truncated, damaged, too large or no picture.
    A large JPEG is decoded at half, a quarter or an eighth of its size where that still is at least the image size.
    """
    plain = None if rules.channels or cut else decode_plain_jpeg(content, rules.image_size, rules.max_pixels)
    if plain is not None:
        pixels, size = plain
        remarks = (ENLARGED,) if min(size) < rules.image_size else ()
        facts = _facts(size, quality_of_jpeg(content))
        return framed(pixels, rules.frame), Outcome(file_format="JPEG", remarks=remarks, facts=facts)
    with _open(content, rules, suffix) as picture:
        if not isinstance(picture, Raw):
            return _decode_opened(picture, content, rules, cut)
        return _decode_raw(picture, rules, cut)


def read_mask(content: bytes, rules: Rules, suffix: str) -> np.ndarray:
    """bool (height, width): what is not black; of a JPEG, which blurs edges, what is nearer to white."""
    with _open(content, rules, suffix) as picture:
        if isinstance(picture, Raw):
            return np.asarray((picture.read()[..., : picture.n_channels] != 0).any(axis=2))
        image = turn_upright(picture)[0]
        levels = np.atleast_3d(np.asarray(image if image.mode in ("1", "L", "P") else image.convert("RGB")))
        if levels.min() == 1 and levels.max() <= 3:  # a trimap, as Oxford's pets have them: 2 is the background
            return np.asarray((levels != 2).any(axis=2))
        return np.asarray((levels > (127 if picture.format == "JPEG" else 0)).any(axis=2))


def read_samples(content: bytes, rules: Rules, suffix: str = "") -> np.ndarray:
    """A deep picture's own values, any numbers (n_pixels, n_channels), without alpha. Raises what `decode` raises."""
    with _open(content, rules, suffix) as picture:
        if not isinstance(picture, Raw):
            raise PictureError("of 8 bits")
        return picture.read()[..., : picture.n_channels].reshape(-1, picture.n_channels)


def measure(content: bytes, rules: Rules, suffix: str) -> tuple[tuple[int, int], int]:
    """Both sides in pixels and the number of channels, 3 at least, by the file's header. Raises PictureError."""
    with _open(content, rules, suffix) as picture:
        return (picture.sides, max(3, picture.n_channels)) if isinstance(picture, Raw) else (picture.size, 3)


@contextmanager
def _open(content: bytes, rules: Rules, suffix: str) -> Iterator[Raw | Image.Image]:
    """The picture by whoever reads it best; whatever goes wrong until it is closed becomes a PictureError."""
    if not content:
        raise NotAPictureError("empty file")
    try:
        raw = (
            open_plain_tiff(content, rules.max_pixels)
            or open_tiff(content, rules)
            or open_array(content, rules, suffix)
        )
        if raw is not None:
            yield raw
            return
        with Image.open(io.BytesIO(content), formats=_formats(suffix)) as image:
            if image.width * image.height > rules.max_pixels:
                raise Image.DecompressionBombError
            yield open_fits(image, content, rules) or open_deep(image, content) or image
    except PictureError:
        raise
    except UnidentifiedImageError as error:
        if suffix.lower() in NOT_READ:
            raise PictureError(f"{suffix[1:]} is not read here: save it as PNG, TIFF or JPEG") from error
        raise NotAPictureError("not a picture in a format that is read here") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(f"over the limit of {rules.max_pixels:,} pixels") from error
    except Exception as error:  # decoders raise anything on damaged files: SyntaxError, struct.error, IndexError ...
        raise PictureError(f"damaged: {' '.join(str(error).split()) or type(error).__name__}") from error


def _take(pixels: np.ndarray, rules: Rules, cut: Cut | None) -> tuple[np.ndarray, list[str]]:
    """The part of a picture that is taken, and remarks."""
    taken, remarks = cut(pixels) if cut else (framed(pixels, rules.frame), [])
    return taken, [*remarks, *([ENLARGED] if min(taken.shape[:2]) < rules.image_size else [])]


@cache
def _facts(sides: tuple[int, int], quality: int = 0) -> tuple[str, ...]:
    """The size, and what the shorter side is between: a class that is shrunk more looks sharper. Of a JPEG, how much it
    was compressed, too, for that leaves traces."""
    low = 1 << (min(sides).bit_length() - 1)
    sizes = f"{sides[0]} x {sides[1]} px", f"of {low} to {2 * low - 1} px on the short side"
    return (*sizes, f"JPEG of quality {quality}") if quality else sizes


def _facts_of_raw(raw: Raw, values: np.ndarray) -> Iterator[str]:
    """Its pages, of which the maximum is brighter where there are more; and how much of the depth is used."""
    if raw.n_pages > 1:
        yield f"of {raw.n_pages} pages"
    if raw.kind:
        finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        exponent = min(int(np.frexp(float(finite.max(initial=0)))[1]), 1022)  # of the largest power that is a float
        yield f"of values below {4.0 ** -(-exponent // 2):,g}"


def _decode_raw(raw: Raw, rules: Rules, cut: Cut | None) -> Decoded:
    ranges = raw.ranges(rules)  # before anything is read: it may not be known yet
    values = raw.read()
    facts = *_facts(raw.sides), *_facts_of_raw(raw, values)
    taken, about_part = _take(values, rules, cut)
    remarks = [*raw.remarks, *about_part]
    remarks += [NO_NUMBERS] if raw.dtype.kind == "f" and not np.isfinite(taken).all() else []
    shown, alpha = taken[..., : raw.n_channels], taken[..., raw.n_channels :]
    remarks += [CUT_OFF] if raw.kind and share_beyond(shown, ranges) > LARGEST_SHARE_BEYOND else []
    levels = to_gray_levels(shown, ranges)
    levels, about_colors = levels_to_srgb(levels, raw.profile, is_stated=ranges == (raw.stated,))
    pixels, about_channels = choose_channels(levels, rules.channels)
    if alpha.shape[2]:
        share = (alpha / (1 if raw.dtype.kind == "f" else 2**raw.bits - 1)).clip(0, 1)
        pixels = np.rint(pixels * share + 255 * (1 - share)).astype(np.uint8)
        remarks += [ON_WHITE] if share.min() < 1 else []
    if raw.kind:
        remarks.append(f"of {raw.kind} samples, brought to 8 bits")
    return pixels, Outcome("", "", raw.file_format, (*remarks, *about_colors, *about_channels), raw.kind, facts)


def _decode_opened(image: Image.Image, content: bytes, rules: Rules, cut: Cut | None) -> Decoded:
    remarks, is_jpeg = [MODES[image.mode]] if image.mode in MODES else [], image.format in ("JPEG", "MPO")
    facts = _facts(image.size, quality_of_jpeg(content) if is_jpeg else 0)
    if is_jpeg and cut is None:
        image.draft("RGB", rules.shape[:2])
    image.load()
    upright, turned = turn_upright(image)
    rgb, changed = to_rgb(upright)
    pixels, about_part = _take(np.atleast_3d(np.asarray(rgb)), rules, cut)
    remarks += [*turned, *changed, *([FIRST_FRAME] if is_animated(image) else []), *about_part]
    if rules.channels:
        is_gray = image.mode in ("LA", "La")
        pixels, chosen = choose_channels(pixels[..., :1] if is_gray else pixels, rules.channels)
        remarks += chosen
    return pixels, Outcome(file_format=image.format or "", remarks=tuple(remarks), facts=facts)


def decoder_versions() -> dict[str, str | int | None]:
    """Whatever may change the pixels of a file, or whether it can be read."""
    libraries = {name: features.version(name) for name in CODECS}
    others = {"opencv": cv2.__version__, "torch": version("torch"), "tifffile": version("tifffile")}
    return {"decode": VERSION, **others, **libraries}


@cache
def _formats(suffix: str) -> list[str]:
    """Those that a file's content tells, and the one that its name says."""
    named = formats_of_suffix().get(suffix.lower(), ())[:1]
    believed = [name for name in named if name not in (*SNIFFED, *REFUSED)]
    return [name for name in (*SNIFFED, *believed) if name in Image.OPEN]  # AVIF and WebP: as Pillow was built


@contextmanager
def pillow_limits(max_pixels: int) -> Iterator[None]:
    """Make Pillow refuse pictures inside pictures by our limit, and keep its other warnings to itself.

    This also covers frames that are larger than the header says, which `decode` alone does not see.
    """
    before = Image.MAX_IMAGE_PIXELS
    try:
        with warnings.catch_warnings():
            limit_pillow(max_pixels)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def limit_pillow(max_pixels: int) -> None:
    """The same for good, in a process that does nothing else."""
    Image.MAX_IMAGE_PIXELS = max_pixels
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
