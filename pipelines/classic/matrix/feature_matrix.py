"""Many families' features side by side, and several sets of pictures one below the other, without copying them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from bakeoff.pipelines.classic.matrix.feature_store import as_tensor
from bakeoff.pipelines.classic.matrix.standardize import Standardizer, standardize
from bakeoff.pipelines.machine.device import CPU, bytes_to_hold
from bakeoff.pipelines.machine.tracing import is_exporting

IN_MEMORY_BYTES = 3 << 30  # solvers read features dozens of times; putting rows together costs as much as using them
# Times the root mean square of a vector of unit length: of the values of Fisher vectors, 1 in 100,000 lies beyond.
INT8_RANGE = 16.0


@dataclass(frozen=True)
class FeatureMatrix:
    """A matrix of blocks, perhaps memory-mapped, that is put together only for the rows that are asked for.

    blocks: rows of blocks; blocks[i][j] has shape (n_i, d_j), any float dtype, or int8 of `to_int8`.
    factors: one a column of blocks, multiplied with its values; () is 1 for all.
    standardizer: applied to every row on its way out, if given.   device: where rows come out, wherever blocks lie.
    Raises ValueError if the blocks do not form a rectangle.
    """

    blocks: Sequence[Sequence[np.ndarray | torch.Tensor]]
    factors: tuple[float, ...] = ()
    standardizer: Standardizer | None = None
    device: torch.device = CPU

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

    @cached_property
    def _factors(self) -> torch.Tensor:
        """float32 (d,)."""
        parts = zip(self._tensors[0], self.factors or (1.0,) * len(self.blocks[0]), strict=True)
        steps = [factor * (int8_step(t.shape[1]) if t.dtype == torch.int8 else 1.0) for t, factor in parts]
        widths = torch.tensor([t.shape[1] for t in self._tensors[0]])
        return torch.tensor(steps).repeat_interleave(widths).to(self.device)

    @property
    def column_factors(self) -> torch.Tensor | None:
        """What the values of `panel` are still to be multiplied with: float32 (d,), or None."""
        return None if self.standardizer else self._factors

    def __len__(self) -> int:
        return self.shape[0]

    def at_hand(self) -> FeatureMatrix | torch.Tensor:
        """The matrix for a solver that reads it again and again, as near to its device as there is room: put together
        as float32; on an accelerator the blocks as they are, else moved there piece by piece in every pass."""
        if self.device.type == "cpu":
            n, d = self.shape
            return self[:] if 4 * n * d <= IN_MEMORY_BYTES else self
        missing = sum(t.nbytes for row in self._tensors for t in row if t.device != self.device)
        if missing > bytes_to_hold(self.device):
            return self
        return replace(self, blocks=[[block.to(self.device) for block in row] for row in self._tensors])

    def __getitem__(self, rows: slice) -> torch.Tensor:
        """float32 (n_rows, d) for a slice with step 1."""
        start, stop, step = rows.indices(len(self))
        if step != 1:
            raise ValueError(f"rows must be a slice with step 1, got {rows}")
        values = self.panel(slice(start, max(start, stop)), slice(0, self.shape[1]))
        return values if self.standardizer else values.mul_(self._factors)

    def panel(self, rows: slice, columns: slice, out: torch.Tensor | None = None) -> torch.Tensor:
        """float32 (n_rows, n_columns), for slices with both ends given and step 1; put into `out` if that is possible,
        and to be multiplied with the column_factors."""
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        result = torch.empty(shape, device=self.device) if out is None else out
        above = 0
        for row in self._tensors:
            inside, place = overlap(rows, above, len(row[0]))
            if inside.start < inside.stop:
                self._fill(result[place], row, inside, columns)
            above += len(row[0])
        if self.standardizer is None:
            return result
        return standardize(result.mul_(self._factors[columns]), self.standardizer, columns)

    def _fill(self, target: torch.Tensor, row: list[torch.Tensor], rows: slice, columns: slice) -> None:
        left = 0
        for block in row:
            inside, place = overlap(columns, left, block.shape[1])
            if inside.start < inside.stop:
                target[:, place].copy_(block[rows, inside].to(self.device))  # moved as it is, then widened
            left += block.shape[1]


def overlap(wanted: slice, first: int, length: int) -> tuple[slice, slice]:
    """Which part of a block at first .. first + length is wanted, and where in the wanted it goes."""
    start, stop = max(wanted.start, first), min(wanted.stop, first + length)
    return slice(start - first, stop - first), slice(start - wanted.start, stop - wanted.start)


def int8_step(width: int) -> float:
    """What 1 stands for in int8 vectors of so many values."""
    return INT8_RANGE / (127 * math.sqrt(width))


def to_int8(vectors: torch.Tensor) -> torch.Tensor:
    """Scalar quantization: float32 (n, d), of at most unit length -> int8 (n, d), in steps of `int8_step`, cut at 127.

    Raises ValueError for longer vectors, which would lose more than their last digits.
    """
    if not is_exporting() and not (torch.linalg.vector_norm(vectors, dim=1) <= 1.01).all():
        raise ValueError("int8 storage is for features of unit length, got a longer one: choose float16")
    return (vectors / int8_step(vectors.shape[1])).round_().clamp_(-127, 127).to(torch.int8)


def to_storage(vectors: torch.Tensor, storage: str) -> torch.Tensor:
    """float32 (n, d) -> "float32", "float16" or "int8"."""
    return to_int8(vectors) if storage == "int8" else vectors.to(getattr(torch, storage))


def rounded(vectors: torch.Tensor, storage: str) -> torch.Tensor:
    """What is read back of stored vectors (n, d), float32."""
    return to_storage(vectors, storage).float() * (int8_step(vectors.shape[1]) if storage == "int8" else 1.0)
