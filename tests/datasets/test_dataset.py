import dataclasses

import numpy as np
import pytest

from bakeoff.datasets.dataset import Dataset, Split


def split_of(n_pictures, side=4, channels=3):
    images = np.arange(n_pictures * side * side * channels).reshape(n_pictures, side, side, channels).astype(np.uint8)
    return Split(images, np.arange(n_pictures) % 2)


def dataset(**changes):
    values = {"train": split_of(6), "validation": split_of(2), "test": split_of(4)} | changes
    return Dataset(**{"name": "tiny", "class_names": ("cat", "dog")} | values)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 4, 4, 3)), "must be uint8.*got float64"),
        (np.zeros((2, 4, 4), np.uint8), r"got uint8 \(2, 4, 4\)"),
        (np.zeros((2, 4, 4, 0), np.uint8), "height, width, channels"),
        (np.zeros((3, 4, 4, 3), np.uint8), r"labels must be int64 \(3,\)"),
    ],
)
def test_split_refuses_arrays_of_another_kind(images, message):
    with pytest.raises(ValueError, match=message):
        Split(images, np.zeros(2, np.int64))


def test_takes_pictures_in_the_order_asked_for():
    split = split_of(6)
    taken = split.take(np.array([4, 1]))
    np.testing.assert_array_equal(taken.images, split.images[[4, 1]])
    assert taken.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test": split_of(4, side=5)}, "pictures of one shape"),
        ({"test": split_of(4, channels=1)}, "pictures of one shape"),
        ({"class_names": ("cat",)}, r"at least two classes, got \['cat'\]"),
        ({"validation": split_of(0)}, "the validation split has no pictures"),
        ({"test": Split(split_of(2).images, np.array([0, 2]))}, r"labels of the test split must lie in 0..1, got 0..2"),
    ],
)
def test_dataset_refuses_splits_that_do_not_fit(changes, message):
    with pytest.raises(ValueError, match=message):
        dataset(**changes)


def test_fingerprint_changes_with_every_part_of_the_task():
    base = dataset()
    pixels = base.test.images.copy()
    pixels[0, 0, 0, 0] += 1
    changed = [
        dataset(test=Split(pixels, base.test.labels)),
        dataset(test=Split(base.test.images, base.test.labels[::-1].copy())),
        dataset(class_names=("cat", "bird")),
        dataset(train=base.train.take(np.array([1, 0, 2, 3, 4, 5]))),
    ]
    assert len({base.fingerprint(), *(other.fingerprint() for other in changed)}) == 5


def test_fingerprint_ignores_name_and_notes():
    base = dataset()
    assert dataclasses.replace(base, name="other", notes=("x",)).fingerprint() == base.fingerprint()
