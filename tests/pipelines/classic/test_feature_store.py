import threading

import numpy as np
import pytest
import torch

from pipelines.classic.chunks import one_worker_per_core
from pipelines.classic.feature_store import accumulate, read_rows, row_chunks


@pytest.mark.parametrize("n_threads", [1, 2, 3])
@pytest.mark.parametrize("n", [1, 5, 1000])
def test_sums_every_row_once_on_any_number_of_threads(n, n_threads):
    features = torch.randn(n, 4, generator=torch.Generator().manual_seed(0))
    seen = torch.zeros(n)
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        with one_worker_per_core() as workers:

            def visit(rows: slice, x: torch.Tensor, total: torch.Tensor) -> None:
                seen[rows] += 1
                total += x.sum(dim=0)

            total = accumulate(features, (4,), visit, workers)
        assert torch.get_num_threads() == n_threads
    finally:
        torch.set_num_threads(before)
    assert (seen == 1).all()
    torch.testing.assert_close(total, features.sum(dim=0), atol=1e-4, rtol=0)


def test_torch_is_single_threaded_in_the_workers_and_outside():
    with one_worker_per_core() as workers:
        assert torch.get_num_threads() == 1
        assert workers.submit(torch.get_num_threads).result() == 1
        assert workers.submit(threading.current_thread).result() is not threading.current_thread()


def test_chunks_cover_the_rows_in_order(monkeypatch):
    monkeypatch.setattr("pipelines.classic.feature_store.CHUNK_BYTES", {"cpu": 100, "cuda": 1})
    chunks = list(row_chunks(np.zeros((20, 8)), 2, 12))  # 3 rows of 32 bytes in 100
    assert [(rows.start, rows.stop) for rows in chunks] == [(2, 5), (5, 8), (8, 11), (11, 12)]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rows_are_float32_also_of_read_only_arrays(dtype):
    features = np.arange(6, dtype=dtype).reshape(3, 2)
    features.flags.writeable = False
    rows = read_rows(features, slice(1, 3))
    assert rows.dtype == torch.float32
    assert rows.tolist() == [[2, 3], [4, 5]]
