"""A matrix that is written to disk row by row as it is made, so that memory does not grow with its rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class StoredRows:
    """An `.npy` file of a given shape, filled by `stored[first:last] = rows`, which any thread may do.

    Written, not memory-mapped: pages of a map would count as the memory of the process that dirtied them.
    """

    path: Path
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    offset: int  # bytes of the header

    def __setitem__(self, rows: slice, values: np.ndarray) -> None:
        """Raises ValueError if the values do not fit the rows or the columns."""
        start, stop, _ = rows.indices(self.shape[0])
        if values.shape != (stop - start, self.shape[1]):
            raise ValueError(f"values must have shape {(stop - start, self.shape[1])}, got {values.shape}")
        with open(self.path, "r+b") as file:
            file.seek(self.offset + start * self.shape[1] * self.dtype.itemsize)
            file.write(np.ascontiguousarray(values, self.dtype).data)


def create_stored_rows(path: Path, shape: tuple[int, int], dtype: np.dtype[Any]) -> StoredRows:
    """A file of zeros, which takes no room until it is written."""
    np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    offset = path.stat().st_size - shape[0] * shape[1] * dtype.itemsize
    return StoredRows(path, shape, dtype, offset)
