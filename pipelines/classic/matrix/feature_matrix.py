"""Feature matrices: many families side by side, sets of pictures one below the other, none of it copied; how features
are stored; and the two products that linear models take with them, in pieces that stay in the cache."""

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from bakeoff.pipelines.classic.matrix.projections import Standardizer, standardize
from bakeoff.pipelines.machine.device import CPU, bytes_to_hold, is_on

IN_MEMORY_BYTES = 3 << 30  # solvers read features dozens of times; putting rows together costs as much as using them
# Whole rows of float32 that are read together.
CHUNK_BYTES = {"cpu": 2**22, "cuda": 2**28}
# A panel of float32 (2 MB) stays in the cache between its conversion from fewer bits and its product. Wide rows taken
# whole would not: their product with ten columns then waits for memory twice. With a quarter of the size two cores had
# int8 at 0.9e9 values a second, one at 0.8e9; with this 1.7e9 and 1.0e9 (EPYC, AVX2). The likely reason, not shown: the
# interpreter, which starts each piece, serves one core at a time.
PANEL_ROWS, PANEL_COLUMNS = 512, 1024
# Partial sums of a pass: enough for the cores of a desktop, few enough to hold that many matrices (k, d). A constant,
# so that results do not depend on the number of cores.
N_SPANS = 8
# Times the root mean square of a vector of unit length: of the values of Fisher vectors, 1 in 100,000 lies beyond.
INT8_RANGE = 16.0

