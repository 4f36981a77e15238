import pytest

from bakeoff.datasets.folder.notes import notes_left_out, notes_on_names
from bakeoff.datasets.folder.picture_file import HIDDEN, TWICE, PictureFile


@pytest.mark.parametrize(
    ("names", "note"),
    [
        (
            ["Cat", "cat", "dog"],
            "Classes whose names hardly differ, so that they may be one: 'Cat' and 'cat'.",
        ),
        (
            ["cat", "cat ", "big  cat", "Big_cat"],
            "Classes whose names hardly differ, so that they may be one: 'cat' and 'cat '; 'big  cat' and 'Big_cat'.",
        ),
        (
            ["cat", "\uff43\uff41\uff54", "m2", "m\u00b2"],
            "Classes whose names hardly differ, so that they may be one: "
            "'cat' and '\uff43\uff41\uff54'; 'm2' and 'm\u00b2'.",
        ),
        (
            ["0", "0.0", "1", "01"],
            "Classes whose names hardly differ, so that they may be one: '0' and '0.0'; '1' and '01'.",
        ),
        (["a", "b", "a|b", "a, b"], "Classes of their own, though their names hold several others: a|b; a, b."),
        (["-1", "1", "A+", "A-", "C", "C++", "salt & pepper", "nan", "train", "trainer"], ""),
    ],
)
def test_names_that_hardly_differ_or_hold_several_are_told(names, note):
    assert [note] * bool(note) == notes_on_names(names)


def test_few_files_that_are_left_out_are_named_and_the_others_counted():
    files = [PictureFile((f"._{i}",), bytes, left_out=HIDDEN) for i in range(1200)]
    files += [PictureFile((f"{i}.png",), bytes, left_out=TWICE) for i in range(2)]
    assert notes_left_out(files) == [
        "Left out as hidden: " + "; ".join(f"._{i}" for i in range(10)) + "; and 1,190 more.",
        "Left out as rows that stand in the table before: 0.png; 1.png.",
    ]
