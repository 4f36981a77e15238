from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.pipelines.classic.matrix import feature_matrix
from bakeoff.pipelines.classic.matrix.feature_matrix import INT8_RANGE, FeatureMatrix, rounded, to_int8
from bakeoff.pipelines.classic.matrix.standardize import Standardizer

RANDOM = np.random.default_rng(0)
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
    assert torch.equal(matrix.at_hand(), matrix[:])
    monkeypatch.setattr(feature_matrix, "IN_MEMORY_BYTES", 47)
    assert matrix.at_hand() is matrix


def test_int8_keeps_unit_vectors_to_a_step_cuts_what_lies_beyond_its_range_and_refuses_longer_ones():
    vectors = torch.nn.functional.normalize(torch.from_numpy(RANDOM.normal(size=(50, 300))).float())
    step = INT8_RANGE / 127 / math.sqrt(300)
    found = FeatureMatrix([[to_int8(vectors).numpy()]], (2.0,))[:]
    torch.testing.assert_close(found, 2 * vectors, atol=step * 1.01, rtol=0)
    torch.testing.assert_close(rounded(vectors, "int8"), found / 2)
    assert to_int8(torch.tensor([[1.0] + [0.0] * 299])).max() == 127
    with pytest.raises(ValueError, match="int8 storage is for features of unit length"):
        to_int8(2 * vectors)


def test_panels_are_to_be_multiplied_with_the_factors_unless_they_are_standardized():
    matrix = FeatureMatrix(BLOCKS, (2.0, 0.5))
    rows, columns = slice(1, 6), slice(1, 4)
    panel = matrix.panel(rows, columns, torch.empty(5, 3))
    np.testing.assert_allclose(panel * matrix.column_factors[columns], matrix[rows][:, columns])
    assert replace(matrix, standardizer=Standardizer(torch.zeros(5), torch.ones(5))).column_factors is None
