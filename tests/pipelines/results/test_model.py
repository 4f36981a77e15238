import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from bakeoff.pipelines.results.model import FILE_NAME, HEADER, StoredModel, load_stored_model, save_stored_model

MODEL = StoredModel(
    approach="neural",
    experiment="mlp",
    class_names=("cat", "dog"),
    image_shape=(4, 5, 3),
    settings={"width": 3, "names": ["a", "ä"]},
    arrays={
        "weights": np.arange(6, dtype=np.float32).reshape(2, 3).T,  # not in C order
        "count": np.array(7),
        "half": np.ones((0, 2), np.float16),
    },
)


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / FILE_NAME
    assert save_stored_model(MODEL, path) == path.stat().st_size
    return path.read_bytes()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("place")


def load(folder, content: bytes) -> StoredModel:
    (folder / FILE_NAME).write_bytes(content)
    return load_stored_model(folder / FILE_NAME)


def test_comes_back_as_it_was(tmp_path, content):
    back = load(tmp_path, content)
    assert replace(back, arrays={}) == replace(MODEL, arrays={})
    assert back.arrays.keys() == MODEL.arrays.keys()
    for name, array in MODEL.arrays.items():
        np.testing.assert_array_equal(back.arrays[name], array)
        assert (back.arrays[name].dtype, back.arrays[name].shape) == (array.dtype, array.shape)


def test_what_tells_of_the_model_before_goes_and_the_rest_stays(tmp_path):
    for name in ("run.json", "model.md", "model.onnx", "scores.npz"):
        (tmp_path / name).write_text("of the model before")
    save_stored_model(MODEL, tmp_path / FILE_NAME)
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE_NAME, "scores.npz"]


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(ValueError, match=r"model\.safetensors is missing: train the model first"):
        load_stored_model(tmp_path / FILE_NAME)


REFUSED = r"model\.safetensors is not a whole model .*: train it again"


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_a_cut_off_file_is_noticed(place, content, data):
    with pytest.raises(ValueError, match=REFUSED):
        load(place, content[: data.draw(st.integers(0, len(content) - 1))])


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_a_changed_byte_is_noticed(place, content, data):
    at, difference = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(1, 255))
    if content[at] == ord(" "):  # padding, which any white space may fill
        return
    changed = content[:at] + bytes([content[at] ^ difference]) + content[at + 1 :]
    with pytest.raises(ValueError, match=REFUSED) as error:
        load(place, changed)
    assert len(str(error.value).splitlines()) == 1


@settings(max_examples=50, deadline=None)
@given(junk=st.binary(max_size=200))
def test_anything_else_is_refused(place, junk):
    with pytest.raises(ValueError, match="is not a whole model"):
        load(place, junk)


def test_a_header_of_absurd_length_is_refused_before_it_is_read(tmp_path):
    with pytest.raises(ValueError, match="is not a whole model"):
        load(tmp_path, (2**62).to_bytes(8, "little") + b"{}")


def test_an_array_of_absurd_size_is_refused(tmp_path):
    header = json.dumps({"weights": {"dtype": "F32", "shape": [2**40, 2**20], "data_offsets": [0, 4]}}).encode()
    with pytest.raises(ValueError, match="is not a whole model"):
        load(tmp_path, len(header).to_bytes(8, "little") + header + b"1234")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, "format 2"),
        ("[" * 100_000, "recursion|Expecting"),
        ("[]", "format 2"),
        ('{"format": 1}', "format 2"),
    ],
)
def test_safetensors_files_of_others_are_refused(tmp_path, header, reason):
    metadata = None if header is None else {HEADER: header}
    with pytest.raises(ValueError, match=f"is not a whole model .*(?:{reason})"):
        load(tmp_path, save({"weights": np.ones(2)}, metadata))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"class_names": ("cat",)}, "at least two classes"),
        ({"image_shape": (4, 5, 0)}, "image_shape"),
        ({"image_shape": (0, 5, 3)}, "image_shape"),
        ({"image_shape": (10**6, 10**6, 3)}, "image_shape"),
    ],
)
def test_a_model_of_no_pictures_or_classes_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(MODEL, **change)
