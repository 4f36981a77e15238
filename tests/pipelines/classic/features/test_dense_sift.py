import math

import cv2
import numpy as np
import pytest
import torch

from bakeoff.pipelines.classic.features.dense_sift import dense_sift_positions, extract_dense_sift, opponent_colors
from bakeoff.pipelines.classic.features.planes import luminance, to_planes
from bakeoff.tests.reference.dense_sift import dense_sift as reference_dense_sift


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def ramp(degrees: float, side: int = 13) -> torch.Tensor:
    """A picture that rises by 5 gray levels a pixel in one direction."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    angle = math.radians(degrees)
    return (100 + 5 * (x * math.cos(angle) + y * math.sin(angle)))[None, ..., None].float()


def test_a_ramp_fills_one_orientation_of_every_bin():
    descriptor = extract_dense_sift(ramp(90, side=21)[:, 4:17, 4:17], bin_size=4, stride=1).view(16, 8)
    assert (descriptor[:, [0, 1, 3, 4, 5, 6, 7]].abs() < 1e-5).all()
    # Bins 1 and 2 of a side gather the whole triangle (weight 1), 0 and 3 lose what lies outside: 10/16 remain.
    # Lengths 1, 10/16 and (10/16)^2 over the total length of (2 + 2 (10/16)^2), clipped at 0.2, then unit length.
    side = np.array([10 / 16, 1, 1, 10 / 16])
    expected = np.outer(side, side).ravel()
    expected = np.minimum(expected / np.linalg.norm(expected), 0.2)
    np.testing.assert_allclose(descriptor[:, 2], expected / np.linalg.norm(expected), atol=1e-5)


def test_a_direction_between_two_orientations_is_shared_by_their_distances():
    nine_degrees = extract_dense_sift(ramp(9), bin_size=4, stride=1).view(16, 8)
    clipped_alike = nine_degrees[0]  # a corner bin, below the clip
    assert (clipped_alike[1] / clipped_alike[0]).item() == pytest.approx(9 / 36, abs=1e-4)


@pytest.mark.parametrize("window", ["triangular", "gaussian"])
@pytest.mark.parametrize("root", [False, True])
@pytest.mark.parametrize("regularizer", [0, 2.5])
@pytest.mark.parametrize(("bin_size", "stride"), [(2, 3), (3, 2), (4, 4)])
def test_equals_the_slow_reference(window, root, regularizer, bin_size, stride):
    images = noise(1, 14, 17, 3)
    settings = {"bin_size": bin_size, "stride": stride, "window": window, "root": root, "regularizer": regularizer}
    ours = extract_dense_sift(images, **settings)
    for gray, descriptors in zip(luminance(to_planes(images)).numpy(), ours.numpy(), strict=True):
        expected = reference_dense_sift(gray, **settings)
        np.testing.assert_allclose(descriptors, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("bin_size", [2, 4, 6])
def test_correlates_with_opencv_on_the_same_grid(bin_size):
    picture = cv2.GaussianBlur(noise(48, 48, 1, seed=3).numpy(), (0, 0), 1.5)
    positions = dense_sift_positions(48, 48, bin_size=bin_size, stride=4)
    inner = ((positions - 23.5).abs() + 2.5 * bin_size < 22).all(1)  # OpenCV has no gradient on the border
    keypoints = [cv2.KeyPoint(float(x), float(y), bin_size / 1.5, 0) for x, y in positions]
    _, theirs = cv2.SIFT_create(sigma=0.5).compute(picture, keypoints)
    in_our_order = theirs.reshape(-1, 16, 8)[:, :, (8 - np.arange(8)) % 8].reshape(-1, 128)
    ours = extract_dense_sift(
        torch.from_numpy(picture)[None, ..., None], bin_size=bin_size, stride=4, window="gaussian"
    )[0].numpy()
    correlations = [np.corrcoef(a, b)[0, 1] for a, b in zip(ours[inner], in_our_order[inner], strict=True)]
    assert len(correlations) > 4
    assert min(correlations) > 0.999


def test_positions_are_the_centers_in_the_order_of_the_descriptors():
    positions = dense_sift_positions(11, 9, bin_size=2, stride=2)
    assert positions.tolist() == [[x, y] for y in (3.0, 5.0, 7.0) for x in (3.0, 5.0)]
    images = torch.zeros(1, 11, 9, 1)
    images[0, 7, 5] = (
        255  # only one descriptor is centered here: turning the picture by 180 degrees turns it into itself
    )
    descriptors = extract_dense_sift(images, bin_size=2, stride=2)[0].view(6, 4, 4, 2, 4)
    turned = descriptors.flip(1, 2, 3)
    apart = (descriptors - turned).abs().amax((1, 2, 3, 4))
    assert (apart < 1e-5).nonzero().flatten().tolist() == [5]


def test_a_mirrored_picture_has_mirrored_descriptors():
    images = noise(2, 16, 16, 1)
    straight = extract_dense_sift(images, bin_size=4, stride=3).view(2, 2, 2, 4, 4, 8)
    mirrored = extract_dense_sift(images.flip(2), bin_size=4, stride=3).view(2, 2, 2, 4, 4, 8)
    directions = (4 - torch.arange(8)) % 8
    torch.testing.assert_close(mirrored, straight.flip(2, 4)[..., directions], rtol=0, atol=1e-5)


def test_does_not_depend_on_brightness_or_contrast():
    images = noise(2, 16, 16, 3).float() / 2
    plain = extract_dense_sift(images, bin_size=3, stride=2)
    torch.testing.assert_close(extract_dense_sift(2 * images + 9, bin_size=3, stride=2), plain, rtol=0, atol=1e-5)


def test_flat_patches_alone_are_silenced():
    images = torch.cat([ramp(30) / 1e4, ramp(30)])
    faint, strong = extract_dense_sift(images, bin_size=4, stride=1)
    assert (faint == 0).all()
    assert torch.linalg.vector_norm(strong, dim=-1).allclose(torch.ones(1))


def test_per_channel_puts_the_descriptors_of_three_gray_pictures_side_by_side():
    images = noise(2, 13, 16, 3)
    together = extract_dense_sift(images, bin_size=3, stride=3, per_channel=True)
    apart = [extract_dense_sift(images[..., c : c + 1], bin_size=3, stride=3) for c in range(3)]
    torch.testing.assert_close(together, torch.cat(apart, dim=-1), rtol=0, atol=1e-6)


def test_opponent_colors_turn_rgb_by_an_orthonormal_matrix():
    assert opponent_colors(torch.full((1, 1, 1, 3), 100.0)).flatten().tolist() == pytest.approx(
        [0, 0, 100 * math.sqrt(3)], abs=1e-4
    )
    images = noise(2, 4, 4, 3).float()
    torch.testing.assert_close(opponent_colors(images).norm(dim=-1), images.norm(dim=-1))


def test_refuses_gray_pictures_per_channel_and_an_unknown_window():
    with pytest.raises(ValueError, match="3 channels"):
        extract_dense_sift(noise(1, 16, 16, 1), bin_size=3, stride=2, per_channel=True)
    with pytest.raises(ValueError, match="window must be triangular or gaussian, got 'box'"):
        extract_dense_sift(noise(1, 16, 16, 1), bin_size=3, stride=2, window="box")
