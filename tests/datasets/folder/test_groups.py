import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.datasets.folder.groups import connect, join, majority_labels, name_groups
from bakeoff.datasets.folder.picture_file import PictureFile


def files(*paths, groups=()):
    parts = [tuple(path.split("/")) for path in paths]
    return [
        PictureFile(part, bytes, class_name=part[0], group=group)
        for part, group in zip(parts, groups or [""] * len(parts), strict=True)
    ]


PATIENTS = files(*(f"{kind}/P{patient:02}_{k}.png" for patient in range(6) for kind in ("a", "b") for k in range(3)))


@pytest.mark.parametrize(
    ("pattern", "names"),
    [(r"(P\d+)_", "P"), (r"P\d+", "P"), (r"/([^_]+)_", "P"), (r"_(\d)", "number")],
)
def test_the_first_group_of_the_pattern_or_the_whole_match_names_a_group(pattern, names):
    groups, notes = name_groups(PATIENTS, pattern)
    assert len(set(groups.tolist())) == (6 if names == "P" else 3)
    assert "each is kept within one split" in notes[0]


def test_a_pattern_that_matches_nothing_is_an_error_and_one_that_misses_some_is_told():
    with pytest.raises(ValueError, match=r"group Q\\d matches no path, such as a/P00_0.png"):
        name_groups(PATIENTS, r"Q\d")
    groups, notes = name_groups(PATIENTS, r"P00")
    assert len(set(groups.tolist())) == 1 + len(PATIENTS) - 6
    assert "30 pictures have no group, such as a/P01_0.png: each is one of its own." in notes


def test_a_table_may_name_groups():
    groups, _ = name_groups(files("a", "b", "c", groups=["x", "", "x"]), "")
    assert groups[0] == groups[2] != groups[1]


@pytest.mark.parametrize(
    "paths",
    [
        [f"{kind}/P{patient:02}_{k}.png" for patient in range(4) for kind in ("a", "b") for k in range(3)],
        [f"{kind}/plate3-{patient} {k}.tif" for patient in range(4) for kind in ("a", "b") for k in range(3)],
        [f"{kind}/patient{patient} ({k}).png" for patient in range(4) for kind in ("a", "b") for k in range(3)],
        [f"{kind}/subject-{patient:02}-view{k}.png" for patient in range(4) for kind in ("a", "b") for k in range(3)],
        [
            f"{kind}/{patient}_{eye}.jpg"
            for patient in range(10, 14)
            for kind in ("a", "b")
            for eye in ("left", "right")
        ],
        [f"{kind}/IMG_{n:04}{form}.png" for n in range(4) for kind in "ab" for form in ("", "_flip", "_rot90")],
        [f"{kind}/patient {kind}{patient}/{k}.png" for patient in range(4) for kind in ("a", "b") for k in range(3)],
    ],
    ids=["prefix", "plate", "numbered by Windows", "view", "eye", "forms", "folder"],
)
def test_suggests_a_pattern_where_names_look_like_groups(paths):
    found, notes = name_groups(files(*paths), "")
    assert found is None
    pattern = notes[0].split("give --group='")[1].split("' or else")[0]
    named, _ = name_groups(files(*paths), pattern)
    assert len(set(named.tolist())) in (4, 8)


@pytest.mark.parametrize(
    "paths",
    [
        [f"{kind}/{number:03}.png" for kind in ("a", "b") for number in range(20)],
        [f"{kind}/{kind}_{number}.png" for kind in ("cat", "dog") for number in range(20)],
        [f"{kind}/IMG_{number}.jpg" for kind in ("cat", "dog") for number in range(20)],
        [f"{kind}/x{number}_1.jpg" for kind in ("cat", "dog") for number in range(20)],
        [f"{kind}/IMG_{number:04}_edited.jpg" for kind in ("cat", "dog") for number in range(20)],
        [f"{kind}/images/{number}.jpg" for kind in ("cat", "dog") for number in range(20)],
    ],
    ids=["numbers", "class and number", "camera", "each its own", "each changed", "one folder"],
)
def test_suggests_nothing_where_names_do_not(paths):
    assert name_groups(files(*paths), "") == (None, [])


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_what_is_linked_has_one_number(links):
    found = connect(10, np.array(links, dtype=int).reshape(-1, 2))
    expected = np.arange(10)
    for _ in range(10):
        for left, right in links:
            expected[[left, right]] = expected[[left, right]].min()
    np.testing.assert_array_equal(found, expected)


def test_joined_groups_are_connected_through_each_other():
    alike, named = np.array([0, 0, 2, 3, 4]), np.array([7, 8, 8, 9, 7])
    assert join(alike, named).tolist() == [0, 0, 0, 3, 0]
    assert join(alike, None) is alike


def test_the_class_of_a_group_is_its_most_frequent_one():
    assert majority_labels(np.array([0, 0, 0, 3, 3]), np.array([1, 2, 2, 0, 0])).tolist() == [2, 2, 2, 0, 0]


def test_suggests_nothing_where_each_split_numbers_its_pictures_anew():
    found = [
        PictureFile((split, kind, f"{kind}_{number:03}.jpg"), bytes, class_name=kind, split=split)
        for split in ("train", "test")
        for kind in ("apple", "pear")
        for number in range(9)
    ]
    assert name_groups(found, "") == (None, [])
