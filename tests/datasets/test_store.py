import numpy as np
import pytest

from bakeoff.datasets import store
from bakeoff.datasets.store import ChosenPictures, blocks_of, choose

IMAGES = np.arange(6 * 2 * 2 * 3, dtype=np.uint8).reshape(6, 2, 2, 3)


@pytest.mark.parametrize("chosen", [1, slice(1, 3), np.array([2, 0]), np.array([], dtype=np.int64)])
def test_reads_what_a_copy_would_hold(chosen):
    rows = np.array([5, 1, 3])
    pictures = ChosenPictures(IMAGES, rows, n_channels=1)
    copy = IMAGES[rows][..., :1]
    assert (len(pictures), pictures.shape) == (3, copy.shape)
    np.testing.assert_array_equal(pictures[chosen], copy[chosen])


def test_choosing_twice_looks_rows_up_and_keeps_the_channels():
    twice = choose(ChosenPictures(IMAGES, np.array([5, 1, 3]), n_channels=1), np.array([2, 0]))
    assert twice.rows.tolist() == [3, 5]
    assert twice.n_channels == 1
    assert twice.images is IMAGES
    assert choose(IMAGES, np.array([0])).n_channels == 3


@pytest.mark.parametrize("n_values", [1, 12, 30, 1000])
def test_blocks_hold_every_picture_once_and_no_more_values_than_said(monkeypatch, n_values):
    monkeypatch.setattr(store, "BLOCK_VALUES", n_values)
    blocks = list(blocks_of(IMAGES))
    np.testing.assert_array_equal(np.concatenate([block for _, block in blocks]), IMAGES)
    assert [start for start, _ in blocks] == np.cumsum([0, *(len(block) for _, block in blocks[:-1])]).tolist()
    assert all(block.size <= max(n_values, 12) for _, block in blocks)
