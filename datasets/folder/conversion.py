"""A decoded picture of any mode -> an upright one of 8-bit RGB; and what had to be done to it, for the report."""

import io

import numpy as np
from PIL import Image, ImageCms, ImageOps

EXIF_ORIENTATION = 0x0112
# What was done, in words that follow a number: "3 turned upright as EXIF says".
TURNED = "turned upright as EXIF says"
ON_WHITE = "transparent, laid on white"
PROFILE = "with a color profile, brought to sRGB"
PROFILE_ASIDE = "with a color profile, left aside since black and white were measured or set"
CUT_OFF = "with over 5 % of its pixels beyond black or white"
NO_NUMBERS = "with pixels that are no finite number, shown black or white"
FIRST_FRAME = "of several frames or pages, the first taken"
ENLARGED = "smaller than asked for, enlarged"
MODES = {"1": "of 1 bit", "P": "with a palette", "PA": "with a palette"}
MODES |= {mode: f"in {mode}, brought to RGB" for mode in ("CMYK", "LAB", "YCbCr", "HSV")}


class PictureError(ValueError):
    """A file that cannot be used as a picture; the message says why."""

    fault = "unusable"


class NotAPictureError(PictureError):
    """A file whose content is in no picture format that we read."""

    fault = "no picture"


class UnreadableError(PictureError):
    """A file whose bytes cannot be had: another time, or for another user, they might be."""

    fault = "unreadable"


def is_animated(image: Image.Image) -> bool:
    """Asked after the first frame was read: looking for a second one moves the file on, and may find it damaged."""
    try:
        return image.format not in ("JPEG", "MPO") and bool(getattr(image, "is_animated", False))
    except Exception:  # a damaged second frame says nothing about the first
        return False


def turn_upright(image: Image.Image) -> tuple[Image.Image, list[str]]:
    try:
        orientation = image.getexif().get(EXIF_ORIENTATION)
    except Exception:  # garbled EXIF: the pixels are sound, and viewers show such a picture as it is stored
        return image, []
    return (ImageOps.exif_transpose(image), [TURNED]) if orientation in range(2, 9) else (image, [])


def to_rgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """Gray pictures stay gray."""
    image, remarks = to_srgb(image, image.info.get("icc_profile"))
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layer = image.convert("RGBA")
        seen_through = np.asarray(layer.getchannel("A")).min() < 255
        on_white = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
        return on_white.convert("RGB"), [*remarks, *([ON_WHITE] if seen_through else [])]
    return image.convert("L" if image.mode in ("1", "L") else "RGB"), remarks


def is_srgb(profile: bytes) -> bool:
    """By its description, which is ASCII or UTF-16."""
    return b"sRGB" in profile or "sRGB".encode("utf-16-be") in profile


def to_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, list[str]]:
    """By its profile, if it has one of its own kind of pixels: of colors or, where they are gray, of gray."""
    if not profile or image.mode not in ("L", "RGB", "RGBA", "CMYK") or is_srgb(profile):
        return image, []
    try:
        source, target = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        changed = ImageCms.profileToProfile(image, source, target, outputMode=mode) or image
    except (OSError, ValueError, ImageCms.PyCMSError):  # garbled, or of another kind of pixels: shown as stored
        return image, []
    return changed.getchannel("G") if image.mode == "L" else changed, [PROFILE]


def levels_to_srgb(levels: np.ndarray, profile: bytes | None, *, is_stated: bool) -> tuple[np.ndarray, list[str]]:
    """uint8 (height, width, channels) of a deep picture; by its profile if black and white are those that it is for."""
    if not profile or levels.shape[2] not in (1, 3) or is_srgb(profile):
        return levels, []
    if not is_stated:
        return levels, [PROFILE_ASIDE]
    image, remarks = to_srgb(Image.fromarray(levels if levels.shape[2] == 3 else levels[..., 0]), profile)
    return np.atleast_3d(np.asarray(image)), remarks
