"""Large arrays of pictures: chosen without a copy, and kept where a store keeps them.

`pipelines.machine.cache.Cache` is a store, `Memory` keeps nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol

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


def blocks_of(images: Pictures, n_values: int | None = None) -> Iterator[tuple[int, np.ndarray]]:
    """All pictures, blocks of at most so many values (BLOCK_VALUES), each with the index of its first one."""
    step = max(1, (n_values or BLOCK_VALUES) // int(np.prod(images.shape[1:])))
    for start in range(0, len(images), step):
        yield start, images[start : start + step]


class Store(Protocol):
    """A place for large arrays. An entry's name is its stage, version and inputs (plain values)."""

    def get_or_compute(
        self, stage: str, *, version: int, inputs: Mapping[str, Any], compute: Callable[[], Mapping[str, Any]]
    ) -> Any:
        """Its `arrays` are what was computed, in memory, or maps of files that cannot be written to."""

    def allocate(self, shape: tuple[int, int], dtype: np.dtype[Any]) -> Any:
        """A matrix to be filled by `matrix[first:last] = rows` and returned by `compute`."""

    def remove(self, stage: str, *, version: int, inputs: Mapping[str, Any]) -> None:
        """Forget an entry, if there is one."""


class Memory:
    """A `Store` that keeps nothing for later."""

    def get_or_compute(self, stage: str, *, compute: Callable[[], Mapping[str, Any]], **_: Any) -> Any:
        return SimpleNamespace(arrays=compute())

    def allocate(self, shape: tuple[int, int], dtype: np.dtype[Any]) -> np.ndarray:
        return np.zeros(shape, dtype)

    def remove(self, stage: str, **_: Any) -> None:
        pass
