import numpy as np
import pytest

from bakeoff.datasets.folder.given_splits import choose_splits, drop_contradictions
from bakeoff.datasets.folder.groups import to_be_dealt
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


@pytest.mark.parametrize("seed", range(60))
def test_whatever_groups_hold_no_class_is_without_training_and_none_that_stays_there_is_tested(seed):
    random = np.random.default_rng(seed)
    n_groups, n_classes = int(random.integers(5, 12)), int(random.integers(2, 5))
    groups = np.repeat(np.arange(n_groups), random.integers(1, 6, n_groups))
    labels = random.choice(n_classes, len(groups), p=random.dirichlet(np.ones(n_classes)))
    labels = np.unique(labels, return_inverse=True)[1]
    groups = np.unique(groups, return_index=True)[1][groups]
    files = [PictureFile((f"{number}.png",), bytes) for number in range(len(labels))]
    names = [f"class {label}" for label in range(labels.max() + 1)]
    if len(np.unique(labels[to_be_dealt(groups, labels, 3)])) < 2:
        with pytest.raises(ValueError, match="at least two classes must have 3 different pictures or groups"):
            choose_splits(files, labels, groups, names)
        return
    split_of, notes = choose_splits(files, labels, groups, names)
    assert all(len(set(split_of[groups == group])) == 1 for group in groups)
    told = "".join(notes)
    for label, name in enumerate(names):
        found = set(split_of[labels == label])
        assert 0 in found
        assert 2 in found or name in told
        assert f"{name} (" not in told or found == {0}


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
