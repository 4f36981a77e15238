import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.pipelines.classic.matrix import feature_matrix
from bakeoff.pipelines.classic.matrix.feature_matrix import (
    INT8_RANGE,
    PANEL_COLUMNS,
    PANEL_ROWS,
    FeatureMatrix,
    as_matrix,
    to_int8,
)
from bakeoff.pipelines.classic.matrix.projections import Standardizer
from bakeoff.pipelines.machine.cores import one_worker_per_core

RANDOM = np.random.default_rng(0)
WIDE, HIGH = PANEL_COLUMNS + 7, 2 * PANEL_ROWS + 3
KINDS = {
    "float32 tensor": lambda values: as_matrix(torch.from_numpy(values)),
    "float16 tensor": lambda values: as_matrix(torch.from_numpy(values).half()),
    "float64 array": lambda values: as_matrix(values.astype(np.float64)),
    "blocks": lambda values: FeatureMatrix([[values[:, :5].astype(np.float16) * 2, values[:, 5:]]], (0.5, 1.0)),
    "standardized": lambda values: FeatureMatrix(
        [[values + 1]], (2.0,), Standardizer(torch.full((WIDE,), 2.0), torch.full((WIDE,), 2.0))
    ),
}
BLOCKS = [[RANDOM.normal(size=(n, d)).astype(np.float32) for d in (2, 3)] for n in (4, 1, 5)]


def test_two_blocks_wide_and_two_high_by_hand():
    left, right = np.array([[1.0], [2.0]], np.float32), np.array([[3.0], [4.0]], np.float32)
    matrix = FeatureMatrix([[left, right], [left[:1], right[1:]]], factors=(1.0, 10.0))
    assert matrix.shape == (3, 2)
    assert matrix[0:3].tolist() == [[1, 30], [2, 40], [1, 40]]


@given(st.integers(-12, 12) | st.none(), st.integers(-12, 12) | st.none())
def test_a_slice_is_that_of_the_whole_matrix(start, stop):
    """As by numpy, whichever blocks it crosses, and with no row at all."""
    whole = np.block(BLOCKS) * np.float32([2, 2, 0.5, 0.5, 0.5])
    matrix = FeatureMatrix(BLOCKS, (2.0, 0.5))
    np.testing.assert_allclose(matrix[start:stop], whole[start:stop], rtol=1e-6)


def test_rows_leave_standardized():
    standardizer = Standardizer(torch.arange(5.0), torch.full((5,), 4.0))
    whole = (np.block(BLOCKS) - np.arange(5)) / 4
    np.testing.assert_allclose(FeatureMatrix(BLOCKS, standardizer=standardizer)[1:7], whole[1:7], rtol=1e-5, atol=1e-6)


def test_reads_half_precision_from_disk_and_leaves_it_as_it_was(tmp_path):
    np.save(tmp_path / "block.npy", BLOCKS[0][0].astype(np.float16))
    block = np.load(tmp_path / "block.npy", mmap_mode="r")
    rows = FeatureMatrix([[block]], (3.0,))[:]
    assert rows.dtype == torch.float32
    np.testing.assert_allclose(rows, BLOCKS[0][0] * 3, rtol=2e-3)
    np.testing.assert_array_equal(block, BLOCKS[0][0].astype(np.float16))


@pytest.mark.parametrize(
    ("blocks", "factors", "message"),
    [
        ([[np.zeros((2, 3)), np.zeros((1, 3))]], (), "must form a rectangle"),
        ([[np.zeros((2, 3))], [np.zeros((2, 4))]], (), "must form a rectangle"),
        ([], (), "must form a rectangle"),
        ([[np.zeros((2, 3))]], (1.0, 2.0), "one for each of 1 blocks, got 2"),
    ],
)
def test_refuses_what_is_no_matrix(blocks, factors, message):
    with pytest.raises(ValueError, match=message):
        FeatureMatrix(blocks, factors)


