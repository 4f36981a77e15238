"""Feature matrices of any kind, read in pieces as float32, and the two products that linear models take with them.

A matrix here is whatever has a two-dimensional shape and gives rows for a slice of step 1: a torch tensor (float32 or
float16, on any device), a numpy array or memory map, or an object that decodes compressed features when asked.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch

# Whole rows of float32 that are read together.
CHUNK_BYTES = {"cpu": 2**22, "cuda": 2**28}
# A panel of float32 stays in a core's second-level cache between its conversion from half precision and its product.
# Wide rows taken whole would not: their product with ten columns then waits for memory twice.
PANEL_ROWS, PANEL_COLUMNS = 256, 512
# Partial sums of a pass: enough for the cores of a desktop, few enough to hold that many matrices (k, d). A constant,
# so that results do not depend on the number of cores.
N_SPANS = 8

Panel = tuple[slice, slice, torch.Tensor]  # rows, columns, float32 values


class Features(Protocol):
    """A matrix (n, d) of float16, float32 or float64.

    It may also offer a device, where its rows come out; panel(rows, columns, out), a float32 part of it, perhaps in
    `out`, which saves making whole rows; with it column_factors (d,), which parts are still to be multiplied with; or,
    where its rows lie on other machines, the two products themselves.
    """

    @property
    def shape(self) -> Any: ...

    def __getitem__(self, rows: slice, /) -> Any: ...


@runtime_checkable
class Distant(Protocol):
    """Features that are multiplied where they lie."""

    def multiply(self, vectors: torch.Tensor, /) -> torch.Tensor: ...

    def multiply_transposed(self, factors: torch.Tensor, /) -> torch.Tensor: ...


def device_of(features: Features) -> torch.device:
    """Where products with the features are made."""
    return torch.device(getattr(features, "device", "cpu"))


def as_tensor(array: np.ndarray | torch.Tensor) -> torch.Tensor:
    """A tensor in the array's own memory, also of a read-only map: nobody here writes to features."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns that one could write
        return torch.as_tensor(array)


def read_rows(features: Features, rows: slice) -> torch.Tensor:
    """float32 (n_rows, d), on the device of the features."""
    chunk = features[rows]
    if not isinstance(chunk, torch.Tensor):
        chunk = torch.from_numpy(np.require(chunk, np.float32, ["C", "W"]))  # W: torch shares no read-only memory
    return chunk.float()


def row_chunks(features: Features, start: int = 0, stop: int | None = None) -> Iterator[slice]:
    """Slices of at most CHUNK_BYTES of float32 that cover start .. stop (default: all rows)."""
    n, d = features.shape
    step = max(1, CHUNK_BYTES.get(device_of(features).type, CHUNK_BYTES["cuda"]) // (4 * d))
    yield from _pieces(start, n if stop is None else stop, step)


def _pieces(start: int, stop: int, step: int) -> Iterator[slice]:
    for first in range(start, stop, step):
        yield slice(first, min(first + step, stop))


def panels(features: Features, start: int, stop: int) -> Iterator[Panel]:
    """The rows start .. stop in pieces; all pieces of some rows come one after the other, from left to right. A piece
    is overwritten by the next one.

    Whole rows where the matrix is on an accelerator or can only make whole rows.
    """
    d, device = features.shape[1], device_of(features)
    if isinstance(features, np.ndarray):
        features = as_tensor(features)
    if not (isinstance(features, torch.Tensor) or hasattr(features, "panel")):
        for rows in row_chunks(features, start, stop):
            yield rows, slice(0, d), read_rows(features, rows)
        return
    small = device.type == "cpu"
    pieces = list(_pieces(start, stop, PANEL_ROWS) if small else row_chunks(features, start, stop))
    buffer = torch.empty(pieces[0].stop - start if pieces else 0, PANEL_COLUMNS if small else d, device=device)
    for rows in pieces:
        for columns in _pieces(0, d, buffer.shape[1]):
            out = buffer[: rows.stop - rows.start, : columns.stop - columns.start]
            yield rows, columns, _read_panel(features, rows, columns, out)


def _read_panel(features: Any, rows: slice, columns: slice, out: torch.Tensor) -> torch.Tensor:
    if not isinstance(features, torch.Tensor):
        return features.panel(rows, columns, out)
    values = features[rows, columns]
    return values if values.dtype == torch.float32 else out.copy_(values)


def _column_factors(features: Features) -> torch.Tensor | float:
    """What panels are still to be multiplied with: float32 (d,), or 1."""
    factors = getattr(features, "column_factors", None)
    return 1.0 if factors is None else factors


def multiply(features: Features, vectors: torch.Tensor, workers: Executor) -> torch.Tensor:
    """X vectors^T in one pass over the features: vectors float32 (k, d) -> (n, k)."""
    if isinstance(features, Distant):
        return features.multiply(vectors)
    vectors = vectors * _column_factors(features)
    scores = vectors.new_zeros(len(vectors), features.shape[0])

    def add(panel: Panel, _: torch.Tensor) -> None:
        rows, columns, values = panel
        # with few vectors twice as fast as values @ vectors.T
        scores[:, rows].addmm_(vectors[:, columns], values.T)

    _over_spans(features, (), add, workers)
    return scores.T.contiguous()


def multiply_transposed(features: Features, factors: torch.Tensor, workers: Executor) -> torch.Tensor:
    """factors^T X in one pass over the features: factors float32 (n, k) -> (k, d)."""
    if isinstance(features, Distant):
        return features.multiply_transposed(factors)

    def add(panel: Panel, total: torch.Tensor) -> None:
        rows, columns, values = panel
        total[:, columns].addmm_(factors[rows].T, values)

    return _over_spans(features, (factors.shape[1], features.shape[1]), add, workers) * _column_factors(features)


def _over_spans(
    features: Features, shape: tuple[int, ...], add: Callable[[Panel, torch.Tensor], None], workers: Executor
) -> torch.Tensor:
    """Sum over all rows: add(panel, total) adds its panel's part to total, float32 of the given shape.

    The workers take spans of rows, so add may write elsewhere only at its own rows. An accelerator gets one span.
    """
    device, n = device_of(features), features.shape[0]
    n_spans = N_SPANS if device.type == "cpu" else 1
    edges = [n * i // n_spans for i in range(n_spans + 1)]

    def sum_span(span: int) -> torch.Tensor:
        total = torch.zeros(shape, device=device)
        for panel in panels(features, edges[span], edges[span + 1]):
            add(panel, total)
        return total

    first, *others = (workers.map if device.type == "cpu" else map)(sum_span, range(n_spans))
    for part in others:
        first += part
    return first
