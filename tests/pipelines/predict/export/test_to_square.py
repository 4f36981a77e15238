import numpy as np
import pytest
import torch

from bakeoff.datasets.resizing import MIDDLE, WHOLE, framed, resize_squares
from bakeoff.pipelines.predict.export.onnx_file import resize_weights, to_square


def test_two_pixels_to_one_by_hand():
    """Both count alike: half of 2 ** 15 does not fit into int16, half of 2 ** 14 ... as many bits as it holds."""
    weights, unit = resize_weights(2, 1)
    assert weights.tolist() == [[16384, 16384]]
    assert unit == 2**15


@pytest.mark.parametrize(
    ("height", "width", "side"),
    [
        (40, 40, 32),
        (32, 32, 32),
        (33, 47, 32),
        (128, 100, 32),
        (7, 9, 32),
        (200, 220, 224),
        (310, 700, 24),
        (31, 30, 1),
    ],
)
@pytest.mark.parametrize("frame", [MIDDLE, WHOLE])
def test_is_the_resize_of_folders_to_the_bit(height, width, side, frame):
    images = np.random.default_rng(side).integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    expected = resize_squares([framed(image, frame) for image in images], side)
    np.testing.assert_array_equal(to_square(torch.from_numpy(images), side, frame), expected)
