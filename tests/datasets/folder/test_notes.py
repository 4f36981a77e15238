import pytest

from bakeoff.datasets.folder.notes import note_class_names, notes_left_out
from bakeoff.datasets.folder.picture_file import HIDDEN, TWICE, PictureFile


@pytest.mark.parametrize(
    ("names", "note"),
    [
        (
            ["Cat", "cat", "dog"],
            "Classes whose names hardly differ: 'Cat' and 'cat'. If they are one, give them one name.",
        ),
        (["cat", "cat ", "big  cat", "Big_cat"], "hardly differ: 'cat' and 'cat '; 'big  cat' and 'Big_cat'. If"),
        (["0", "0.0", "1", "01"], "hardly differ: '0' and '0.0'; '1' and '01'. If"),
        (["a", "b", "a|b", "a, b"], "Classes of their own, though their names hold several others: a|b; a, b."),
        (["-1", "1", "A+", "A-", "C", "C++", "salt & pepper", "nan", "train", "trainer"], ""),
    ],
)
def test_names_that_hardly_differ_or_hold_several_are_told(names, note):
    assert note in note_class_names(names) if note else note_class_names(names) == ""


def test_few_files_that_are_left_out_are_named_and_many_counted():
    files = [PictureFile((f"._{i}",), bytes, left_out=HIDDEN) for i in range(1200)]
    files += [PictureFile((f"{i}.png",), bytes, left_out=TWICE) for i in range(2)]
    assert notes_left_out(files) == [
        "Left out as hidden: 1,200, such as ._0.",
        "Left out as rows that stand in the table before: 0.png; 1.png.",
    ]
