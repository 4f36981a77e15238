import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.pipelines.results.study import (
    StudyResult,
    load_studies,
    load_study,
    pack_correct,
    save_study,
    study_file,
    unpack_correct,
)

FINGERPRINT = "0123456789ab"


def make_study(**changes) -> StudyResult:
    values = {
        "name": "learning-curves", "title": "Learning curves", "dataset": "toy", "fingerprint": FINGERPRINT,
        "settings": {"sizes": [10, 20], "experiments": ["hog"]},
        "rows": ({"experiment": "hog", "size": 10, "accuracy": 0.25, "reached": None},
                 {"experiment": "hog", "size": 20, "accuracy": 0.5, "reached": True}),
        "environment": {"commit": "abc"}, "seconds": 1.5, "notes": ("small",),
    }  # fmt: skip
    return StudyResult(**{**values, **changes})


@pytest.fixture
def folder(tmp_path):
    return tmp_path / f"toy-{FINGERPRINT[:8]}"


def test_a_saved_study_comes_back_equal(folder):
    study = make_study()
    assert load_study(save_study(study, folder)) == study


def test_studies_are_found_by_name_and_a_task_without_any_has_none(folder):
    assert load_studies(folder) == {}
    for name in ("robustness", "cues"):
        save_study(make_study(name=name), folder)
    assert list(load_studies(folder)) == ["cues", "robustness"]


def test_saving_again_replaces_and_leaves_nothing_else_behind(folder):
    save_study(make_study(), folder)
    path = save_study(make_study(seconds=9.0), folder)
    assert load_study(path).seconds == 9.0
    assert [file.name for file in path.parent.iterdir()] == ["learning-curves.json"]


def test_pictures_come_back_and_go_when_the_study_has_none(folder):
    pictures = {"test": np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)}
    path = save_study(make_study(pictures=pictures), folder)
    np.testing.assert_array_equal(load_study(path).pictures["test"], pictures["test"])
    assert load_studies(folder)["learning-curves"].without_pictures().pictures == {}
    save_study(make_study(), folder)
    assert [file.name for file in path.parent.iterdir()] == ["learning-curves.json"]


def test_a_study_that_has_lost_its_pictures_is_damaged(folder):
    path = save_study(make_study(pictures={"test": np.zeros((1, 2, 2, 3), np.uint8)}), folder)
    path.with_suffix(".npz").unlink()
    with pytest.raises(ValueError, match=r"is damaged .*bakeoff study learning-curves"):
        load_study(path)


@pytest.mark.parametrize("images", [np.zeros((1, 2, 2, 3)), np.zeros((2, 2, 3), np.uint8)])
def test_pictures_are_bytes_in_four_dimensions(images):
    with pytest.raises(ValueError, match="test must be uint8"):
        make_study(pictures={"test": images})


@pytest.mark.parametrize(
    "row",
    [{"accuracy": float("nan")}, {"accuracy": float("inf")}, {"size": np.int64(3)}, {"sizes": [1, 2]}, {"a": {"b": 1}}],
)
def test_rows_hold_finite_plain_values_only(row):
    with pytest.raises(ValueError, match="row 1 of study learning-curves must hold"):
        make_study(rows=({"size": 1}, row))


def test_a_study_without_rows_is_refused():
    with pytest.raises(ValueError, match="must have rows"):
        make_study(rows=())


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"3", b"\xff", b"{}", b'{"schema": 99}', b'{"schema": 1}', b'{"schema": 1, "x": 2}']
)
def test_a_damaged_file_is_named_with_the_way_out(folder, content):
    path = save_study(make_study(), folder)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"(?s)learning-curves.json.*`bakeoff study learning-curves`"):
        load_studies(folder)


@pytest.mark.parametrize("changes", [{"rows": []}, {"rows": 3}, {"rows": [3]}, {"rows": [{"a": [1]}]}, {"notes": None}])
def test_a_file_with_a_wrong_field_is_damaged_too(folder, changes):
    path = save_study(make_study(), folder)
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    with pytest.raises(ValueError, match="is damaged"):
        load_study(path)


def test_a_study_of_other_data_is_refused(folder):
    path = study_file(folder, "learning-curves")
    save_study(make_study(fingerprint="fedcba987654"), folder)
    assert path.exists()
    with pytest.raises(ValueError, match=r"must be the study learning-curves of toy-01234567, got .*toy-fedcba98"):
        load_studies(folder)


def test_packing_is_readable_by_hand():
    assert pack_correct(np.array([1, 0, 0, 0, 0, 0, 0, 1, 1], bool)) == "8180"


@given(st.lists(st.booleans(), min_size=1, max_size=70))
def test_what_is_packed_comes_back(values):
    correct = np.array(values)
    np.testing.assert_array_equal(unpack_correct(pack_correct(correct), len(correct)), correct)


def test_a_text_about_other_pictures_is_refused():
    with pytest.raises(ValueError, match="9 pictures must have 4 digits, got 2"):
        unpack_correct("81", 9)
