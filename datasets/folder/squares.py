"""Pictures framed as squares - the middle of each, or all of it - and brought to one size, many at a time.

One resize for every file format, so that no class can be told by the format of its files.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

PIECE_BYTES = 1 << 20  # resized at once: what stays in the second-level cache
GRAYS = 4
MIDDLE, WHOLE = "middle", "whole"  # frames: the largest centered square, or all of a picture, squeezed into one


def central_square(pixels: np.ndarray) -> np.ndarray:
    """(h, w, channels) -> (side, side, channels): the middle of the longer side, rounded to the left and up.

    What is cut off is not held on to: a copy, unless it is nothing.
    """
    height, width = pixels.shape[:2]
    if height == width:
        return pixels
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side].copy()


def framed(pixels: np.ndarray, frame: str) -> np.ndarray:
    """(height, width, channels): what a frame leaves, still to be resized."""
    return pixels if frame == WHOLE else central_square(pixels)


def resize_squares(squares: Sequence[np.ndarray] | np.ndarray, image_size: int) -> np.ndarray:
    """Bilinear with antialiasing: within 2 of Pillow's, in a fifth of its time where many squares have one side.

    squares: each uint8 (height, width, channels or 1), of any size; others than squares are squeezed into one.
    Returns uint8 (n, image_size, image_size, channels); of gray ones among others all channels are equal.
    """
    n_channels = max((square.shape[2] for square in squares), default=3)
    resized = np.empty((len(squares), image_size, image_size, n_channels), dtype=np.uint8)
    rows_of: dict[tuple[int, ...], list[int]] = {}
    for row, square in enumerate(squares):
        rows_of.setdefault(square.shape, []).append(row)
    for (height, width, n), alike in rows_of.items():
        step = max(1, PIECE_BYTES // (height * width * n)) * (GRAYS if n == 1 else 1)
        for start in range(0, len(alike), step):
            rows = alike[start : start + step]
            piece = [squares[row] for row in rows]
            if height == width == image_size:
                resized[rows] = piece
            else:
                resized[rows] = _resize_gray(piece, image_size) if n == 1 else _resize(np.stack(piece), image_size)
    return resized


def _resize_gray(squares: Sequence[np.ndarray], image_size: int) -> np.ndarray:
    """Four as the channels of one, which torch is many times faster at, with the same result."""
    fours = [[*squares[start : start + GRAYS]] for start in range(0, len(squares), GRAYS)]
    merged = np.stack([cv2.merge(four + four[:1] * (GRAYS - len(four))) for four in fours])
    resized = _resize(merged, image_size)  # (n / 4, image_size, image_size, 4)
    return np.moveaxis(resized, 3, 1).reshape(-1, image_size, image_size, 1)[: len(squares)]


def _resize(stack: np.ndarray, image_size: int) -> np.ndarray:
    from torch import from_numpy  # here, for it takes a second to import and only folders of pictures need it
    from torch.nn.functional import interpolate

    channels_first = from_numpy(stack).permute(0, 3, 1, 2)  # a view, whose layout in memory torch is fastest at
    resized = interpolate(channels_first, (image_size, image_size), mode="bilinear", antialias=True)
    return resized.permute(0, 2, 3, 1).numpy()
