"""A feature matrix whose rows lie in the memory of a cluster's workers: a pass over it is a task for each span of rows.

The solver stays what it is and where it is. Only the two products that it asks of its features are made elsewhere, and
of these only what is small travels: vectors (k, d) to the workers, scores (n, k) back, or factors (n, k) there and one
sum (k, d) back. The features themselves are read by the workers from the cache, once, because every pass needs them
again and because a worker that takes a dead one's place can then read them as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bakeoff.pipelines.classic.matrix.feature_matrix import FeatureMatrix
from bakeoff.pipelines.classic.matrix.feature_store import multiply, multiply_transposed
from bakeoff.pipelines.classic.matrix.standardize import Standardizer
from bakeoff.pipelines.machine.cluster import Cluster
from bakeoff.pipelines.machine.cores import one_worker_per_core

# Of float32, read and kept together: a task of about a tenth of a second, so that handing it out costs little. A
# constant, so that the order of the sums, and with it the result, does not depend on the number of workers.
SPAN_BYTES = 2**28


@dataclass(frozen=True)
class RowsOnDisk:
    """Rows start .. stop of a feature matrix, by the files of its blocks. factors, standardizer: as `FeatureMatrix`."""

    files: tuple[tuple[Path, ...], ...]
    factors: tuple[float, ...]
    standardizer: Standardizer | None
    start: int
    stop: int


@dataclass(frozen=True)
class DistantFeatures:
    """matrix: the same features here, read where rows are asked for.   spans: of rows, one after the other.
    held: the handle of each span's rows.   cluster: who holds them."""

    matrix: FeatureMatrix
    spans: tuple[slice, ...]
    held: Sequence[Any]
    cluster: Cluster

    @property
    def shape(self) -> tuple[int, int]:
        return self.matrix.shape

    def __getitem__(self, rows: slice) -> torch.Tensor:
        """float32 (n_rows, d) for a slice with step 1."""
        return self.matrix[rows]

    def multiply(self, vectors: torch.Tensor) -> torch.Tensor:
        """X vectors^T: float32 (k, d) -> (n, k)."""
        parts = self.cluster.map_chunks(partial(multiply_span, vectors.numpy()), self.held)
        return torch.from_numpy(np.concatenate(list(parts)))

    def multiply_transposed(self, factors: torch.Tensor) -> torch.Tensor:
        """factors^T X: float32 (n, k) -> (k, d)."""
        chunks = [(held, factors[span].numpy()) for held, span in zip(self.held, self.spans, strict=True)]
        return torch.from_numpy(self.cluster.sum_chunks(multiply_transposed_span, chunks))


def hold_features(matrix: FeatureMatrix, cluster: Cluster) -> DistantFeatures:
    """Have the workers read the matrix from the files that its blocks are maps of.

    Raises ValueError if a block is no whole file. A worker that cannot read one raises FileNotFoundError at first use.
    """
    n, d = matrix.shape
    files = tuple(tuple(_file_of(block) for block in row) for row in matrix.blocks)
    step = max(1, SPAN_BYTES // (4 * d))
    spans = tuple(slice(start, min(start + step, n)) for start in range(0, n, step))
    rows = [RowsOnDisk(files, matrix.factors, matrix.standardizer, span.start, span.stop) for span in spans]
    return DistantFeatures(matrix, spans, cluster.hold(read_rows_on_disk, rows), cluster)


def read_rows_on_disk(rows: RowsOnDisk) -> torch.Tensor:
    """float32 (stop - start, d)."""
    try:
        blocks = [[np.load(path, mmap_mode="r", allow_pickle=False) for path in row] for row in rows.files]
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"a worker cannot read {error.filename}: training on a cluster needs ARTIFACTS in a folder that all "
            "workers see under the same path"
        ) from error
    return FeatureMatrix(blocks, rows.factors, rows.standardizer)[rows.start : rows.stop]


def multiply_span(vectors: np.ndarray, features: torch.Tensor) -> np.ndarray:
    """One span of `DistantFeatures.multiply`."""
    with one_worker_per_core() as workers:
        return multiply(features, torch.tensor(vectors), workers).numpy()


def multiply_transposed_span(chunk: tuple[torch.Tensor, np.ndarray]) -> np.ndarray:
    """One span's part of `DistantFeatures.multiply_transposed`."""
    features, factors = chunk
    with one_worker_per_core() as workers:
        return multiply_transposed(features, torch.tensor(factors), workers).numpy()


def _file_of(block: Any) -> Path:
    name = getattr(block, "filename", None)
    if name is None or np.load(name, mmap_mode="r", allow_pickle=False).shape != block.shape:
        raise ValueError("features for a cluster must be maps of whole .npy files, as the cache gives them")
    return Path(name).resolve()
