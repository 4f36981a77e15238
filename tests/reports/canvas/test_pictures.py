import io

import numpy as np
import pytest
from PIL import Image

from bakeoff.reports.canvas.pictures import encode_png, montage, to_bytes


def test_weights_keep_zero_at_middle_gray():
    assert to_bytes(np.array([[[-1.0], [0.0], [0.5]]])).ravel().tolist() == [0, 128, 191]


def test_a_constant_picture_is_not_divided_by_zero():
    assert to_bytes(np.full((2, 2, 1), 3.0)).max() == 0


def test_montage_places_pictures_in_rows_with_clear_gaps():
    pictures = np.stack([np.full((2, 2, 3), value, np.uint8) for value in (10, 20, 30)])
    sheet = montage(pictures, 2)
    assert sheet.shape == (5, 5, 4)
    assert sheet[0, 0].tolist() == [10, 10, 10, 255]
    assert sheet[0, 4].tolist() == [20, 20, 20, 255]
    assert sheet[4, 0].tolist() == [30, 30, 30, 255]
    assert sheet[2, 0, 3] == sheet[4, 4, 3] == 0


@pytest.mark.parametrize("channels", [1, 3])
def test_png_holds_the_pixels_unchanged(channels):
    picture = np.random.default_rng(0).integers(0, 256, (8, 6, channels), dtype=np.uint8)
    decoded = np.asarray(Image.open(io.BytesIO(encode_png(picture, max_side=96))))
    assert (decoded.reshape(picture.shape) == picture).all()


def test_a_large_picture_is_made_smaller_in_proportion():
    assert Image.open(io.BytesIO(encode_png(np.zeros((200, 400, 3), np.uint8), max_side=96))).size == (96, 48)
