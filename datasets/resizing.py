"""The pictures of a data set at a smaller size: the same task, for methods that try several sizes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.datasets.folder.squares import resize_squares
from bakeoff.datasets.folder.store import Memory, Store

VERSION = 1  # raise it when a change of code changes the pixels
BLOCK = 500  # pictures resized at once
SIZES = (32, 64, 128, 224)  # sides in pixels that are worth telling apart; each costs three to four times the last


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
        return {name: _resize(split.images, side, store or Memory()) for name, split in dataset.splits.items()}

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
    return _resize(images, side, Memory()).reshape(len(images), side, side, -1)


def _resize(images: np.ndarray, side: int, store: Store) -> np.ndarray:
    rows = store.allocate((len(images), side * side * images.shape[3]), np.dtype(np.uint8))
    for start in range(0, len(images), BLOCK):
        block = resize_squares(images[start : start + BLOCK], side)
        rows[start : start + len(block)] = block.reshape(len(block), -1)
    return rows


def sizes_to_try(dataset: Dataset) -> tuple[int, ...]:
    """Sides in pixels, smallest first, the last one as loaded."""
    own = min(dataset.image_shape[:2])
    return (*(size for size in SIZES if size <= own * 3 // 4), own)
