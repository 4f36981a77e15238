from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.datasets.splits import DEFAULT_SHARES, apportion, evenly_spread, nested_subset, stratified_split

labels_of_three_classes = st.lists(st.integers(0, 2), max_size=200).map(
    lambda labels: np.array([*labels, *([0, 1, 2] * 3)], dtype=np.int64)
)


def test_apportions_by_largest_remainder_after_one_each():
    # 10 - 3 = 7 to deal: quotas 4.9, 0.7, 1.4 -> floors 4, 0, 1; the two left go to remainders .9 and .7; plus one each
    np.testing.assert_array_equal(apportion(10, [0.7, 0.1, 0.2]), [6, 2, 2])


@settings(deadline=None)
@given(total=st.integers(3, 10_000))
def test_apportioned_counts_add_up_and_lie_near_their_share(total):
    counts = apportion(total, [0.7, 0.1, 0.2])
    assert counts.sum() == total
    assert (counts >= 1).all()
    assert (abs(counts - total * np.array([0.7, 0.1, 0.2])) < 2).all()


@settings(deadline=None)
@given(labels=labels_of_three_classes)
def test_every_picture_is_in_one_split_and_every_class_in_every_split(labels):
    split = stratified_split(labels, DEFAULT_SHARES)
    np.testing.assert_array_equal(np.sort(np.concatenate(list(split.values()))), np.arange(len(labels)))
    for indices in split.values():
        assert set(labels[indices]) == {0, 1, 2}
        assert (np.diff(indices) > 0).all()


def test_is_the_same_every_time():
    labels = np.repeat(np.arange(4), 25)
    first, second = (stratified_split(labels, DEFAULT_SHARES) for _ in range(2))
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_names_the_class_that_is_too_small():
    with pytest.raises(ValueError, match=r"class 'dog' must have at least 3 pictures.*got 2"):
        stratified_split(np.array([0, 0, 0, 1, 1]), DEFAULT_SHARES, ["cat", "dog"])


@pytest.mark.parametrize("shares", [{"train": 0.5, "test": 0.4}, {"train": 1.5, "test": -0.5}])
def test_refuses_shares_that_are_no_shares(shares):
    with pytest.raises(ValueError, match="add up to 1"):
        stratified_split(np.zeros(9, dtype=np.int64), shares)


@settings(deadline=None)
@given(labels=labels_of_three_classes, seed=st.integers(0, 5))
def test_larger_subsets_hold_the_smaller_ones(labels, seed):
    sizes = [1, 3, 10, 1000]
    subsets = [nested_subset(labels, size, seed=seed) for size in sizes]
    counts = np.bincount(labels)
    for size, subset in zip(sizes, subsets, strict=True):
        np.testing.assert_array_equal(np.bincount(labels[subset]), np.minimum(counts, size))
    for smaller, larger in pairwise(subsets):
        assert set(smaller) <= set(larger)
    np.testing.assert_array_equal(subsets[-1], np.arange(len(labels)))


def test_subsets_differ_between_seeds():
    labels = np.repeat(np.arange(4), 25)
    first, second = (nested_subset(labels, 5, seed=seed) for seed in (0, 1))
    assert set(first) != set(second)


def test_refuses_empty_subsets():
    with pytest.raises(ValueError, match="at least 1"):
        nested_subset(np.array([0, 1]), 0, seed=0)


def test_a_few_pictures_are_spread_over_all_by_hand():
    np.testing.assert_array_equal(evenly_spread(10, 4), [0, 2, 5, 7])
    np.testing.assert_array_equal(evenly_spread(3, 4), [0, 1, 2])
    assert len(evenly_spread(0, 4)) == 0


@given(n=st.integers(1, 100_000), most=st.integers(1, 2000))
def test_spread_pictures_are_all_there_are_or_lie_equally_far_apart(n, most):
    chosen = evenly_spread(n, most)
    assert len(chosen) == min(n, most)
    gaps = np.diff([*chosen, n])
    assert chosen[0] == 0
    assert gaps.min() >= 1
    assert gaps.max() - gaps.min() <= 1
