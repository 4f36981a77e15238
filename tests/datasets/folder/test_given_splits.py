import numpy as np
import pytest

from bakeoff.datasets.folder.given_splits import choose_splits, drop_contradictions
from bakeoff.datasets.folder.picture_file import PictureFile


def deal(groups, labels):
    """The split of each picture, where none is given; groups are told by any numbers."""
    _, first, ranks = np.unique(groups, return_index=True, return_inverse=True)
    files = [PictureFile((f"{number}.png",), bytes) for number in range(len(labels))]
    class_names = [f"class {label}" for label in range(labels.max() + 1)]
    return choose_splits(files, labels, first[ranks], class_names)[0]


@pytest.mark.parametrize(
    "classes_of_a_group",
    [(0, 1), (0, 1, 2, 3), (0, 0, 1, 1, 1, 1, 1), (0, 0, 0, 1), (2, 1, 0, 0)],
    ids=["half", "plates", "minority", "majority", "three"],
)
@pytest.mark.parametrize("n_groups", [3, 10])
def test_groups_that_hold_every_class_are_dealt(classes_of_a_group, n_groups):
    labels = np.tile(classes_of_a_group, n_groups)
    groups = np.repeat(np.arange(n_groups), len(classes_of_a_group))
    split_of = deal(groups, labels)
    for label in set(classes_of_a_group):
        assert set(split_of[labels == label]) == {0, 1, 2}
    assert all(len(set(split_of[groups == group])) == 1 for group in range(n_groups))


@pytest.mark.parametrize("seed", range(20))
def test_a_class_in_some_groups_of_another_is_in_every_split(seed):
    random = np.random.default_rng(seed)
    labels, groups = np.zeros(200, dtype=np.int64), np.repeat(np.arange(20), 10)
    for group in random.choice(20, 4, replace=False):
        labels[np.flatnonzero(groups == group)[:3]] = 1
    split_of = deal(groups, labels)
    assert set(split_of[labels == 1]) == {0, 1, 2}
    assert all(len(set(split_of[groups == group])) == 1 for group in range(20))
    assert np.mean(split_of == 0) >= 0.55


def test_a_near_duplicate_in_another_class_is_told_and_kept():
    files = [PictureFile((name,), bytes) for name in "abcde"]
    labels = np.array([0, 0, 1, 0, 1])
    exact, alike = np.array([0, 1, 2, 3, 3]), np.array([0, 1, 0, 3, 3])  # the last two have an exact one
    dropped, notes = drop_contradictions(files, labels, exact, alike, "move")
    assert not dropped.any()
    assert notes[1:] == ["2 pictures with a near duplicate in another class, kept: a; c."]
    assert len(drop_contradictions(files, labels, exact, exact, "move")[1]) == 1


def test_a_class_that_is_spelled_otherwise_in_training_is_named():
    files = [PictureFile((name,), bytes, split=split) for name in "abcdef" for split in ("train", "validation", "test")]
    labels = np.array([0, 0, 2, 1, 1, 1] * 3)
    with pytest.raises(ValueError, match=r"class 'cat' must .*, got none there; 'Cat' is another class. Give it some"):
        choose_splits(files, labels, np.arange(18), ["Cat", "dog", "cat"])


def test_what_is_counted_and_how_many_classes_there_are_is_told():
    with pytest.raises(ValueError, match=r"but 'class 0' has 1 in 10 pictures, 'class 1' has 4: add pictures"):
        deal(np.array([0] * 10 + [1, 2, 3, 4]), np.array([0] * 10 + [1] * 4))
    with pytest.raises(ValueError, match=r"'class 4' has 1 and so on, 30 classes: add pictures"):
        deal(np.arange(30), np.arange(30))
