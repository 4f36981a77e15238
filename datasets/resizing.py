"""Pictures framed as squares - the middle of each, or all of it - and brought to one size; data sets at a smaller one.

One resize for every file format, so that no class can be told by the format of its files.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.datasets.store import Memory, Store

PIECE_BYTES = 1 << 20  # resized at once: what stays in the second-level cache
GRAYS = 4
MIDDLE, WHOLE = "middle", "whole"  # frames: the largest centered square, or all of a picture, squeezed into one
VERSION = 1  # raise it when a change of code changes the pixels
BLOCK = 500  # pictures resized at once
SIZES = (32, 64, 128, 224)  # sides in pixels that are worth telling apart; each costs three to four times the last


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
    merged = np.empty((len(fours), *squares[0].shape[:2], GRAYS), dtype=np.uint8)
    for four, place in zip(fours, merged, strict=True):
        cv2.merge(four + four[:1] * (GRAYS - len(four)), place)
    resized = _resize(merged, image_size)  # (n / 4, image_size, image_size, 4)
    return np.moveaxis(resized, 3, 1).reshape(-1, image_size, image_size, 1)[: len(squares)]


def _resize(stack: np.ndarray, image_size: int) -> np.ndarray:
    from torch import from_numpy  # here, for it takes a second to import and only folders of pictures need it
    from torch.nn.functional import interpolate

    channels_first = from_numpy(stack).permute(0, 3, 1, 2)  # a view, whose layout in memory torch is fastest at
    resized = interpolate(channels_first, (image_size, image_size), mode="bilinear", antialias=True)
    return resized.permute(0, 2, 3, 1).numpy()


def resize_dataset(dataset: Dataset, side: int, store: Store | None = None) -> Dataset:
    """The data set with pictures of side x side pixels, bilinear with antialiasing; itself if they have that size.

    store: keeps the smaller pictures on disk; None holds them in memory.
    What was learned of the result is saved as an answer to the same task: its `task_fingerprint` is the data set's own.
    Raises ValueError if the pictures would have to be enlarged.
    """
    height, width, n_channels = dataset.image_shape
    if side == height == width:
        return dataset
    if side > min(height, width):
        raise ValueError(f"pictures of {width} x {height} pixels hold no more than that: got a size of {side}")

    def compute() -> dict[str, np.ndarray]:
        return {name: _resize_all(split.images, side, store or Memory()) for name, split in dataset.splits.items()}

    inputs = {"data": dataset.fingerprint(), "side": side}
    kept = (store or Memory()).get_or_compute("resized pictures", version=VERSION, inputs=inputs, compute=compute)
    shape = (-1, side, side, n_channels)
    train, validation, test = (
        replace(split, images=np.asarray(kept.arrays[name]).reshape(shape)) for name, split in dataset.splits.items()
    )
    return replace(dataset, train=train, validation=validation, test=test, task=dataset.task_fingerprint())


def bring_to_size(images: np.ndarray, side: int) -> np.ndarray:
    """uint8 (n, h, w, channels) -> (n, side, side, channels), as `resize_dataset` does; themselves if they have it."""
    if images.shape[1:3] == (side, side):
        return images
    return _resize_all(images, side, Memory()).reshape(len(images), side, side, -1)


def _resize_all(images: np.ndarray, side: int, store: Store) -> np.ndarray:
    rows = store.allocate((len(images), side * side * images.shape[3]), np.dtype(np.uint8))
    for start in range(0, len(images), BLOCK):
        block = resize_squares(images[start : start + BLOCK], side)
        rows[start : start + len(block)] = block.reshape(len(block), -1)
    return rows


def sizes_to_try(dataset: Dataset) -> tuple[int, ...]:
    """Sides in pixels, smallest first, the last one as loaded."""
    own = min(dataset.image_shape[:2])
    return (*(size for size in SIZES if size <= own * 3 // 4), own)
