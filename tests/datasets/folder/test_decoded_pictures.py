import pickle
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bakeoff.datasets.folder.decode import Outcome
from bakeoff.datasets.folder.decoded_pictures import (
    can_be_read,
    decode_into,
    decode_pictures,
    outcomes_from_array,
    outcomes_to_array,
)
from bakeoff.datasets.folder.duplicates import traits_of
from bakeoff.datasets.folder.picture_file import PictureFile, read_plain_file
from bakeoff.datasets.folder.samples import Rules
from bakeoff.tests.odd_folder import bomb, png_bytes


def failing():
    raise PermissionError(13, "Permission denied")


def file_of(content):
    return PictureFile(("a.png",), content if callable(content) else lambda: content)


def the_error(content, **options):
    _, outcomes = decode_pictures([file_of(content)], Rules(image_size=32, **options))
    return outcomes[0].reason


def elsewhere(function, chunks):
    """As workers do it: what they get and what they give is pickled."""
    return (via_pickle(via_pickle(function)(via_pickle(chunk))) for chunk in chunks)


def via_pickle(value):
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("map_chunks", [None, elsewhere])
def test_many_pictures_come_back_in_order_with_their_errors(map_chunks):
    contents = [png_bytes(Image.new("RGB", (9, 9), (index, 0, 0))) for index in range(200)]
    contents[7], contents[150] = b"", contents[150][:-30]
    calls, rows = [], np.zeros((200, 8 * 8 * 3), np.uint8)
    outcomes, traits = decode_into(
        rows,
        [file_of(content) for content in contents],
        Rules(image_size=8, compared=True),
        map_chunks=map_chunks,
        progress=lambda *call: calls.append(call),
    )
    assert [i for i, outcome in outcomes.items() if outcome.fault] == [7, 150]
    expected = np.arange(200)
    expected[[7, 150]] = 0
    np.testing.assert_array_equal(rows.reshape(200, 8, 8, 3)[:, 4, 4, 0], expected)
    assert [outcomes[index].file_format for index in (6, 7, 8)] == ["PNG", "", "PNG"]
    assert calls[-1] == ("decoding pictures", 200, 200)
    np.testing.assert_array_equal(traits, traits_of(rows.reshape(200, 8, 8, 3)))


def test_only_the_chosen_are_decoded_and_go_where_they_belong():
    files = [file_of(png_bytes(Image.new("RGB", (9, 9), (index + 1, 0, 0)))) for index in range(90)]
    rows, chosen = np.zeros((90, 8 * 8 * 3), np.uint8), [0, 1, 5, *range(10, 80), 89]
    _, traits = decode_into(rows, files, Rules(image_size=8, compared=True), chosen=chosen)
    assert rows[:, 0].tolist() == [index + 1 if index in chosen else 0 for index in range(90)]
    np.testing.assert_array_equal(traits, traits_of(rows[chosen].reshape(-1, 8, 8, 3)))


def test_traits_are_found_only_if_asked_for():
    _, traits = decode_into(
        np.zeros((1, 192), np.uint8), [file_of(png_bytes(Image.new("RGB", (9, 9))))], Rules(image_size=8)
    )
    assert traits.tolist() == [(b"", 0, False, False)]


def test_what_another_machine_cannot_read_is_read_here(tmp_path):
    path = tmp_path / "here.png"
    path.write_bytes(png_bytes(Image.new("RGB", (9, 9), (77, 0, 0))))
    file = PictureFile(("here.png",), partial(read_plain_file, str(path)), stamp="1")

    def without_the_folder(function, chunks):
        for chunk in chunks:
            path.rename(path.with_suffix(".away"))
            found = function(chunk)
            path.with_suffix(".away").rename(path)
            yield found

    rows = np.zeros((2, 8 * 8 * 3), np.uint8)
    gone = PictureFile(("gone.png",), partial(read_plain_file, str(tmp_path / "gone.png")), stamp="1")
    outcomes, traits = decode_into(
        rows, [gone, file], Rules(image_size=8, compared=True), map_chunks=without_the_folder
    )
    assert rows[:, 0].tolist() == [0, 77]
    np.testing.assert_array_equal(traits, traits_of(rows.reshape(2, 8, 8, 3)))
    assert outcomes[0].reason == "cannot be read: No such file or directory"
    assert outcomes[1].file_format == "PNG"


def test_a_reader_that_fails_is_a_reason_not_a_crash():
    _, outcomes = decode_pictures([file_of(failing)], Rules(image_size=32))
    assert (outcomes[0].fault, outcomes[0].reason) == ("unreadable", "cannot be read: Permission denied")


def test_tells_what_can_be_read():
    assert can_be_read(file_of(b"no picture"))
    assert not can_be_read(file_of(failing))


@pytest.mark.parametrize("side", [10_001, 13_000, 20_000, 60_000])
def test_decompression_bombs_are_refused_undecoded(side):
    assert "over the limit of 100,000,000 pixels" in the_error(lambda: bomb(side, side))


def test_the_pixel_limit_can_be_set_and_is_put_back():
    content, before = png_bytes(Image.new("RGB", (100, 100), (255, 0, 0))), Image.MAX_IMAGE_PIXELS
    assert "over the limit of 9,999 pixels" in the_error(content, max_pixels=9_999)
    assert the_error(content, max_pixels=10_000) == ""
    assert before == Image.MAX_IMAGE_PIXELS


def test_the_folder_of_nothing_is_no_error():
    assert decode_pictures([], Rules(image_size=8))[0].shape == (0, 8, 8, 3)


texts = st.text(max_size=20)
indices = st.integers(0, 10**6)
outcomes = st.builds(Outcome, texts, texts, texts, st.lists(texts).map(tuple), texts)


@given(st.dictionaries(indices, outcomes))
def test_outcomes_come_back_from_their_array(outcomes):
    array = outcomes_to_array(outcomes)
    assert array.dtype.kind == "U"
    assert outcomes_from_array(array) == outcomes
