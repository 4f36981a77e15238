"""A feature matrix whose rows lie in the memory of a cluster's workers: a pass over it is a task for each span of rows.

The solver stays what it is and where it is. Only the two products that it asks of its features are made elsewhere, and
of these only what is small travels: vectors (k, d) to the workers, scores (n, k) back, or factors (n, k) there and one
sum (k, d) back. The features themselves are read by the workers from the cache, once, because every pass needs them
again and because a worker that takes a dead one's place can then read them as well.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bakeoff.pipelines.classic.matrix.feature_matrix import FeatureMatrix, as_matrix
from bakeoff.pipelines.classic.matrix.projections import Standardizer
from bakeoff.pipelines.machine.cluster import Cluster
from bakeoff.pipelines.machine.cores import one_worker_per_core

# Of float32, read and kept together: a task of about a tenth of a second, so that handing it out costs little. A
# constant, so that the order of the sums, and with it the result, does not depend on the number of workers.
SPAN_BYTES = 2**28


@dataclass(frozen=True, kw_only=True)
class DistantFeatures(FeatureMatrix):
    """The same features here, read where rows are asked for; the workers make the products.

    spans: of rows, one after the other.   held: the handle of each span's rows.   cluster: who holds them.
    """

    spans: tuple[slice, ...]
    held: Sequence[Any]
    cluster: Cluster

    def multiply(self, vectors: torch.Tensor, workers: Executor) -> torch.Tensor:
        parts = self.cluster.map_chunks(partial(multiply_span, vectors.numpy()), self.held)
        return torch.from_numpy(np.concatenate(list(parts)))

    def multiply_transposed(self, factors: torch.Tensor, workers: Executor) -> torch.Tensor:
        chunks = [(held, factors[span].numpy()) for held, span in zip(self.held, self.spans, strict=True)]
        return torch.from_numpy(self.cluster.sum_chunks(multiply_transposed_span, chunks))


def hold_features(matrix: FeatureMatrix, cluster: Cluster) -> DistantFeatures:
    """Have the workers read the matrix from the files that its blocks are maps of.

    Raises ValueError if a block is no whole file. A worker that cannot read one raises FileNotFoundError at first use.
    """
    n, d = matrix.shape
    files = [[_file_of(block) for block in row] for row in matrix.blocks]
    step = max(1, SPAN_BYTES // (4 * d))
    spans = tuple(slice(start, min(start + step, n)) for start in range(0, n, step))
    held = cluster.hold(partial(read_rows_on_disk, files, matrix.factors, matrix.standardizer), spans)
    same = (matrix.blocks, matrix.factors, matrix.standardizer, matrix.device)
    return DistantFeatures(*same, spans=spans, held=held, cluster=cluster)


def read_rows_on_disk(
    files: Sequence[Sequence[Path]], factors: tuple[float, ...], standardizer: Standardizer | None, rows: slice
) -> FeatureMatrix:
    """The rows of the matrix whose blocks lie in these files, put together in memory."""
    try:
        blocks = [[np.load(path, mmap_mode="r", allow_pickle=False) for path in row] for row in files]
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"a worker cannot read {error.filename}: training on a cluster needs ARTIFACTS in a folder that all "
            "workers see under the same path"
        ) from error
    return as_matrix(FeatureMatrix(blocks, factors, standardizer)[rows])


def multiply_span(vectors: np.ndarray, features: FeatureMatrix) -> np.ndarray:
    """One span of `DistantFeatures.multiply`."""
    with one_worker_per_core() as workers:
        return features.multiply(torch.tensor(vectors), workers).numpy()


def multiply_transposed_span(chunk: tuple[FeatureMatrix, np.ndarray]) -> np.ndarray:
    """One span's part of `DistantFeatures.multiply_transposed`."""
    features, factors = chunk
    with one_worker_per_core() as workers:
        return features.multiply_transposed(torch.tensor(factors), workers).numpy()


def _file_of(block: Any) -> Path:
    name = getattr(block, "filename", None)
    if name is None or np.load(name, mmap_mode="r", allow_pickle=False).shape != block.shape:
        raise ValueError("features for a cluster must be maps of whole .npy files, as the cache gives them")
    return Path(name).resolve()
