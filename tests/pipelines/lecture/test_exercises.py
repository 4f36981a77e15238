"""A student's file is told what differs; the files with holes are what they say; a right one passes."""

from pathlib import Path

import numpy as np
import pytest

from bakeoff.pipelines.lecture.exercises import check_exercise, differ

FOLDER = Path(__file__).parents[3] / "examples" / "exercises"
RIGHT = np.array([[1.0, 2.0, 4.0]])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_a_hole_is_told_and_nothing_of_the_solution(path):
    told = check_exercise(path.stem, path)
    assert told
    assert all("NotImplementedError" in line for line in told)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (RIGHT, ""),
        (-RIGHT, "the sign is wrong"),
        (3 * RIGHT, "it is 3 times"),
        (RIGHT.T, "transposed?"),
        (RIGHT + 1, "off by 1"),
        (RIGHT * np.inf, "not finite"),
        (RIGHT + np.array([[0, 1, 0]]), "1 of 3 numbers are wrong, the first at index (0, 1)"),
        ("text", "it should give numbers"),
    ],
)
def test_what_differs_is_said(given, said):
    found = differ(given, RIGHT)
    assert found == "" if said == "" else said in found


def test_a_right_file_passes_and_a_wrong_factor_is_named(tmp_path):
    source = (
        "import numpy as np\n"
        "def forward(x): return np.where(x > 0, 1, np.exp(-abs(x))) / (1 + np.exp(-abs(x)))\n"
        "def backward(g, y): return g * y * (1 - y)\n"
    )
    file = tmp_path / "mine.py"
    file.write_text(source)
    assert check_exercise("sigmoid_gate", file) == []
    file.write_text(source.replace("return g", "return 2 * g"))
    assert check_exercise("sigmoid_gate", file) == ["backward: it is 2 times what it should be"]


def test_bad_input_is_told(tmp_path):
    with pytest.raises(ValueError, match="there is no exercise 'hogg'"):
        check_exercise("hogg", tmp_path)
    with pytest.raises(ValueError, match="cannot be run"):
        check_exercise("hog", tmp_path / "none.py")
