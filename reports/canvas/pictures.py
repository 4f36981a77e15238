"""Pictures as PNG, one or many in rows."""

import io

import numpy as np
from PIL import Image


def to_bytes(picture: np.ndarray) -> np.ndarray:
    """uint8 (h, w, 1 or 3) of one picture; floats are stretched to their own range.

    Floats that take both signs keep zero at middle gray, so that a weight of zero looks like one.
    """
    if picture.dtype == np.uint8:
        return picture
    low, high = float(picture.min()), float(picture.max())
    if low < 0 < high:
        high = max(-low, high)
        low = -high
    return np.round(255 * (picture - low) / max(high - low, 1e-12)).astype(np.uint8)


def visible(picture: np.ndarray) -> np.ndarray:
    """(h, w, channels) as gray or RGB: of more than three channels the first three, of two the first."""
    return picture if picture.shape[-1] in (1, 3) else picture[..., : 3 if picture.shape[-1] > 3 else 1]


def encode_png(picture: np.ndarray, *, max_side: int) -> bytes:
    """PNG of uint8 (h, w, 1, 3 or 4), made smaller if a side is longer than `max_side`."""
    image = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
    if max(image.size) > max_side:
        image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def montage(pictures: np.ndarray, n_columns: int, *, gap: int = 1, scale: int = 1) -> np.ndarray:
    """uint8 RGBA of pictures in rows, with transparent gaps; each pixel becomes scale x scale.

    pictures: (n, h, w, c), uint8 or float, c = 1 or 3 (of other counts the mean is shown).
    """
    if pictures.shape[-1] not in (1, 3):
        pictures = pictures.mean(axis=-1, keepdims=True)
    n, height, width = (pictures.shape[0], scale * pictures.shape[1], scale * pictures.shape[2])
    n_rows = -(-n // n_columns)
    sheet = np.zeros((n_rows * (height + gap) - gap, n_columns * (width + gap) - gap, 4), np.uint8)
    for index, picture in enumerate(pictures):
        top, left = index // n_columns * (height + gap), index % n_columns * (width + gap)
        large = to_bytes(picture).repeat(scale, axis=0).repeat(scale, axis=1)
        sheet[top : top + height, left : left + width, :3] = large
        sheet[top : top + height, left : left + width, 3] = 255
    return sheet
