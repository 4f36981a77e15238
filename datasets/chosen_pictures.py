"""Lazy selection of pictures from a large array: choosing copies nothing, reading does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

BLOCK_VALUES = 1 << 24  # pixel values that are read together, to keep memory flat


@dataclass(frozen=True)
class ChosenPictures:
    """images: uint8 (n, height, width, channels), perhaps the map of a file.   rows: int64 (m,), those chosen.

    n_channels: of them; the first ones. What a slice or an array of indices gives is a copy in memory.
    """

    images: np.ndarray
    rows: np.ndarray
    n_channels: int

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        _, height, width, _ = self.images.shape
        return len(self), height, width, self.n_channels

    def __getitem__(self, chosen: int | slice | np.ndarray) -> np.ndarray:
        return self.images[self.rows[chosen]][..., : self.n_channels]


Pictures = np.ndarray | ChosenPictures


def choose(images: Pictures, rows: np.ndarray) -> ChosenPictures:
    """The pictures at these indices, of an array or of some that were chosen before."""
    if isinstance(images, ChosenPictures):
        return ChosenPictures(images.images, images.rows[rows], images.n_channels)
    return ChosenPictures(images, rows, images.shape[3])


def blocks_of(images: Pictures) -> Iterator[tuple[int, np.ndarray]]:
    """All pictures, a block at a time, each with the index of its first one."""
    step = max(1, BLOCK_VALUES // int(np.prod(images.shape[1:])))
    for start in range(0, len(images), step):
        yield start, images[start : start + step]
