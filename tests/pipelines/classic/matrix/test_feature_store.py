import threading

import numpy as np
import pytest
import torch

from bakeoff.pipelines.classic.matrix.feature_matrix import FeatureMatrix
from bakeoff.pipelines.classic.matrix.feature_store import (
    PANEL_COLUMNS,
    PANEL_ROWS,
    as_tensor,
    multiply,
    multiply_transposed,
    panels,
    read_rows,
    row_chunks,
)
from bakeoff.pipelines.machine.cores import one_worker_per_core

WIDE, HIGH = PANEL_COLUMNS + 7, 2 * PANEL_ROWS + 3


class Decoded:
    """Makes whole rows when asked, and nothing else."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape = values, values.shape

    def __getitem__(self, rows: slice) -> np.ndarray:
        return self.values[rows].copy()


KINDS = {
    "float32 tensor": torch.from_numpy,
    "float16 tensor": lambda values: torch.from_numpy(values).half(),
    "float64 array": lambda values: values.astype(np.float64),
    "blocks": lambda values: FeatureMatrix([[values[:, :5].astype(np.float16) * 2, values[:, 5:]]], (0.5, 1.0)),
    "decoded": Decoded,
}


def values_of(n: int, d: int) -> np.ndarray:
    values = np.random.default_rng(0).normal(size=(n, d))
    return values.astype(np.float16).astype(np.float32)  # so that every kind holds the same


@pytest.mark.parametrize("n_threads", [1, 2, 3])
@pytest.mark.parametrize("n", [1, 5, 1000])
def test_products_are_those_of_the_matrix_on_any_number_of_threads(n, n_threads):
    features = torch.randn(n, 4, generator=torch.Generator().manual_seed(0))
    vectors, factors = torch.ones(1, 4), torch.ones(n, 1)
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        with one_worker_per_core() as workers:
            scores, total = multiply(features, vectors, workers), multiply_transposed(features, factors, workers)
        assert torch.get_num_threads() == n_threads
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(scores[:, 0], features.sum(dim=1), atol=1e-5, rtol=0)
    torch.testing.assert_close(total[0], features.sum(dim=0), atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_products_of_every_kind_of_features_across_the_borders_of_panels(kind):
    values = values_of(HIGH, WIDE)
    features = KINDS[kind](values)
    vectors, factors = torch.from_numpy(values_of(3, WIDE)), torch.from_numpy(values_of(HIGH, 2))
    with one_worker_per_core() as workers:
        scores, sums = multiply(features, vectors, workers), multiply_transposed(features, factors, workers)
    np.testing.assert_allclose(scores, values @ vectors.numpy().T, atol=1e-3)
    np.testing.assert_allclose(sums, factors.numpy().T @ values, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_panels_cover_every_place_once(kind):
    values = values_of(HIGH, WIDE)
    found, visits = np.zeros_like(values), np.zeros_like(values)
    features = KINDS[kind](values)
    for rows, columns, panel in panels(features, 1, HIGH - 1):
        assert panel.dtype == torch.float32
        factors = getattr(features, "column_factors", None)
        found[rows, columns] = panel if factors is None else panel * factors[columns]
        visits[rows, columns] += 1
    assert (visits[1:-1] == 1).all()
    assert (visits[[0, -1]] == 0).all()
    np.testing.assert_array_equal(found[1:-1], values[1:-1])


def test_torch_is_single_threaded_in_the_workers_and_outside():
    with one_worker_per_core() as workers:
        assert torch.get_num_threads() == 1
        assert workers.submit(torch.get_num_threads).result() == 1
        assert workers.submit(threading.current_thread).result() is not threading.current_thread()


def test_chunks_cover_the_rows_in_order(monkeypatch):
    monkeypatch.setattr("bakeoff.pipelines.classic.matrix.feature_store.CHUNK_BYTES", {"cpu": 100, "cuda": 1})
    chunks = list(row_chunks(np.zeros((20, 8)), 2, 12))  # 3 rows of 32 bytes in 100
    assert [(rows.start, rows.stop) for rows in chunks] == [(2, 5), (5, 8), (8, 11), (11, 12)]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rows_are_float32_also_of_read_only_arrays(dtype):
    features = np.arange(6, dtype=dtype).reshape(3, 2)
    features.flags.writeable = False
    rows = read_rows(features, slice(1, 3))
    assert rows.dtype == torch.float32
    assert rows.tolist() == [[2, 3], [4, 5]]
    assert as_tensor(features)[1:].tolist() == [[2, 3], [4, 5]]
