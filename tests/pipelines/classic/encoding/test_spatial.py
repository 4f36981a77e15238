"""Coordinates appended to descriptors, and pyramids of regions."""

import pytest
import torch

from bakeoff.pipelines.classic.codebook.kmeans import Codebook
from bakeoff.pipelines.classic.encoding.encodings import encode_bag_of_words
from bakeoff.pipelines.classic.encoding.spatial import append_positions, pool_pyramid

QUADRANTS = ((2, 2),)  # the pooling of Coates, Ng, Lee 2011
GRID = torch.cartesian_prod(torch.arange(4.0), torch.arange(6.0)).flip(1)  # (x, y) of all pixels of a 4 x 6 picture


def mean_descriptor(descriptors: torch.Tensor) -> torch.Tensor:
    return descriptors.mean(dim=1) if descriptors.shape[1] else descriptors.new_zeros(len(descriptors), 2)


def test_appended_coordinates_are_centered_and_scaled():
    appended = append_positions(torch.zeros(2, 24, 3), GRID, 4, 6, scale=12.0)
    assert appended.shape == (2, 24, 5)
    torch.testing.assert_close(appended[0, 0], torch.tensor([0.0, 0.0, 0.0, -5.0, -4.5]))
    torch.testing.assert_close(appended[..., 3:].mean(dim=1), torch.zeros(2, 2))


def test_quadrants_of_a_picture_of_positions_by_hand():
    pooled = pool_pyramid(mean_descriptor, GRID[None], GRID, 4, 6, levels=QUADRANTS)
    torch.testing.assert_close(pooled, torch.tensor([[1.0, 0.5, 4.0, 0.5, 1.0, 2.5, 4.0, 2.5]]))


def test_the_first_level_is_the_encoding_of_the_whole():
    descriptors, codebook = torch.randn(3, 24, 2), Codebook(torch.randn(5, 2))
    pooled = pool_pyramid(lambda part: encode_bag_of_words(part, codebook), descriptors, GRID, 4, 6)
    assert pooled.shape == (3, 5 * 5)
    torch.testing.assert_close(pooled[:, :5], encode_bag_of_words(descriptors, codebook))
    torch.testing.assert_close(pooled[:, 5:].view(3, 4, 5).mean(dim=1), pooled[:, :5])


def test_a_cell_without_descriptors_is_zero():
    top_left = GRID[:3]
    pooled = pool_pyramid(mean_descriptor, torch.ones(1, 3, 2), top_left, 4, 6, levels=QUADRANTS)
    assert torch.equal(pooled, torch.tensor([[1.0, 1.0, 0, 0, 0, 0, 0, 0]]))


def test_refuses_positions_that_do_not_match_the_descriptors():
    with pytest.raises(ValueError, match=r"\(24, 2\)"):
        append_positions(torch.zeros(2, 24, 3), GRID[:5], 4, 6, scale=1.0)
    with pytest.raises(ValueError, match=r"\(24, 2\)"):
        pool_pyramid(mean_descriptor, torch.zeros(2, 24, 2), GRID.expand(2, 24, 2), 4, 6)
