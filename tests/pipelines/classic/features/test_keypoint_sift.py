import cv2
import numpy as np
import pytest
import torch

from bakeoff.pipelines.classic.features.keypoint_sift import extract_keypoint_sift


def blobs(*centers: tuple[int, int]) -> torch.Tensor:
    """(1, 64, 64, 1): bright blurred dots at (x, y)."""
    picture = np.zeros((64, 64), np.float32)
    for x, y in centers:
        picture[y, x] = 60000
    picture = cv2.GaussianBlur(picture, (0, 0), 4)
    picture = np.minimum(picture + np.random.default_rng(0).random((64, 64), np.float32), 255)
    return torch.from_numpy(picture)[None, ..., None]


def test_finds_a_blob_where_it_lies():
    (found,) = extract_keypoint_sift(blobs((20, 41)))
    distances = np.linalg.norm(found.positions - [20, 41], axis=1)
    assert distances.min() < 1


def test_equals_opencv_up_to_its_scale():
    images = torch.cat([blobs((20, 41), (45, 18)), blobs((30, 30))])
    for picture, found in zip(images, extract_keypoint_sift(images), strict=True):
        _, expected = cv2.SIFT.create().detectAndCompute(picture[..., 0].round().byte().numpy(), None)
        np.testing.assert_allclose(
            found.descriptors * 512, expected, atol=4
        )  # OpenCV rounds, so 512 is nearly its length
        assert len(found.positions) == len(expected)


@pytest.mark.parametrize("root", [False, True])
def test_descriptors_have_unit_length(root):
    (found,) = extract_keypoint_sift(blobs((20, 41), (45, 18)), root=root)
    np.testing.assert_allclose(np.linalg.norm(found.descriptors, axis=1), 1, rtol=1e-5)
    assert found.descriptors.dtype == np.float32


def test_a_picture_without_keypoints_gives_empty_arrays():
    flat, busy = extract_keypoint_sift(torch.cat([torch.full((1, 64, 64, 1), 99.0), blobs((30, 30))]))
    assert flat.descriptors.shape == (0, 128)
    assert flat.positions.shape == (0, 2)
    assert len(busy.descriptors) > 0


def test_keeps_the_strongest_keypoints_only():
    many = extract_keypoint_sift(blobs((16, 16), (46, 16), (16, 46)))[0]
    few = extract_keypoint_sift(blobs((16, 16), (46, 16), (16, 46)), max_keypoints=1)[0]
    assert len(many.descriptors) > len(few.descriptors) >= 1


def test_refuses_non_finite_values():
    with pytest.raises(ValueError, match="must be finite"):
        extract_keypoint_sift(torch.full((1, 32, 32, 1), float("nan")))