Panel = tuple[slice, slice, torch.Tensor]  # rows, columns, float32 values


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
        """In the blocks' own memory, also of read-only maps: nobody here writes to features."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns that one could write
            return [[torch.as_tensor(block) for block in row] for row in self.blocks]

    @cached_property
    def _factors(self) -> torch.Tensor:
        """float32 (d,)."""
        parts = zip(self._tensors[0], self.factors or (1.0,) * len(self.blocks[0]), strict=True)
        steps = [factor * (int8_step(t.shape[1]) if t.dtype == torch.int8 else 1.0) for t, factor in parts]
        widths = torch.tensor([t.shape[1] for t in self._tensors[0]])
        return torch.tensor(steps).repeat_interleave(widths).to(self.device)

    @property
    def column_factors(self) -> torch.Tensor | float:
        """What the values of `panel` are still to be multiplied with: float32 (d,), or 1."""
        return 1.0 if self.standardizer else self._factors

    def __len__(self) -> int:
        return self.shape[0]

    def at_hand(self) -> "FeatureMatrix":
        """The matrix for a solver that reads it again and again, as near to its device as there is room: put together
        as float32; on an accelerator the blocks as they are, else moved there piece by piece in every pass."""
        if self.device.type == "cpu":
            n, d = self.shape
            return FeatureMatrix([[self[:]]]) if 4 * n * d <= IN_MEMORY_BYTES else self
        missing = sum(t.nbytes for row in self._tensors for t in row if not is_on(t, self.device))
        if missing > bytes_to_hold(self.device):
            return self
        return replace(self, blocks=[[block.to(self.device) for block in row] for row in self._tensors])

    def __getitem__(self, rows: slice) -> torch.Tensor:
        """float32 (n_rows, d) for a slice with step 1."""
        start, stop, step = rows.indices(len(self))
        if step != 1:
            raise ValueError(f"rows must be a slice with step 1, got {rows}")
        out = torch.empty(max(0, stop - start), self.shape[1], device=self.device)
        values = self._put_together(slice(start, max(start, stop)), slice(0, self.shape[1]), out)
        return values if self.standardizer else values.mul_(self._factors)

    def chunks(self) -> Iterator[torch.Tensor]:
        """All rows, float32, some at a time."""
        return (self[rows] for rows in _pieces(0, len(self), self._rows_together))

    @property
    def _rows_together(self) -> int:
        return max(1, CHUNK_BYTES.get(self.device.type, CHUNK_BYTES["cuda"]) // (4 * self.shape[1]))

    def panels(self, start: int, stop: int) -> Iterator[Panel]:
        """The rows start .. stop in pieces, to be multiplied with the column_factors; all pieces of some rows come one
        after the other, from left to right. A piece is overwritten by the next one. An accelerator gets whole rows."""
        step, width = PANEL_ROWS, PANEL_COLUMNS
        if self.device.type != "cpu":
            step, width = self._rows_together, self.shape[1]
        buffer = torch.empty(min(step, stop - start), width, device=self.device)
        for rows in _pieces(start, stop, step):
            for columns in _pieces(0, self.shape[1], width):
                out = buffer[: rows.stop - rows.start, : columns.stop - columns.start]
                yield rows, columns, self.panel(rows, columns, out)

    def panel(self, rows: slice, columns: slice, out: torch.Tensor) -> torch.Tensor:
        """float32 (n_rows, n_columns), for slices with both ends given and step 1, to be multiplied with the
        column_factors: put into `out`, or a view of what lies there as it is wanted."""
        ((first, *others), *below) = self._tensors
        as_it_is = first.dtype == torch.float32 and is_on(first, self.device) and self.standardizer is None
        if as_it_is and not others and not below:
            return first[rows, columns]
        return self._put_together(rows, columns, out)

    def _put_together(self, rows: slice, columns: slice, out: torch.Tensor) -> torch.Tensor:
        above = 0
        for row in self._tensors:
            inside, place = overlap(rows, above, len(row[0]))
            if inside.start < inside.stop:
                self._fill(out[place], row, inside, columns)
            above += len(row[0])
        if self.standardizer is None:
            return out
        return standardize(out.mul_(self._factors[columns]), self.standardizer, columns)

    def _fill(self, target: torch.Tensor, row: list[torch.Tensor], rows: slice, columns: slice) -> None:
        left = 0
        for block in row:
            inside, place = overlap(columns, left, block.shape[1])
            if inside.start < inside.stop:
                target[:, place].copy_(block[rows, inside].to(self.device))  # moved as it is, then widened
            left += block.shape[1]

    def multiply(self, vectors: torch.Tensor, workers: Executor) -> torch.Tensor:
        """X vectors^T in one pass over the features: vectors float32 (k, d) -> (n, k)."""
        vectors = vectors * self.column_factors
        scores = vectors.new_zeros(len(vectors), len(self))

        def add(panel: Panel, _: torch.Tensor) -> None:
            rows, columns, values = panel
            # with few vectors twice as fast as values @ vectors.T
            scores[:, rows].addmm_(vectors[:, columns], values.T)

        self._over_spans((), add, workers)
        return scores.T.contiguous()

    def multiply_transposed(self, factors: torch.Tensor, workers: Executor) -> torch.Tensor:
        """factors^T X in one pass over the features: factors float32 (n, k) -> (k, d)."""

        def add(panel: Panel, total: torch.Tensor) -> None:
            rows, columns, values = panel
            total[:, columns].addmm_(factors[rows].T, values)

        return self._over_spans((factors.shape[1], self.shape[1]), add, workers) * self.column_factors

    def _over_spans(
        self, shape: tuple[int, ...], add: Callable[[Panel, torch.Tensor], None], workers: Executor
    ) -> torch.Tensor:
        """Sum over all rows: add(panel, total) adds its panel's part to total, float32 of the given shape.

        The workers take spans of rows, so add may write elsewhere only at its own rows. An accelerator gets one span.
        """
        n_spans = N_SPANS if self.device.type == "cpu" else 1
        edges = [len(self) * i // n_spans for i in range(n_spans + 1)]

        def sum_span(span: int) -> torch.Tensor:
            total = torch.zeros(shape, device=self.device)
            for panel in self.panels(edges[span], edges[span + 1]):
                add(panel, total)
            return total

        first, *others = (workers.map if self.device.type == "cpu" else map)(sum_span, range(n_spans))
        for part in others:
            first += part
        return first


Features = FeatureMatrix | torch.Tensor | np.ndarray  # (n, d); arrays and tensors of any float dtype


def as_matrix(features: Features) -> FeatureMatrix:
    """An array or a tensor as a matrix of one block, where it lies. Raises ValueError if it is not (n, d)."""
    if isinstance(features, FeatureMatrix):
        return features
    if features.ndim != 2:
        raise ValueError(f"features must have shape (n, d) with n and d at least 1, got {tuple(features.shape)}")
    return FeatureMatrix([[features]], device=features.device if isinstance(features, torch.Tensor) else CPU)


def _pieces(start: int, stop: int, step: int) -> Iterator[slice]:
    return (slice(first, min(first + step, stop)) for first in range(start, stop, step))


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
    if not (torch.linalg.vector_norm(vectors, dim=1) <= 1.01).all():
        raise ValueError("int8 storage is for features of unit length, got a longer one: choose float16")
    return (vectors / int8_step(vectors.shape[1])).round_().clamp_(-127, 127).to(torch.int8)


def to_storage(vectors: torch.Tensor, storage: str) -> torch.Tensor:
    """float32 (n, d) -> "float32", "float16" or "int8"."""
    return to_int8(vectors) if storage == "int8" else vectors.to(getattr(torch, storage))
