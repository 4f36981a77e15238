"""Feature matrices of any kind, read a chunk of rows at a time as float32.

A matrix here is whatever has a two-dimensional shape and gives rows for a slice of step 1: a torch tensor (float32 or
float16, on any device), a numpy array or memory map, or an object that decodes compressed features when asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import Any, Protocol

import numpy as np
import torch

# A chunk is read once for both products of a pass, so it should stay in the cache; more rows make better products.
CHUNK_BYTES = {"cpu": 2**22, "cuda": 2**28}
# Partial sums of a pass: enough for the cores of a desktop, few enough to hold that many matrices (k, d). A constant,
# so that results do not depend on the number of cores.
N_SPANS = 8


class Features(Protocol):
    """A matrix (n, d) of float16, float32 or float64."""

    @property
    def shape(self) -> Any: ...

    def __getitem__(self, rows: slice, /) -> Any: ...


def device_of(features: Features) -> torch.device:
    return features.device if isinstance(features, torch.Tensor) else torch.device("cpu")


def read_rows(features: Features, rows: slice) -> torch.Tensor:
    """float32 (n_rows, d), on the device of the features."""
    chunk = features[rows]
    if not isinstance(chunk, torch.Tensor):
        chunk = torch.from_numpy(np.require(chunk, np.float32, ["C", "W"]))  # W: torch shares no read-only memory
    return chunk.float()


def row_chunks(features: Features, start: int = 0, stop: int | None = None) -> Iterator[slice]:
    """Slices of at most CHUNK_BYTES of float32 that cover start .. stop (default: all rows)."""
    n, d = features.shape
    stop = n if stop is None else stop
    step = max(1, CHUNK_BYTES.get(device_of(features).type, CHUNK_BYTES["cuda"]) // (4 * d))
    for first in range(start, stop, step):
        yield slice(first, min(first + step, stop))


def accumulate(
    features: Features,
    shape: tuple[int, ...],
    visit: Callable[[slice, torch.Tensor, torch.Tensor], None],
    workers: Executor,
) -> torch.Tensor:
    """Sum over all rows: visit(rows, chunk, total) adds its chunk's part to total, float32 of the given shape.

    The workers take spans of rows, so visit may write elsewhere only at its own rows. An accelerator gets one span.
    """
    device, n = device_of(features), features.shape[0]
    n_spans = N_SPANS if device.type == "cpu" else 1
    edges = [n * i // n_spans for i in range(n_spans + 1)]

    def sum_span(span: int) -> torch.Tensor:
        total = torch.zeros(shape, device=device)
        for rows in row_chunks(features, edges[span], edges[span + 1]):
            visit(rows, read_rows(features, rows), total)
        return total

    first, *others = workers.map(sum_span, range(n_spans))
    for part in others:
        first += part
    return first
