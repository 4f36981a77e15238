"""Many families' features side by side, and several sets of pictures one below the other, without copying them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from bakeoff.pipelines.classic.matrix.feature_store import as_tensor
from bakeoff.pipelines.classic.matrix.standardize import Standardizer, standardize

IN_MEMORY_BYTES = 3 << 30  # solvers read features dozens of times; putting rows together costs as much as using them


@dataclass(frozen=True)
class FeatureMatrix:
    """A matrix of blocks, perhaps memory-mapped, that is put together only for the rows that are asked for.

    blocks: rows of blocks; blocks[i][j] has shape (n_i, d_j), any float dtype.
    factors: one a column of blocks, multiplied with its values; () is 1 for all.
    standardizer: applied to every row on its way out, if given.
    Raises ValueError if the blocks do not form a rectangle.
    """

    blocks: Sequence[Sequence[np.ndarray]]
    factors: tuple[float, ...] = ()
    standardizer: Standardizer | None = None

    def __post_init__(self) -> None:
        widths = {tuple(block.shape[1] for block in row) for row in self.blocks}
        heights = [{len(block) for block in row} for row in self.blocks]
        if len(widths) != 1 or any(len(height) != 1 for height in heights):
            shapes = [[block.shape for block in row] for row in self.blocks]
            raise ValueError(f"blocks must form a rectangle, got shapes {shapes}")
        if self.factors and len(self.factors) != len(self.blocks[0]):
            raise ValueError(f"factors must be one for each of {len(self.blocks[0])} blocks, got {len(self.factors)}")

    @property
    def shape(self) -> tuple[int, int]:
        return sum(len(row[0]) for row in self.blocks), sum(block.shape[1] for block in self.blocks[0])

    @cached_property
    def _tensors(self) -> list[list[torch.Tensor]]:
        return [[as_tensor(block) for block in row] for row in self.blocks]

    def __len__(self) -> int:
        return self.shape[0]

    def in_memory(self, max_bytes: int = IN_MEMORY_BYTES) -> FeatureMatrix | torch.Tensor:
        """The matrix put together once and for all if that takes at most max_bytes, else as it is."""
        n, d = self.shape
        return self[:] if 4 * n * d <= max_bytes else self

    def __getitem__(self, rows: slice) -> torch.Tensor:
        """float32 (n_rows, d) for a slice with step 1."""
        start, stop, step = rows.indices(len(self))
        if step != 1:
            raise ValueError(f"rows must be a slice with step 1, got {rows}")
        return self.panel(slice(start, max(start, stop)), slice(0, self.shape[1]))

    def panel(self, rows: slice, columns: slice) -> torch.Tensor:
        """float32 (n_rows, n_columns), for slices with both ends given and step 1."""
        result = torch.empty(rows.stop - rows.start, columns.stop - columns.start)
        above = 0
        for row in self._tensors:
            inside, place = overlap(rows, above, len(row[0]))
            if inside.start < inside.stop:
                self._fill(result[place], row, inside, columns)
            above += len(row[0])
        return result if self.standardizer is None else standardize(result, self.standardizer, columns)

    def _fill(self, target: torch.Tensor, row: list[torch.Tensor], rows: slice, columns: slice) -> None:
        left = 0
        for block, factor in zip(row, self.factors or (1.0,) * len(row), strict=True):
            inside, place = overlap(columns, left, block.shape[1])
            if inside.start < inside.stop:
                target[:, place].copy_(block[rows, inside])
                if factor != 1:
                    target[:, place] *= factor
            left += block.shape[1]


def overlap(wanted: slice, first: int, length: int) -> tuple[slice, slice]:
    """Which part of a block at first .. first + length is wanted, and where in the wanted it goes."""
    start, stop = max(wanted.start, first), min(wanted.stop, first + length)
    return slice(start - first, stop - first), slice(start - wanted.start, stop - wanted.start)