def test_refuses_to_skip_rows():
    with pytest.raises(ValueError, match="step 1"):
        FeatureMatrix(BLOCKS)[::2]


def test_a_small_matrix_is_put_together_once_and_a_large_one_stays_in_blocks(monkeypatch):
    matrix = FeatureMatrix([[np.ones((4, 2), np.float16), np.zeros((4, 1), np.float16)]], (2.0, 1.0))
    monkeypatch.setattr(feature_matrix, "IN_MEMORY_BYTES", 48)
    assert torch.equal(matrix.at_hand().blocks[0][0], matrix[:])
    monkeypatch.setattr(feature_matrix, "IN_MEMORY_BYTES", 47)
    assert matrix.at_hand() is matrix


def test_int8_keeps_unit_vectors_to_a_step_cuts_what_lies_beyond_its_range_and_refuses_longer_ones():
    vectors = torch.nn.functional.normalize(torch.from_numpy(RANDOM.normal(size=(50, 300))).float())
    step = INT8_RANGE / 127 / math.sqrt(300)
    found = FeatureMatrix([[to_int8(vectors).numpy()]], (2.0,))[:]
    torch.testing.assert_close(found, 2 * vectors, atol=step * 1.01, rtol=0)
    assert to_int8(torch.tensor([[1.0] + [0.0] * 299])).max() == 127
    with pytest.raises(ValueError, match="int8 storage is for features of unit length"):
        to_int8(2 * vectors)


def values_of(n: int, d: int) -> np.ndarray:
    values = np.random.default_rng(0).normal(size=(n, d))
    return (np.rint(values * 64) / 64).astype(np.float32)  # so that every kind holds the same


@pytest.mark.parametrize("n_threads", [1, 2, 3])
@pytest.mark.parametrize("n", [1, 5, 1000])
def test_products_are_those_of_the_matrix_on_any_number_of_threads(n, n_threads):
    features = torch.randn(n, 4, generator=torch.Generator().manual_seed(0))
    vectors, factors, before = torch.ones(1, 4), torch.ones(n, 1), torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        with one_worker_per_core() as workers:
            scores = as_matrix(features).multiply(vectors, workers)
            total = as_matrix(features).multiply_transposed(factors, workers)
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
        scores, sums = features.multiply(vectors, workers), features.multiply_transposed(factors, workers)
    np.testing.assert_allclose(scores, values @ vectors.numpy().T, atol=1e-3)
    np.testing.assert_allclose(sums, factors.numpy().T @ values, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_panels_cover_every_place_once_and_are_to_be_multiplied_with_the_factors(kind):
    values = values_of(HIGH, WIDE)
    found, visits = np.zeros_like(values), np.zeros_like(values)
    features = KINDS[kind](values)
    for rows, columns, panel in features.panels(1, HIGH - 1):
        assert panel.dtype == torch.float32
        factors = features.column_factors
        found[rows, columns] = panel * (factors if isinstance(factors, float) else factors[columns])
        visits[rows, columns] += 1
    assert (visits[1:-1] == 1).all()
    assert (visits[[0, -1]] == 0).all()
    np.testing.assert_array_equal(found[1:-1], values[1:-1])


def test_chunks_are_the_rows_in_order(monkeypatch):
    monkeypatch.setattr(feature_matrix, "CHUNK_BYTES", {"cpu": 100, "cuda": 1})
    values = values_of(10, 8)
    chunks = list(as_matrix(values).chunks())  # 3 rows of 32 bytes in 100
    assert [len(rows) for rows in chunks] == [3, 3, 3, 1]
    np.testing.assert_array_equal(torch.cat(chunks), values)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rows_are_float32_also_of_read_only_arrays(dtype):
    features = np.arange(6, dtype=dtype).reshape(3, 2)
    features.flags.writeable = False
    rows = as_matrix(features)[1:3]
    assert rows.dtype == torch.float32
    assert rows.tolist() == [[2, 3], [4, 5]]
