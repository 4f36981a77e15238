"""A matrix that is written to disk row by row as it is made, so that memory does not grow with its rows."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from bakeoff.pipelines.results.files import remove_left_overs

FILLING = ".filling-"  # begins the name of a file that is being filled, and of its lock


@dataclass(frozen=True)
class StoredRows:
    """An `.npy` file of a given shape, filled by `stored[first:last] = rows`, which any thread may do.

    Written, not memory-mapped: pages of a map would count as the memory of the process that dirtied them.
    """

    path: Path
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    offset: int  # bytes of the header
    lock: FileLock  # held until the file is moved, by a process that lives

    def __setitem__(self, rows: slice, values: np.ndarray) -> None:
        """Raises ValueError if the values do not fit the rows or the columns."""
        start, stop, _ = rows.indices(self.shape[0])
        if values.shape != (stop - start, self.shape[1]):
            raise ValueError(f"values must have shape {(stop - start, self.shape[1])}, got {values.shape}")
        with open(self.path, "r+b") as file:
            file.seek(self.offset + start * self.shape[1] * self.dtype.itemsize)
            file.write(np.ascontiguousarray(values, self.dtype).data)

    def move(self, place: Path) -> None:
        """To its place, once it is filled."""
        os.rename(self.path, place)
        self.lock.release()
        Path(self.lock.lock_file).unlink(missing_ok=True)


def create_stored_rows(folder: Path, shape: tuple[int, int], dtype: np.dtype[Any]) -> StoredRows:
    """A file of zeros, which takes no room until it is written. What killed processes were filling there goes first."""
    folder.mkdir(parents=True, exist_ok=True)
    remove_left_overs(folder, FILLING)
    path = folder / f"{FILLING}{secrets.token_hex(8)}.npy"
    lock = FileLock(f"{path}.lock", thread_local=False)  # whichever thread moves the file releases it
    lock.acquire()
    np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    offset = path.stat().st_size - shape[0] * shape[1] * dtype.itemsize
    return StoredRows(path, shape, dtype, offset, lock)
