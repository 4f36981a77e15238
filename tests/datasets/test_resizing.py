from dataclasses import replace

import numpy as np
import pytest

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.datasets.resizing import bring_to_size, resize_dataset, sizes_to_try
from bakeoff.pipelines.machine.cache import Cache


def dataset(side: int = 64, n_channels: int = 3) -> Dataset:
    rng = np.random.default_rng(0)
    splits = [Split(rng.integers(0, 256, (6, side, side, n_channels), np.uint8), np.arange(6) % 2) for _ in range(3)]
    return Dataset("made", ("a", "b"), *splits)


@pytest.mark.parametrize("n_channels", [1, 3])
@pytest.mark.parametrize("stored", [False, True])
def test_every_picture_is_averaged_down(n_channels, stored, tmp_path):
    large = dataset(64, n_channels)
    small = resize_dataset(large, 32, Cache(tmp_path) if stored else None)
    assert small.image_shape == (32, 32, n_channels)
    for name, split in large.splits.items():
        blocks = split.images.reshape(6, 32, 2, 32, 2, n_channels).mean(axis=(2, 4))
        np.testing.assert_array_equal(small.splits[name].labels, split.labels)
        assert np.abs(small.splits[name].images.astype(float) - blocks)[:, 1:-1, 1:-1].mean() < 25  # a tent, not a box


def test_a_flat_picture_stays_flat():
    gray = replace(dataset(), train=Split(np.full((2, 64, 64, 3), 77, np.uint8), np.array([0, 1])))
    assert (resize_dataset(gray, 16).train.images == 77).all()


def test_the_task_stays_the_same_and_the_pictures_are_told_apart():
    large = dataset()
    small = resize_dataset(large, 32)
    assert small.task_fingerprint() == large.task_fingerprint() == large.fingerprint()
    assert small.fingerprint() != large.fingerprint()
    assert resize_dataset(small, 16).task_fingerprint() == large.fingerprint()


def test_its_own_size_is_no_work():
    large = dataset()
    assert resize_dataset(large, 64) is large


def test_nothing_is_enlarged():
    with pytest.raises(ValueError, match="64 x 64 pixels hold no more"):
        resize_dataset(dataset(), 128)


@pytest.mark.parametrize(("side", "expected"), [(32, (32,)), (64, (32, 64)), (150, (32, 64, 150))])
def test_sizes_grow_up_to_the_own_one(side, expected):
    assert sizes_to_try(dataset(side)) == expected


def test_loose_pictures_are_brought_to_a_size_in_the_same_way():
    large = dataset()
    np.testing.assert_array_equal(bring_to_size(large.test.images, 32), resize_dataset(large, 32).test.images)
    assert bring_to_size(large.test.images, 64) is large.test.images
